// Counting every reference anew: right books stay as they are, wrong ones become right.
#include "kernel/selftest/invariants.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using machine::Strategy;

class Counting : public ::testing::Test {
protected:
    /// Spaces of two kinds that share pages, a table under two slots, a 4 MiB page, frames of alloc.
    Counting() {
        EXPECT_TRUE(bench.map(0x40000000, 5));
        EXPECT_TRUE(bench.map_to(0x50000000, 0x00400000, 1, true));
        EXPECT_TRUE(bench.command([&] { return bench.lab.set_pde(300, bench.pde(256), {}); }));
        EXPECT_TRUE(bench.command([&] { return bench.lab.alloc_frames(3); }));
        EXPECT_TRUE(bench.command([&] { return bench.lab.clone_space(true); }));
        EXPECT_TRUE(bench.command([&] { return bench.lab.new_space(Strategy::direct); }));
        EXPECT_TRUE(bench.unmap(0x40001000));
    }

    Bench bench{4096};

    [[nodiscard]] std::string broken_invariant() {
        for (const selftest::Case& test : selftest::invariants()) {
            if (test.check(bench.lab)) {
                return std::string{test.name};
            }
        }
        return "none";
    }
    void corrupt(std::uint32_t frame, std::uint32_t references) {
        const auto record = interface::layout::kFrameRecords;
        const std::uint32_t raw = bench.machine.load(VirtAddr{record.raw() + frame * 4}, memory::Unit::word);
        bench.machine.store(VirtAddr{record.raw() + frame * 4}, memory::Unit::word,
                            (raw & 0xf8000000) | references);
    }
};

TEST_F(Counting, ChangesNothingWhereTheBooksAreRight) {
    const State before = state_of(bench);
    EXPECT_EQ(bench.lab.recount(), 0u);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    EXPECT_EQ(broken_invariant(), "none");
}

TEST_F(Counting, MendsWrongCounts) {
    const State before = state_of(bench);
    corrupt(bench.pde(256) >> 12, 77);
    corrupt(bench.pte(0x40000000) >> 12, 0);
    ASSERT_EQ(broken_invariant(), "references equal entries");
    EXPECT_EQ(bench.lab.recount(), 0u);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
}

TEST_F(Counting, FreesATableThatNothingLeadsToAndWhatOnlyItLedTo) {
    ASSERT_TRUE(bench.map(0x60000000, 4));
    const std::uint32_t free = bench.lab.frames().free;
    bench.machine.set_word(Machine::kDirectory * 4096ull + 384 * 4, 0);
    ASSERT_EQ(broken_invariant(), "references equal entries");
    EXPECT_EQ(bench.lab.recount(), 5u);
    EXPECT_EQ(bench.lab.frames().free, free + 5);
    EXPECT_EQ(broken_invariant(), "none");
}

TEST_F(Counting, KeepsWhatNothingLedToBefore) {
    // An entry that a poke dropped may come back by undo: its frame must wait.
    ASSERT_TRUE(bench.command([&] {
        return bench.lab.store(VirtAddr{0xffc00000 + (0x40000 + 2) * 4}, memory::Unit::word, 0, {});
    }));
    const State before = state_of(bench);
    EXPECT_EQ(bench.lab.recount(), 0u);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
}

} // namespace
} // namespace pagelab::simulation
