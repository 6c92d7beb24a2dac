// What the guard refuses, rule by rule, beside the nearest thing that it lets pass.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using machine::Crash;
using memory::Guard;

constexpr std::uint32_t kData = 0x40000000; // a page of the user's
constexpr std::uint32_t kKernelPage = Machine::kImageData;

class Guarding : public ::testing::Test {
protected:
    Guarding() { EXPECT_TRUE(bench.map(kData)); }

    Bench bench;

    [[nodiscard]] std::uint32_t data() const { return bench.pte(kData) & ~0xfffu; }
    [[nodiscard]] std::uint32_t table() const { return bench.pde(kData >> 22) & ~0xfffu; }

    template <class F>
    bool refuses(F&& operation) {
        bench.lab.begin_command("test");
        const auto result = operation();
        bench.lab.end_command(interface::Status::error, false);
        return !result && result.error().refusal == Refusal::guarded && !result.error().reason.empty();
    }
    bool crash(Crash crash, std::uint32_t value) {
        return refuses([&] { return bench.lab.crash(crash, value, {}); });
    }
    /// The PTE of the direct map's page `index`.
    bool direct(std::uint32_t index, std::uint32_t value) {
        return refuses([&] { return bench.lab.set_pte(VirtAddr{0xc0000000 + (index << 12)}, value, {}); });
    }
    bool physical(std::uint32_t address, std::uint32_t value) {
        return refuses(
            [&] { return bench.lab.store_physical(PhysAddr{address}, memory::Unit::word, value, {}); });
    }
};

TEST_F(Guarding, TheDirectMapShowsNoTableAndNoKernelMemoryUnderAnotherAddress) {
    EXPECT_TRUE(direct(0x200, table() | 3));
    EXPECT_TRUE(direct(0x200, (Machine::kDirectory << 12) | 1));
    EXPECT_TRUE(direct(0x200, (kKernelPage << 12) | 3));
    EXPECT_FALSE(direct(0x200, data() | 3)) << "a page of the user's";
    EXPECT_TRUE(direct(0x200, 0x80000003)) << "no RAM";
    EXPECT_FALSE(direct(0x200, table() | 2)) << "not present";
    EXPECT_FALSE(direct(0x200, 0x200003)) << "itself";
    EXPECT_TRUE(direct(Machine::kImageFirst, data() | 1)) << "foreign code";
    EXPECT_TRUE(direct(Machine::kImageData, data() | 3)) << "foreign data";
    EXPECT_FALSE(direct(Machine::kImageFirst, (Machine::kImageFirst << 12) | 3)) << "writable code";
    EXPECT_FALSE(direct(Machine::kImageFirst, 0)) << "no code at all";
}

TEST_F(Guarding, TablesStayReadOnlyInTheDirectMap) {
    EXPECT_TRUE(direct(Machine::kDirectory, (Machine::kDirectory << 12) | 3));
    EXPECT_FALSE(direct(Machine::kDirectory, (Machine::kDirectory << 12) | 1));
}

TEST_F(Guarding, AStoreIsRefusedByTheFrameThatItHits) {
    EXPECT_TRUE(physical(kKernelPage << 12, 0));
    EXPECT_TRUE(physical(Machine::kScratchTable << 12, 0));
    EXPECT_TRUE(physical((Machine::kDirectory << 12) + 1021 * 4, 0));
    EXPECT_TRUE(physical((Machine::kKernelTable << 12) + 0x200 * 4, table() | 3));
    EXPECT_FALSE(physical(table(), 0));
    EXPECT_FALSE(physical(data(), 0));
}

TEST_F(Guarding, NoTableLiesInADeviceOrInTheKernel) {
    const auto pde = [&](std::uint32_t frame) {
        return refuses([&] { return bench.lab.set_pde(3, frame << 12 | 7, {}); });
    };
    EXPECT_TRUE(pde(kKernelPage));
    EXPECT_TRUE(pde(Machine::kScratchTable));
    EXPECT_FALSE(pde(Machine::kKernelTable));
    EXPECT_FALSE(pde(Machine::kDirectory));
    EXPECT_FALSE(pde(data() >> 12));
    // By a store, where nobody asks whether it is RAM.
    EXPECT_TRUE(physical((Machine::kDirectory << 12) + 3 * 4, 0x000b8007)) << "VGA";
    EXPECT_TRUE(physical((Machine::kDirectory << 12) + 3 * 4, 0xfee00007)) << "APIC";
    EXPECT_FALSE(physical((Machine::kDirectory << 12) + 3 * 4, 0x80000007)) << "nothing answers there";
}

TEST_F(Guarding, ADirectoryIsLoadedOnlyWithTheLifeline) {
    const std::uint32_t lifeline = bench.pde(1021);
    bench.machine.set_word(data() + 1021 * 4, lifeline ^ 0x1000);
    EXPECT_TRUE(crash(Crash::cr3, data()));
    bench.machine.set_word(data() + 1021 * 4, lifeline | 0x60);
    EXPECT_FALSE(crash(Crash::cr3, data()));
    bench.machine.set_word(data() + 5 * 4, (kKernelPage << 12) | 7);
    EXPECT_TRUE(crash(Crash::cr3, data())) << "the CPU would set A in the kernel";
    bench.machine.set_word(data() + 5 * 4, 0x000c0007);
    EXPECT_TRUE(crash(Crash::cr3, data())) << "ROM";
    bench.machine.set_word(data() + 5 * 4, (kKernelPage << 12) | 6);
    EXPECT_FALSE(crash(Crash::cr3, data())) << "not present";
    bench.machine.set_word(data() + 768 * 4, 0x00000083);
    EXPECT_TRUE(crash(Crash::cr3, data())) << "the kernel would run what a 4 MiB page holds";
    bench.machine.set_word(table() + Machine::kImageFirst * 4, data() | 3);
    bench.machine.set_word(data() + 768 * 4, table() | 3);
    EXPECT_TRUE(crash(Crash::cr3, data())) << "or what a page of the user's holds";
    bench.machine.set_word(data() + 768 * 4, (Machine::kKernelTable << 12) | 3);
    EXPECT_FALSE(crash(Crash::cr3, data())) << "the kernel's own";
}

