// Numbers as people type them, and what a token that is nearly one was meant to be. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::ask {

[[nodiscard]] constexpr bool is_hex(std::string_view token) {
    return token.starts_with("0x") || token.starts_with("0X");
}
/// Decimal, 0x…, or decimal with K, M or G. Nothing for any other token and for values of 2^52 and more.
[[nodiscard]] std::optional<std::uint64_t> read_number(std::string_view token);
/// Digits only, at most `last`.
[[nodiscard]] std::optional<std::uint32_t> read_decimal(std::string_view token, std::uint32_t last);
/// What was probably meant, spelled right: c0100000, $0x1000, 4k. Empty if nobody can tell.
[[nodiscard]] std::string propose_number(std::string_view token);

} // namespace pagelab::console::ask
