// The end of the line: a bug in the kernel itself. Says one line and stops. Everybody may call it.
// It knows no device: main hands it where to write and what to do last.
#pragma once

#include <cstdint>

namespace pagelab::base {

/// Writes one byte somewhere a person can see it. Must not fault.
using PanicOutput = void (*)(char byte);
/// Tells the host and stops the CPU.
using PanicEnd = void (*)();

/// Set once by main before anything can panic.
void set_panic_hooks(PanicOutput output, PanicEnd end);

/// Prints `panic: what (first, second)` in hex and never returns. A panic inside a panic only stops.
[[noreturn]] void panic(const char* what, std::uint32_t first = 0, std::uint32_t second = 0);

} // namespace pagelab::base
