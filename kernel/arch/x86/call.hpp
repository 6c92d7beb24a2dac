// Calls code that was compiled elsewhere. For the memory room's hardware.
#pragma once

#include <array>
#include <cstdint>

namespace pagelab::arch {

/// Calls `address` by the i386 System V ABI, all arguments on the stack, and says what EAX held. A function
/// that takes fewer arguments leaves the rest alone: the caller clears the stack.
template <std::size_t N>
std::uint32_t call_function(std::uint32_t address, const std::array<std::uint32_t, N>& arguments) {
    static_assert(N == 6);
    using Word = std::uint32_t;
    using Function = [[gnu::regparm(0)]] Word (*)(Word, Word, Word, Word, Word, Word);
    const auto function = reinterpret_cast<Function>(address);
    return function(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

} // namespace pagelab::arch
