// Instructions that break the machine on purpose. For `crash` and torture only, by way of kernel/memory: what
// may be done without harm is decided there. Most never return; where one does, the machine has survived it.
#pragma once

#include <cstdint>

namespace pagelab::arch {

/// Calls itself until there is no stack.
void recurse_for_ever();
/// Loads ESP and pushes until a push fails.
[[noreturn]] void push_for_ever(std::uint32_t esp);
/// Loads EFLAGS, then returns by IRET to the next instruction, which NT turns into a return from a task.
void load_flags(std::uint32_t flags);
void run_undefined_opcode();
void divide_by_zero();
/// A selector that no descriptor table here reaches.
inline constexpr std::uint32_t kBeyondDescriptors = 0x1238;
/// DS, ES and SS.
void load_segments(std::uint32_t selector);
/// Any access to the 4 bytes at `address` raises #DB.
void watch_address(std::uint32_t address);
/// An absolute call.
void call_address(std::uint32_t address);
/// INT `vector`, by an instruction written on the stack's page: 0 to 255.
void raise_interrupt(std::uint32_t vector);
[[noreturn]] void spin_for_ever();
[[noreturn]] void lose_interrupt_table();
[[noreturn]] void lose_descriptor_table();
/// INT3 from `first` (virtual) for `bytes`, also over the code that does it.
void overwrite_with_breakpoints(std::uint32_t first, std::uint32_t bytes);

} // namespace pagelab::arch
