// What an argument of a verb means, spelled as docs/formats.md says and refused in the shell's words.
// Pure and strict: a whole token or a sentence that says what would be right. Knows no symbols: they are the
// kernel's own.
#pragma once

#include "kernel/paging/address.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace pagelab::console::ask {

template <class T>
using Parsed = std::expected<T, std::string>;

/// A number or PDI:PTI[:OFFSET].
[[nodiscard]] Parsed<paging::VirtAddr> parse_virtual(std::string_view token);
/// p:NUMBER, and NUMBER where `bare` says that only a physical address can be meant.
[[nodiscard]] Parsed<paging::PhysAddr> parse_physical(std::string_view token, bool bare = false);
/// A-B (B exclusive) or A+SIZE; never empty.
[[nodiscard]] Parsed<paging::VirtRange> parse_range(std::string_view token);
/// The same in physical memory; `p:` may stand before A and before B.
[[nodiscard]] Parsed<paging::PhysRange> parse_physical_range(std::string_view token);
/// 0 to 1023.
[[nodiscard]] Parsed<std::uint32_t> parse_directory_index(std::string_view token);
/// A decimal number below 1024, else the directory index of an address.
[[nodiscard]] Parsed<std::uint32_t> parse_table(std::string_view token);
/// A number, or an entry in words: p:0x00101000|P|RW|US. At most `last`.
[[nodiscard]] Parsed<std::uint32_t> parse_value(std::string_view token, std::uint32_t last = 0xffffffffu);
/// A plain decimal number from 1 to `last`; `what` names it.
[[nodiscard]] Parsed<std::uint32_t> parse_times(std::string_view token, std::uint32_t last,
                                                std::string_view what);

} // namespace pagelab::console::ask
