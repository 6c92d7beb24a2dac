// What frames are counted for where users work behind the kernel's back: tables that lost their PDE, tables
// made by hand, kernel frames of a space that others show. After each step entries and records agree.
#include "kernel/selftest/invariants.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using machine::Strategy;
using memory::Frame;
using memory::Unit;

class Books : public ::testing::Test {
protected:
    static constexpr std::uint32_t kPage = 0x40000000; // slot 256
    static constexpr std::uint32_t kSlot = 256;

    Bench bench{4096};

    void TearDown() override { expect_order("at the end"); }

    void expect_order(const char* when) {
        for (const selftest::Case& invariant : selftest::invariants()) {
            const auto failure = invariant.check(bench.lab);
            EXPECT_FALSE(failure) << when << ": " << invariant.name << ": " << failure->text;
        }
    }
    bool set_pde(std::uint32_t pdi, std::uint32_t value) {
        return bench.command([&] { return bench.lab.set_pde(pdi, value, {}); }).has_value();
    }
    bool set_pte(std::uint32_t va, std::uint32_t value) {
        return bench.command([&] { return bench.lab.set_pte(VirtAddr{va}, value, {}); }).has_value();
    }
    bool poke(std::uint32_t pa, std::uint32_t value) {
        return bench.command([&] { return bench.lab.store_physical(PhysAddr{pa}, Unit::word, value, {}); })
            .has_value();
    }
    bool free_frame(std::uint32_t pa) {
        return bench.command([&] { return bench.lab.free_frames(PhysAddr{pa}, 1); }).has_value();
    }
    bool undo() {
        return bench.command([&] { return bench.lab.undo(); }).has_value();
    }
    std::uint32_t alloc() {
        return static_cast<std::uint32_t>(
            bench.command([&] { return bench.lab.alloc_frames(1); })->first_frame->raw());
    }
    [[nodiscard]] FrameRecord record(std::uint32_t pa) const { return bench.lab.frame_record(PhysAddr{pa}); }
    /// Maps pages in slot 256 and takes its table away. Says where the table is.
    std::uint32_t orphan(std::uint32_t pages) {
        EXPECT_TRUE(bench.map(kPage, pages));
        const std::uint32_t pde = bench.pde(kSlot);
        EXPECT_TRUE(set_pde(kSlot, 0));
        return pde & ~0xfffu;
    }
};

TEST_F(Books, AnOrphanTableTakesItsPagesAlong) {
    const std::uint32_t free = bench.lab.frames().free;
    const std::uint32_t table = orphan(3);
    ASSERT_TRUE(free_frame(table));
    EXPECT_EQ(bench.lab.frames().free, free);
    expect_order("freed");
    ASSERT_TRUE(undo());
    ASSERT_TRUE(undo());
    EXPECT_EQ(bench.pde(kSlot) & ~0xfffu, table);
    EXPECT_EQ(record(bench.pte(kPage + 0x2000) & ~0xfffu), (FrameRecord{FrameRole::data, 1}));
}

TEST_F(Books, AnOrphanTablesPageStaysForWhoElseMapsIt) {
    ASSERT_TRUE(bench.map(kPage));
    const std::uint32_t page = bench.pte(kPage) & ~0xfffu;
    ASSERT_TRUE(bench.map_to(0x50000000, page));
    const std::uint32_t table = bench.pde(kSlot) & ~0xfffu;
    ASSERT_TRUE(set_pde(kSlot, 0));
    ASSERT_TRUE(free_frame(table));
    EXPECT_EQ(record(page), (FrameRecord{FrameRole::data, 1}));
}

TEST_F(Books, ATableWhoseFrameWasUsedSinceComesBackEmpty) {
    ASSERT_TRUE(bench.map(kPage));
    const std::uint32_t table = bench.pde(kSlot) & ~0xfffu;
    ASSERT_TRUE(bench.unmap(kPage));
    ASSERT_TRUE(bench.command([&] { return bench.lab.free_tables(); }));
    ASSERT_TRUE(poke(table + 5 * 4, 0x00300003)); // a free frame is nobody's
    ASSERT_TRUE(undo());
    EXPECT_EQ(bench.pde(kSlot) & ~0xfffu, table);
    EXPECT_EQ(bench.pte(kPage + 0x5000), 0u);
}

