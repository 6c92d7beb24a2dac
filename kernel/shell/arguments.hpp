// What an argument means: addresses, ranges and values, as docs/formats.md spells them.
// For the commands. Strict: a whole token or an error that says what would be right. Knows no memory; of
// the machine it asks only for the kernel's symbols.
#pragma once

#include "kernel/machine/machine.hpp"
#include "kernel/paging/address.hpp"
#include "kernel/shell/numbers.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::shell {

using paging::PhysAddr;
using paging::PhysRange;
using paging::VirtAddr;
using paging::VirtRange;

/// A number, PDI:PTI[:OFFSET] or a kernel symbol.
[[nodiscard]] Parsed<VirtAddr> parse_virtual(std::string_view token, const machine::Machine& machine);
/// p:NUMBER, and NUMBER where `bare` says that only a physical address can be meant.
[[nodiscard]] Parsed<PhysAddr> parse_physical(std::string_view token, bool bare = false);
[[nodiscard]] constexpr bool looks_physical(std::string_view token) {
    return token.starts_with("p:");
}

/// Memory by either name.
struct Place {
    bool physical = false;
    VirtAddr va;
    PhysAddr pa;

    [[nodiscard]] constexpr Place plus(std::uint32_t bytes) const {
        return {physical, VirtAddr{va.raw() + bytes}, pa.plus(bytes)};
    }
    /// Bytes from here to the end of what can be named.
    [[nodiscard]] constexpr std::uint64_t room() const {
        return physical ? kLastPhysical + 1 - pa.raw() : paging::kAddressSpaceEnd - va.raw();
    }
};
[[nodiscard]] Parsed<Place> parse_place(std::string_view token, const machine::Machine& machine);

/// A-B (B exclusive) or A+SIZE; never empty.
[[nodiscard]] Parsed<VirtRange> parse_range(std::string_view token, const machine::Machine& machine);
/// The same in physical memory; `p:` may stand before A and before B.
[[nodiscard]] Parsed<PhysRange> parse_physical_range(std::string_view token);

/// 0 to 1023.
[[nodiscard]] Parsed<std::uint32_t> parse_directory_index(std::string_view token);
/// A number, or an entry in words: p:0x00101000|P|RW|US. At most `last`.
[[nodiscard]] Parsed<std::uint32_t> parse_value(std::string_view token, std::uint32_t last = 0xffffffffu);

} // namespace pagelab::shell
