// What happens when the CPU leaves the main flow: exceptions go to a hook, IRQs to their driver.
// For main, which sets the hook, and access.cpp, which turns expected faults into values.
#pragma once

#include <cstdint>

namespace pagelab::arch {

/// What isr.asm pushes, lowest address first. `user_esp` and `user_ss` exist only when `cs` is ring 3's.
struct RegisterFrame {
    std::uint32_t es, ds;
    std::uint32_t edi, esi, ebp, esp_at_pusha, ebx, edx, ecx, eax;
    std::uint32_t vector, error_code;
    std::uint32_t eip, cs, eflags;
    std::uint32_t user_esp, user_ss;

    [[nodiscard]] bool from_user() const { return (cs & 3) != 0; }
    /// ESP at the moment of the exception: ring 0 pushes no stack pointer, it is where the frame ends.
    [[nodiscard]] std::uint32_t stack_pointer() const {
        return from_user() ? user_esp : reinterpret_cast<std::uint32_t>(&user_esp);
    }
};

inline constexpr std::uint32_t kPageFault = 14;

/// Called for each exception that no access primitive expected, with interrupts off, on the stack of the
/// code that faulted. `cr2` is meaningful for vector 14 only. May return from a page fault, from nothing
/// else.
using ExceptionHook = void (*)(const RegisterFrame& frame, std::uint32_t cr2);

/// Sets the hook; without one an exception is a panic.
void set_exception_hook(ExceptionHook hook);

} // namespace pagelab::arch
