#include "kernel/rescue/tables.hpp"

#include <gtest/gtest.h>

namespace pagelab::rescue {
namespace {

constexpr Image kImage = {.first = 0x100,
                          .lab_page = 0x101,
                          .text = 0x102,
                          .data = 0x130,
                          .tables = 0x140,
                          .tables_end = 0x144,
                          .stack_guard = 0x144,
                          .data_end = 0x152,
                          .end = 0x18d,
                          .directory = 0x140,
                          .kernel_table = 0x141,
                          .record_table = 0x142,
                          .scratch_table = 0x143,
                          .vectors = 0x152,
                          .lifeline_table = 0x153,
                          .notes = 0x154,
                          .rescue_directory = 0x155,
                          .rescue_table = 0x156,
                          .rescue_guards = 0x157,
                          .rescue_stack_pages = 1,
                          .rescue_stacks = 2,
                          .global = true};

TEST(Tables, OnlyLabPageDataAndStackAreWritableInTheDirectMap) {
    for (std::uint32_t frame = kImage.first; frame < kImage.end; ++frame) {
        const std::uint32_t entry = kernel_entry(kImage, frame);
        if (frame == kImage.stack_guard) {
            EXPECT_EQ(entry, 0u);
            continue;
        }
        const bool data = frame >= 0x130 && frame < 0x152 && !(frame >= 0x140 && frame < 0x144);
        EXPECT_EQ(entry, (frame << 12) | 0x101 | (frame == 0x101 || data ? 2 : 0)) << frame;
    }
}

TEST(Tables, TheLifelinesPagesAre64KibApart) {
    std::uint32_t last = 0;
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < 1024; ++i) {
        if (lifeline_entry(kImage, i) != 0) {
            EXPECT_TRUE(count == 0 || i - last >= 16) << i;
            last = i;
            count += 1;
        }
    }
    EXPECT_EQ(count, 5u);
}

TEST(Tables, TheRescueSeesTheLifelineWhereTheKernelDoes) {
    for (const auto page : {layout::LifelinePage::vectors, layout::LifelinePage::notes}) {
        const auto index = static_cast<std::uint32_t>(page);
        EXPECT_EQ(rescue_entry(kImage, index), lifeline_entry(kImage, index));
    }
    for (std::uint32_t slot = 0; slot < 1024; ++slot) {
        EXPECT_EQ(rescue_slot(kImage, slot) != 0, slot == layout::kLifelineSlot) << slot;
    }
}

TEST(Tables, TheRescueReachesAllOfTheKernelsMemoryButTheHolesBelowItsStacks) {
    for (std::uint32_t frame = 0x100; frame < 0x400; ++frame) {
        const bool hole = frame == 0x157 || frame == 0x159;
        EXPECT_EQ(rescue_entry(kImage, frame), hole ? 0 : (frame << 12) | 3) << frame;
    }
}

TEST(Tables, WhatTheCpuSetsIsNoDifference) {
    EXPECT_TRUE(is_same_entry(0x00141063, 0x00141003));
    EXPECT_FALSE(is_same_entry(0x00141001, 0x00141003));
    EXPECT_FALSE(is_same_entry(0x00142003, 0x00141003));
}

} // namespace
} // namespace pagelab::rescue
