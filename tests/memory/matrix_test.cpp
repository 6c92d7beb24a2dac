// The access matrix over the simulated machine, whose MMU was written apart from the model: both must agree
// as a CPU and the model do. And the enumerator by itself: how many combinations it has is pinned, so that no
// case is lost in silence.
#include "kernel/selftest/matrix.hpp"

#include "kernel/selftest/tlb.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>
#include <map>

namespace pagelab::simulation {
namespace {

using selftest::Difference;
using selftest::MatrixCounts;
using selftest::MatrixCpu;
using selftest::MatrixSet;

constexpr std::uint32_t kPse = 1u << 4;
constexpr std::uint32_t kPge = 1u << 7;
constexpr std::uint32_t kSmep = 1u << 20;
constexpr std::uint32_t kSmap = 1u << 21;

struct Counted {
    const char* name;
    MatrixCpu cpu;
    std::array<std::uint32_t, 4> combinations; // by set
};

const Counted kCounted[] = {
    {"486", {kPse, {false, 32}}, {148224, 296448, 4721664, 163968}},
    {"pentium3", {kPse | kPge, {true, 36}}, {296448, 592896, 9443328, 160128}},
    {"qemu32", {kPse | kPge, {false, 32}}, {296448, 592896, 9443328, 163968}},
    {"max", {kPse | kPge | kSmep | kSmap, {true, 36}}, {296448, 2964480, 9443328, 160128}},
    {"40 bits", {kPse | kPge | kSmep | kSmap, {true, 40}}, {296448, 2964480, 9443328, 98688}},
    {"no PSE", {0, {false, 32}}, {98304, 196608, 3145728, 0}},
};

TEST(Matrix, EachSetHasAsManyCombinationsAsItsBitsMake) {
    for (const Counted& counted : kCounted) {
        for (std::size_t set = 0; set < counted.combinations.size(); ++set) {
            EXPECT_EQ(selftest::count_combinations(static_cast<MatrixSet>(set), counted.cpu),
                      counted.combinations[set])
                << counted.name << ' ' << selftest::kMatrixSetNames[set];
        }
    }
}

struct Listener final : selftest::MatrixListener {
    void begin(std::uint32_t count) override { announced = count; }
    void unexplained(const selftest::MatrixTrial& trial) override {
        if (shown++ < 3) {
            ADD_FAILURE() << std::hex << "PDE " << trial.before.pde << " PTE " << trial.before.pte << " kind "
                          << static_cast<int>(trial.access.access.kind) << " user "
                          << trial.access.access.user << ": predicted " << trial.predicted.fault << ' '
                          << trial.predicted.code << ", got " << trial.answer.faulted << ' '
                          << trial.answer.code << " value " << trial.answer.value << " PDE "
                          << trial.after.pde << " PTE " << trial.after.pte;
        }
    }
    void tried(const selftest::MatrixControl&, const MatrixCounts&) override { ++controls; }

    std::uint32_t announced = 0, controls = 0, shown = 0;
};

/// One run of a set as a command; what it leaves is compared with what was there.
MatrixCounts run(Bench& bench, MatrixSet set) {
    EXPECT_TRUE(bench.map(0x40000000, 3));
    const State before = state_of(bench);
    const std::uint32_t records = bench.machine.journal().next_sequence;
    Listener listener;
    const auto counts = bench.command([&] { return selftest::run_matrix(bench.lab, set, listener); });
    EXPECT_EQ(listener.controls, listener.announced);
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), difference(before, before));
    EXPECT_EQ(bench.machine.journal().next_sequence, records);
    EXPECT_TRUE(bench.machine.stale().empty());
    return counts.value_or(MatrixCounts{});
}

TEST(Matrix, QuickAgreesWithTheSimulator) {
    Bench bench;
    const MatrixCounts counts = run(bench, MatrixSet::quick);
    EXPECT_EQ(counts.combinations, 296448u);
    EXPECT_EQ(counts.differences, (std::array<std::uint32_t, 4>{0, 0, 54144, 0}));
}

TEST(Matrix, ReservedBitsAgreeForEachWidthOfAddresses) {
    const std::map<std::uint8_t, std::uint32_t> widths = {{32, 163968}, {36, 160128}, {40, 98688}};
    for (const auto& [bits, combinations] : widths) {
        Bench bench;
        bench.machine.cpu_limits = {.pse36 = bits > 32, .physical_bits = bits};
        const MatrixCounts counts = run(bench, MatrixSet::reserved);
        EXPECT_EQ(counts.combinations, combinations);
        EXPECT_EQ(counts.differences, (std::array<std::uint32_t, 4>{}));
    }
}

/// SMEP, SMAP, AC and accesses after others; a tenth of the time would be enough for the rules, but no rule
/// says which tenth.
TEST(Matrix, FullAgreesWithTheSimulator) {
    Bench bench;
    const MatrixCounts counts = run(bench, MatrixSet::full);
    EXPECT_EQ(counts.combinations, 2964480u);
    EXPECT_EQ(counts.of(Difference::unexplained), 0u);
}

TEST(Matrix, ACtrlCEndsItAndLeavesNothing) {
    Bench bench;
    const State before = state_of(bench);
    bench.machine.interrupted = true;
    Listener listener;
    bench.lab.begin_command("test");
    const auto counts = selftest::run_matrix(bench.lab, MatrixSet::quick, listener);
    bench.lab.end_command(interface::Status::interrupted, false);
    ASSERT_TRUE(counts);
    EXPECT_LT(counts->combinations, 5000u);
    EXPECT_EQ(listener.controls, 0u);
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
}

/// A command that is abandoned in the middle never closes the rig.
TEST(Matrix, AnAbandonedRigIsTakenBack) {
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

TEST(Matrix, IsRefusedWithoutFrames) {
    Bench bench;
    const std::uint32_t free = bench.lab.frames().free;
    ASSERT_TRUE(bench.command([&] { return bench.lab.alloc_frames(free - 2); }));
    const State before = state_of(bench);
    Listener listener;
    const auto counts =
        bench.command([&] { return selftest::run_matrix(bench.lab, MatrixSet::quick, listener); });
    ASSERT_FALSE(counts);
    EXPECT_EQ(counts.error().refusal, Refusal::no_frames);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
}

struct Facts final : selftest::TlbListener {
    void begin(std::uint32_t count) override { announced = count; }
    void found(const selftest::TlbFact& fact) override {
        counts[std::string{fact.change} + ", " +
               std::string{selftest::kTlbFlushNames[static_cast<std::size_t>(fact.flush)]}] = fact.stale;
    }
    std::uint32_t announced = 0;
    std::map<std::string, std::uint32_t> counts;
};

/// The simulator keeps every translation, and faults on one that was relaxed: the strictest of TLBs.
TEST(Tlb, FactsAreCountedAsTheSimulatorKeepsThem) {
    Bench bench;
    const State before = state_of(bench);
    Facts facts;
    ASSERT_TRUE(bench.command([&] { return selftest::run_tlb(bench.lab, facts); }));
    EXPECT_EQ(facts.announced, facts.counts.size());
    for (const auto& [name, stale] : facts.counts) {
        const bool kept = name.ends_with("no flush") && name != "P 0 to 1, no flush";
        EXPECT_EQ(stale, kept || name == "another frame, G, CR3 reload" ? 1000u : 0u) << name;
    }
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
}

} // namespace
} // namespace pagelab::simulation
