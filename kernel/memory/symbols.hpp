// The kernel's own symbols, which the build appends to the image (symbols.cmake). For the hardware policy.
#pragma once

#include "kernel/paging/address.hpp"

#include <optional>
#include <string_view>

namespace pagelab::memory {

/// The address of the symbol with exactly this name: C names as they are, C++ names qualified and without
/// parameters (`pagelab::arch::uart::drain`); of several the first.
[[nodiscard]] std::optional<paging::VirtAddr> find_symbol(std::string_view name);

} // namespace pagelab::memory
