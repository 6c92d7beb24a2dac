// One memory access at a virtual address whose fault is a value: what `touch` and `probe` stand on, and
// how the shell reads memory that may not be there. For memory's hardware policy.
// Leaves no trace but A and D. Not reentrant: commands run one at a time with interrupts off.
#pragma once

#include <cstdint>

namespace pagelab::arch {

struct RegisterFrame;

/// Read and Write move a byte, ReadWord and WriteWord 32 bits.
enum class AccessKind : std::uint32_t { Read = 0, Write = 1, Fetch = 2, ReadWord = 3, WriteWord = 4 };

struct AccessResult {
    bool faulted = false;
    std::uint32_t vector = 0;
    std::uint32_t error_code = 0;
    std::uint32_t cr2 = 0;
    /// EDX afterwards. It held `value` before; a read loads DL or all of it, a fetch what its code loads.
    std::uint32_t value = 0;
};

/// One access by ring 0, with EFLAGS.AC set or clear. A write stores `value`; a fetch needs code at the
/// address that ends in `ret` (0xC3) and changes no register but EDX.
[[nodiscard]] AccessResult access_as_kernel(AccessKind kind, std::uint32_t address, std::uint32_t value,
                                            bool alignment_check);

/// One access by ring 3. A fetch needs code at the address that ends in int3 (0xCC); for the others `entry`
/// is where user_code_start (image.hpp) is visible to ring 3.
[[nodiscard]] AccessResult access_as_user(AccessKind kind, std::uint32_t entry, std::uint32_t address,
                                          std::uint32_t value);

/// For the exception handler: if an access is under way, ends it (and does not return).
void finish_expected_access(const RegisterFrame& frame, std::uint32_t cr2);

/// Drops the stack and calls a function that never returns, on the top of the main stack.
[[noreturn]] void restart(void (*function)());

} // namespace pagelab::arch
