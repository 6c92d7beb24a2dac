// Ways out of the machine: end the emulator, reset, stop for good. For main and memory's machine.
#pragma once

#include <cstdint>

namespace pagelab::arch {

/// Ends the emulator: QEMU through isa-debug-exit at 0xF4 (its status is 2 * code + 1), Bochs through its
/// shutdown port. Where there is neither, the CPU stops with interrupts off.
[[noreturn]] void exit_emulator(std::uint8_t code);

/// Resets the machine: the chipset's port, else the keyboard controller, else a triple fault.
[[noreturn]] void reset_machine();

/// Stops the CPU for good.
[[noreturn]] void stop_cpu();

} // namespace pagelab::arch