TEST_F(Books, TheTablesOfBootAreNobodysToFree) {
    const std::uint32_t table = Machine::kKernelTable << 12;
    // Nothing seems to lead there: slot 768 was put right behind the books.
    bench.machine.store(VirtAddr{interface::layout::kFrameRecords.raw() + Machine::kKernelTable * 4},
                        Unit::word, FrameRecord{FrameRole::table, 0}.raw());
    EXPECT_FALSE(free_frame(table));
    EXPECT_EQ(record(table).role(), FrameRole::table);
}

TEST_F(Books, AStoreIntoAnOrphanTableIsCounted) {
    const std::uint32_t table = orphan(1);
    ASSERT_TRUE(bench.map(0x50000000));
    const std::uint32_t page = bench.pte(0x50000000) & ~0xfffu;
    ASSERT_TRUE(poke(table + 7 * 4, page | 3));
    EXPECT_EQ(record(page).references(), 2u);
    ASSERT_TRUE(bench.unmap(0x50000000));
    ASSERT_TRUE(set_pde(kSlot, table | 3));
    expect_order("back in its slot");
    const std::uint32_t free_page = 0x00800000;
    ASSERT_TRUE(set_pde(kSlot, 0));
    ASSERT_TRUE(poke(table + 8 * 4, free_page | 3));
    EXPECT_EQ(record(free_page), (FrameRecord{FrameRole::data, 1})) << "nobody else may get it";
}

TEST_F(Books, ATableMadeByHandCountsNothing) {
    const std::uint32_t table = alloc();
    ASSERT_TRUE(bench.map(kPage));
    const std::uint32_t page = bench.pte(kPage) & ~0xfffu;
    ASSERT_TRUE(poke(table + 4, page | 3));
    ASSERT_TRUE(set_pde(300, table | 3));
    EXPECT_EQ(record(page).references(), 1u);
    ASSERT_TRUE(bench.unmap(300u << 22 | 0x1000));
    EXPECT_EQ(record(page), (FrameRecord{FrameRole::data, 1})) << "another page leads to it";
    expect_order("unmapped");
    const std::uint32_t free = bench.lab.frames().free;
    ASSERT_TRUE(bench.map(300u << 22 | 0x2000));
    EXPECT_EQ(bench.lab.frames().free, free - 1);
    ASSERT_TRUE(bench.unmap(300u << 22 | 0x2000));
    EXPECT_EQ(bench.lab.frames().free, free) << "what map took goes with its page";
    ASSERT_TRUE(set_pde(300, 0));
    ASSERT_TRUE(free_frame(table));
}

TEST_F(Books, WhatOthersShowOfADeletedSpaceStaysAsData) {
    for (const Strategy strategy : {Strategy::recursive, Strategy::table, Strategy::direct}) {
        const auto made = bench.command([&] { return bench.lab.new_space(strategy); });
        ASSERT_TRUE(made);
        const auto directory = static_cast<std::uint32_t>(made->directory.raw());
        const std::uint32_t slot = strategy == Strategy::direct ? 772 : 771;
        const std::uint32_t own = bench.machine.word(directory + slot * 4ull) & ~0xfffu;
        ASSERT_TRUE(bench.map_to(kPage, directory));
        ASSERT_TRUE(set_pde(300, directory | 3));
        ASSERT_TRUE(own == 0 || bench.map_to(kPage + 0x1000, own));
        ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(made->number); }));
        expect_order("deleted");
        EXPECT_EQ(record(directory), (FrameRecord{FrameRole::data, 2}));
        EXPECT_TRUE(own == 0 || record(own) == (FrameRecord{FrameRole::data, 1}));

        ASSERT_TRUE(undo());
        expect_order("back");
        EXPECT_EQ(record(directory).role(), FrameRole::directory);
        EXPECT_EQ(bench.lab.space_info(made->number)->strategy, strategy);
        ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(made->number); }));
        ASSERT_TRUE(set_pde(300, 0));
        ASSERT_TRUE(bench.unmap(kPage, own == 0 ? 1 : 2));
        EXPECT_EQ(record(directory).role(), FrameRole::free) << "with its last page";
    }
}

} // namespace
} // namespace pagelab::simulation