TEST_F(Guarding, ControlRegistersKeepWhatTheCpuNeeds) {
    EXPECT_TRUE(crash(Crash::cr0, 0x00000011)) << "paging off";
    EXPECT_TRUE(crash(Crash::cr0, 0x80000010)) << "real mode";
    EXPECT_FALSE(crash(Crash::cr0, 0x80000001)) << "WP off";
    EXPECT_TRUE(crash(Crash::cr4, 0x20)) << "PAE";
    EXPECT_TRUE(crash(Crash::cr4, 0x80000000));
    EXPECT_FALSE(crash(Crash::cr4, 0));
}

TEST_F(Guarding, NoStackLiesOnTablesOrOnTheLifeline) {
    EXPECT_TRUE(crash(Crash::esp, 0xff400100));
    EXPECT_TRUE(crash(Crash::esp, 0xfffff800));
    EXPECT_TRUE(crash(Crash::esp, 0)) << "the first push wraps into the self-map";
    EXPECT_FALSE(crash(Crash::esp, 0x1000));
    EXPECT_FALSE(crash(Crash::esp, kData + 0x800));
    ASSERT_TRUE(bench.map_to(kData + 0x1000, kKernelPage << 12));
    EXPECT_TRUE(crash(Crash::esp, kData + 0x1800)) << "kernel memory under another address";
    ASSERT_TRUE(bench.unmap(kData + 0x1000));
    ASSERT_TRUE(bench.map_to(kData + 0x1000, table()));
    EXPECT_TRUE(crash(Crash::esp, kData + 0x1800)) << "a table under another address";
    ASSERT_TRUE(bench.map(kData + 0x2000));
    EXPECT_TRUE(crash(Crash::esp, kData + 0x3000)) << "pushes reach the page below";
    EXPECT_FALSE(crash(Crash::esp, kData + 0x1000)) << "down from the page of the user's";
}

TEST_F(Guarding, NobodyJumpsToWhatIsNoCode) {
    EXPECT_TRUE(crash(Crash::call, kData));
    EXPECT_TRUE(crash(Crash::call, bench.machine.facts().text.raw() + 1));
    EXPECT_FALSE(crash(Crash::call, kData + 0x1000)) << "nothing is there";
    EXPECT_FALSE(crash(Crash::call, 0));
}

TEST_F(Guarding, TheKernelsSlotMayBreakButNotShowTables) {
    const auto slot = [&](std::uint32_t frame) {
        return refuses([&] { return bench.lab.set_pde(768, frame << 12 | 3, {}); });
    };
    bench.machine.set_word(data() + 7 * 4, table() | 3);
    EXPECT_TRUE(slot(data() >> 12)) << "a page of it would be a page table";
    EXPECT_TRUE(slot(Machine::kDirectory));
    bench.machine.set_word(data() + 7 * 4, (kKernelPage << 12) | 3);
    EXPECT_TRUE(slot(data() >> 12)) << "a page of it would be the kernel's, elsewhere";
    bench.machine.set_word(data() + 7 * 4, 0x80000003);
    EXPECT_TRUE(slot(data() >> 12)) << "a page of it would be no RAM";
    bench.machine.set_word(data() + 7 * 4, data() | 3);
    EXPECT_FALSE(slot(data() >> 12)) << "garbage is survived";
    bench.machine.set_word(data() + Machine::kImageFirst * 4, data() | 3);
    EXPECT_TRUE(slot(data() >> 12)) << "but not garbage as code";
    bench.machine.set_word(data() + Machine::kImageFirst * 4, data() | 2);
    const auto large = [&](std::uint32_t address) {
        return refuses([&] { return bench.lab.set_pde(768, address | 0x83, {.flush = false}); });
    };
    EXPECT_TRUE(large(0)) << "tables and the kernel";
    EXPECT_TRUE(large(0xffc00000)) << "ROM";
    EXPECT_TRUE(large(0x00200000)) << "reserved bits, which not every CPU looks at";
    EXPECT_FALSE(slot(Machine::kKernelTable));
}

TEST_F(Guarding, WhatWasRefusedIsCounted) {
    const std::uint32_t before = bench.machine.lab_page().refusals;
    ASSERT_TRUE(crash(Crash::idt, 0));
    ASSERT_TRUE(physical(kKernelPage << 12, 0));
    ASSERT_TRUE(refuses([&] { return bench.lab.set_pde(1021, 0, {}); }));
    EXPECT_EQ(bench.machine.lab_page().refusals, before + 3);
    EXPECT_FALSE(refuses([&] { return bench.lab.set_pde(3, 0, {}); }));
    EXPECT_EQ(bench.machine.lab_page().refusals, before + 3);
}

} // namespace
} // namespace pagelab::simulation
