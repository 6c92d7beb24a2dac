// How peek, poke and fill reach a place: physical memory, virtual memory of the current space, which may
// fault, or virtual memory of another space in work, which is found by that space's tables. For memory.cpp.
// Prints nothing.
#pragma once

#include "kernel/shell/arguments.hpp"
#include "kernel/shell/command.hpp"

#include <expected>

namespace pagelab::shell {

using machine::Unit;

constexpr std::uint32_t bytes_of(Unit unit) {
    return static_cast<std::uint32_t>(unit);
}

/// The value at a place. In another space a page that is missing is refused.
[[nodiscard]] std::expected<std::uint32_t, machine::OperationError> load(Invocation& invocation,
                                                                         const Place& place, Unit unit);

/// Stores a value. In another space a page that the kernel could not write there is refused, but with
/// `force`; one that is shared until a side writes is copied first.
[[nodiscard]] std::expected<void, machine::OperationError> store(Invocation& invocation, const Place& place,
                                                                 Unit unit, std::uint32_t value);

/// Bytes from the place to the end of its page.
[[nodiscard]] std::uint32_t room_on_page(const Place& place);
/// Units from `place` on that begin on its page, at most `left`.
[[nodiscard]] std::uint32_t units_on_page(const Place& place, Unit unit, std::uint32_t left);

} // namespace pagelab::shell
