// Each invariant holds on a sound machine, and tells when what it watches is broken.
#include "kernel/selftest/invariants.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

/// Two spaces with some pages; the second one of the strategy `table`.
struct SelfTest : testing::Test {
    SelfTest() {
        EXPECT_TRUE(bench.map(0x40000000, 4));
        EXPECT_TRUE(bench.command([&] { return bench.lab.new_space(machine::Strategy::table); }));
        EXPECT_TRUE(bench.command([&] {
            EXPECT_TRUE(bench.lab.work_in(1));
            return bench.lab.map({.va = VirtAddr{0x40000000}, .count = 2});
        }));
    }
    /// The names of the cases that fail.
    [[nodiscard]] std::string broken() {
        std::string names;
        for (const selftest::Case& invariant : selftest::invariants()) {
            names += invariant.check(bench.lab) ? std::string{invariant.name} + "; " : "";
        }
        return names;
    }
    [[nodiscard]] std::uint32_t directory(std::uint32_t space) {
        return static_cast<std::uint32_t>(bench.lab.space_info(space)->directory.raw());
    }
    void set_record(std::uint32_t frame, FrameRecord record) {
        bench.machine.store(VirtAddr{interface::layout::kFrameRecords.raw() + frame * 4}, Unit::word,
                            record.raw());
    }
    Bench bench;
};

TEST_F(SelfTest, HoldsOnASoundMachine) {
    EXPECT_EQ(broken(), "");
}

TEST_F(SelfTest, ARoleThatNobodyGave) {
    set_record(bench.pte(0x40000000) >> 12, FrameRecord{FrameRole::table, 1});
    EXPECT_NE(broken().find("frame roles add up"), std::string::npos);
}

TEST_F(SelfTest, AReferenceTooMany) {
    set_record(bench.pte(0x40000000) >> 12, FrameRecord{FrameRole::data, 2});
    EXPECT_EQ(broken(), "references equal entries; ");
}

TEST_F(SelfTest, AnEntryThatWasTurnedToAnotherPage) {
    const std::uint64_t table = bench.pde(256) & ~0xfffu;
    bench.machine.set_word(table, bench.pte(0x40001000));
    EXPECT_EQ(broken(), "references equal entries; ");
}

TEST_F(SelfTest, AnEntryThatLeadsToAFreeFrame) {
    const std::uint64_t table = bench.pde(256) & ~0xfffu;
    bench.machine.set_word(table + 9 * 4, 0x00600003);
    EXPECT_EQ(broken(), "no entry leads to a free frame; ");
}

TEST_F(SelfTest, ADirectoryWithoutTheKernel) {
    bench.machine.set_word(directory(1) + 769 * 4, 0);
    EXPECT_EQ(broken(), "directories share the kernel's slots; ");
}

TEST_F(SelfTest, AStrategyOutOfStep) {
    const std::uint32_t arena = bench.machine.word(directory(1) + 771 * 4) & ~0xfffu;
    bench.machine.set_word(arena + (256 + 256) * 4, 0x00600003);
    EXPECT_EQ(broken(), "strategies are in step with their directories; ");
}

} // namespace
} // namespace pagelab::simulation
