// One random command line. For torture. It asks the machine what is there, so that most of what it makes
// does something, and changes nothing.
#pragma once

#include "kernel/interface/torture_state.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/shell/print.hpp"
#include "kernel/shell/random.hpp"

namespace pagelab::shell {

/// The first byte of witness `index`, a page of space 0.
[[nodiscard]] paging::VirtAddr witness_page(const interface::TortureState& state, std::uint32_t index);

/// Writes a command to `line`.
void put_torture_command(Line& line, machine::Machine& machine, const interface::TortureState& state,
                         Random& random);

} // namespace pagelab::shell
