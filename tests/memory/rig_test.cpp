// The rig in the lab: the kernel's self-tests run in it over a simulated machine, and leave nothing.
#include "kernel/selftest/matrix.hpp"
#include "kernel/selftest/tlb.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>
#include <map>

namespace pagelab::simulation {
namespace {

using selftest::MatrixCounts;
using selftest::MatrixSet;

constexpr std::uint32_t kSmep = 1u << 20;
constexpr std::uint32_t kSmap = 1u << 21;

struct Listener final : selftest::MatrixListener {
    explicit Listener(Bench& bench) : lab(bench.lab) {}
    bool poll() override { return lab.poll(); }
    void begin(std::uint32_t) override {}
    void unexplained(const selftest::MatrixTrial&) override {}
    void tried(const selftest::MatrixControl&, const MatrixCounts&) override { ++controls; }

    memory::Lab<Machine>& lab;
    std::uint32_t controls = 0;
};

/// One run of a set as a command; what it leaves is compared with what was there.
MatrixCounts run(Bench& bench, MatrixSet set) {
    EXPECT_TRUE(bench.map(0x40000000, 3));
    const State before = state_of(bench);
    const std::uint32_t records = bench.machine.journal().next_sequence;
    Listener listener{bench};
    const auto counts = bench.command([&] { return selftest::run_matrix(bench.lab.rig(), set, listener); });
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
    EXPECT_EQ(bench.machine.journal().next_sequence, records);
    EXPECT_TRUE(bench.machine.stale().empty());
    return counts.value_or(MatrixCounts{});
}

TEST(Rig, TheMatrixRunsInItAndLeavesNothing) {
    Bench bench;
    const MatrixCounts counts = run(bench, MatrixSet::quick);
    EXPECT_EQ(counts.combinations, 296448u);
    EXPECT_EQ(counts.differences, (std::array<std::uint32_t, 4>{0, 0, 54144, 0}));
}

TEST(Rig, ACtrlCEndsItAndLeavesNothing) {
    Bench bench;
    const State before = state_of(bench);
    bench.machine.interrupted = true;
    Listener listener{bench};
    bench.lab.begin_command("test");
    const auto counts = selftest::run_matrix(bench.lab.rig(), MatrixSet::quick, listener);
    bench.lab.end_command(interface::Status::interrupted, false);
    ASSERT_TRUE(counts);
    EXPECT_LT(counts->combinations, 5000u);
    EXPECT_EQ(listener.controls, 0u);
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
}

/// A command that is abandoned in the middle never closes the rig.
TEST(Rig, AnAbandonedRigIsTakenBack) {
    Bench bench;
    const State before = state_of(bench);
    bench.lab.begin_command("test");
    machine::Rig& rig = bench.lab.rig();
    const auto plan = rig.open();
    ASSERT_TRUE(plan);
    rig.set_control(false, kSmep | kSmap);
    rig.set_entries({.pde = static_cast<std::uint32_t>(plan->table.raw()) | 0x1e7, .pte = 0x00400007});
    bench.lab.end_command(interface::Status::fault, false);
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
    EXPECT_EQ(bench.machine.cr4(), 0x90u);
}

TEST(Rig, IsRefusedWithoutFrames) {
    Bench bench;
    const std::uint32_t free = bench.lab.frames().free;
    ASSERT_TRUE(bench.command([&] { return bench.lab.alloc_frames(free - 2); }));
    const State before = state_of(bench);
    Listener listener{bench};
    const auto counts =
        bench.command([&] { return selftest::run_matrix(bench.lab.rig(), MatrixSet::quick, listener); });
    ASSERT_FALSE(counts);
    EXPECT_EQ(counts.error().refusal, Refusal::no_frames);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
}

struct Facts final : selftest::TlbListener {
    bool poll() override { return false; }
    void begin(std::uint32_t count) override { announced = count; }
    void found(const selftest::TlbFact& fact) override {
        counts[std::string{fact.change} + ", " +
               std::string{selftest::kTlbFlushNames[static_cast<std::size_t>(fact.flush)]}] = fact.stale;
    }
    std::uint32_t announced = 0;
    std::map<std::string, std::uint32_t> counts;
};

/// The simulator keeps every translation, and faults on one that was relaxed: the strictest of TLBs.
TEST(Rig, FactsAreCountedAsTheSimulatorKeepsThem) {
    Bench bench;
    const State before = state_of(bench);
    Facts facts;
    ASSERT_TRUE(bench.command([&] { return selftest::run_tlb(bench.lab.rig(), facts); }));
    EXPECT_EQ(facts.announced, facts.counts.size());
    for (const auto& [name, stale] : facts.counts) {
        const bool kept = name.ends_with("no flush") && name != "P 0 to 1, no flush";
        EXPECT_EQ(stale, kept || name == "another frame, G, CR3 reload" ? 1000u : 0u) << name;
    }
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
}

} // namespace
} // namespace pagelab::simulation
