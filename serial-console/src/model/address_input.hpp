// The address that a user types into the picture's bottom line: the same forms as in the shell. Pure.
#pragma once

#include "kernel/paging/address.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace pagelab::console::model {

/// A number (decimal, 0x…, with K M G) or PDI:PTI[:OFFSET]. The error says what is wrong and what is right.
[[nodiscard]] std::expected<paging::VirtAddr, std::string> parse_virtual_address(std::string_view text);
/// `p:` and a number below 2^40.
[[nodiscard]] std::expected<paging::PhysAddr, std::string> parse_physical_address(std::string_view text);

} // namespace pagelab::console::model
