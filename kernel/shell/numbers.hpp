// Numbers as people type them, and counts of things.
// For the parsers of arguments. Pure and strict: a whole token or nothing.
#pragma once

#include "kernel/paging/address.hpp"
#include "kernel/shell/problem.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::shell {

/// The last physical address that can be named: 40 bits, all that PSE-36 reaches (SDM 3A 4.3).
inline constexpr std::uint64_t kLastPhysical = (1ull << 40) - 1;

[[nodiscard]] constexpr bool is_hex(std::string_view token) {
    return token.starts_with("0x") || token.starts_with("0X");
}
/// Decimal, 0x…, or decimal with K, M or G. Nothing for any other token and for values of 2^52 and more.
[[nodiscard]] std::optional<std::uint64_t> read_number(std::string_view token);
/// Digits only, at most `last`.
[[nodiscard]] std::optional<std::uint32_t> read_decimal(std::string_view token, std::uint32_t last);

/// What a token that is nearly a number was probably meant to be, spelled right. Empty if nobody can tell.
[[nodiscard]] Proposal propose_number(std::string_view token);
/// The same for a size in another spelling: 4k, 4KB, 4KiB.
[[nodiscard]] Proposal propose_size(std::string_view token);

/// COUNT: decimal, in units of `unit` bytes (a power of two); with K M G bytes that are whole units. At
/// least 1, and never more bytes than there are addresses. `noun` names a unit: "page".
[[nodiscard]] Parsed<std::uint32_t> parse_count(std::string_view token, std::uint32_t unit, const char* noun);
/// A plain decimal number from 1 to `last`; `what` names it: "a number of records".
[[nodiscard]] Parsed<std::uint32_t> parse_times(std::string_view token, std::uint32_t last, const char* what);

} // namespace pagelab::shell
