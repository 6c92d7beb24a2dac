// What the shell says of an exception that ended a command. For the shell and for `fault`.
#pragma once

#include "kernel/machine/machine.hpp"
#include "kernel/paging/explain.hpp"
#include "kernel/shell/print.hpp"

#include <optional>
#include <string_view>

namespace pagelab::shell {

/// Vector of the page fault (SDM 3A table 6-1).
inline constexpr std::uint32_t kPageFault = 14;
/// Vector of the non-maskable interrupt, by which the host ends a command that hangs.
inline constexpr std::uint32_t kNonMaskable = 2;

/// `#PF page fault`; empty for vectors that are no exceptions.
[[nodiscard]] std::string_view exception_name(std::uint32_t vector);

[[nodiscard]] paging::FaultExplanation explain_page_fault(machine::Machine& machine, paging::VirtAddr cr2,
                                                          std::uint32_t code,
                                                          std::optional<paging::VirtAddr> eip);

/// Where in the student's file the CPU was, if it ran that: `in map, lab3.c line 12`, a line of its own. When
/// it was elsewhere in a call (a jump into nothing), where the word on top of the stack returns to.
void put_source(Output& out, machine::Machine& machine, std::uint32_t eip, std::uint32_t esp);

/// The whole report, or its record.
void report_exception(Output& out, machine::Machine& machine, const machine::Exception& exception, bool json);

} // namespace pagelab::shell
