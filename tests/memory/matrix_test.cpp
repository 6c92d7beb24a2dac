// The access matrix over the simulated machine, whose MMU was written apart from the model: both must agree
// as a CPU and the model do. And the enumerator by itself: how many combinations it has is pinned, so that no
// case is lost in silence. No kernel is needed for it.
#include "kernel/selftest/matrix.hpp"
#include "tests/memory/simulated_rig.hpp"

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
    bool poll() override { return false; }
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

MatrixCounts run(Machine& cpu, MatrixSet set) {
    SimulatedRig rig{cpu};
    Listener listener;
    const auto counts = selftest::run_matrix(rig, set, listener);
    EXPECT_EQ(listener.controls, listener.announced);
    return counts.value_or(MatrixCounts{});
}

TEST(Matrix, QuickAgreesWithTheSimulator) {
    Machine cpu{2048};
    const MatrixCounts counts = run(cpu, MatrixSet::quick);
    EXPECT_EQ(counts.combinations, 296448u);
    EXPECT_EQ(counts.differences, (std::array<std::uint32_t, 4>{0, 0, 54144, 0}));
}

TEST(Matrix, ReservedBitsAgreeForEachWidthOfAddresses) {
    const std::map<std::uint8_t, std::uint32_t> widths = {{32, 163968}, {36, 160128}, {40, 98688}};
    for (const auto& [bits, combinations] : widths) {
        Machine cpu{2048};
        cpu.cpu_limits = {.pse36 = bits > 32, .physical_bits = bits};
        const MatrixCounts counts = run(cpu, MatrixSet::reserved);
        EXPECT_EQ(counts.combinations, combinations);
        EXPECT_EQ(counts.differences, (std::array<std::uint32_t, 4>{}));
    }
}

/// With SMEP, SMAP, AC, and accesses after others.
TEST(Matrix, FullAgreesWithTheSimulator) {
    Machine cpu{2048};
    const MatrixCounts counts = run(cpu, MatrixSet::full);
    EXPECT_EQ(counts.combinations, 2964480u);
    EXPECT_EQ(counts.differences, (std::array<std::uint32_t, 4>{0, 0, 464640, 0}));
}

} // namespace
} // namespace pagelab::simulation
