// The access matrix: for each combination of a set (combinations.hpp) the model's prediction beside what the
// CPU did. Fault or not, error code, CR2, physical address, A and D of both entries; no data on a fault.
// For the command `selftest` and the host's tests. Asks the rig, which leaves all as it was.
#pragma once

#include "kernel/machine/rig.hpp"
#include "kernel/paging/walk.hpp"
#include "kernel/selftest/combinations.hpp"

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

namespace pagelab::selftest {

/// What prediction and CPU can differ in. The first three are known of emulators, and no harm.
enum class Difference : std::uint8_t {
    code_without_p,       // a fault on a reserved bit whose error code has P = 0
    ignored_address_bits, // bits of 20:13 in a large PDE beyond MAXPHYADDR are taken as address bits
    accessed_left_clear,  // the PTE faulted, and the PDE's A is not set: the manual allows both
    unexplained
};
inline constexpr std::array<std::string_view, 4> kDifferenceNames = {"code-without-p", "ignored-address-bits",
                                                                     "accessed-left-clear", "unexplained"};

struct MatrixCounts {
    std::uint32_t combinations = 0;
    std::array<std::uint32_t, kDifferenceNames.size()> differences{};

    void add(const MatrixCounts& other) {
        combinations += other.combinations;
        for (std::size_t i = 0; i < differences.size(); ++i) {
            differences[i] += other.differences[i];
        }
    }
    [[nodiscard]] std::uint32_t of(Difference difference) const {
        return differences[static_cast<std::size_t>(difference)];
    }
};

/// One combination and both answers.
struct MatrixTrial {
    MatrixControl control;
    MatrixAccess access;
    machine::RigEntries before;
    paging::Prediction predicted;
    machine::RigAnswer answer;
    machine::RigEntries after;
};

/// Is told of the matrix's progress.
class MatrixListener {
public:
    /// At least each 50 ms. True ends the run.
    [[nodiscard]] virtual bool poll() = 0;
    /// Before the first combination: of the sets of control registers there are `count`.
    virtual void begin(std::uint32_t count) = 0;
    virtual void unexplained(const MatrixTrial& trial) = 0;
    /// All combinations with these registers were tried.
    virtual void tried(const MatrixControl& control, const MatrixCounts& counts) = 0;

protected:
    ~MatrixListener() = default;
};

/// Opens the rig, runs a set, and closes it.
[[nodiscard]] std::expected<MatrixCounts, machine::OperationError>
run_matrix(machine::Rig& rig, MatrixSet set, MatrixListener& listener);

} // namespace pagelab::selftest
