// What must hold of the kernel's own bookkeeping at any prompt, asked of the machine from its tables up.
// For the command `selftest`. Changes nothing. Works on the abstract machine: the host's tests run it too.
#pragma once

#include "kernel/machine/machine.hpp"

#include <optional>
#include <span>

namespace pagelab::selftest {

/// Why a case does not hold: a sentence without its end, and where.
struct Failure {
    const char* text = "";
    paging::PhysAddr at;
};

/// One case of a set.
struct Case {
    const char* name;
    /// Nothing if it holds. May be ended by machine.poll(), then it says nothing.
    std::optional<Failure> (*check)(machine::Machine& machine);
};

/// The set `invariants`.
[[nodiscard]] std::span<const Case> invariants();

} // namespace pagelab::selftest
