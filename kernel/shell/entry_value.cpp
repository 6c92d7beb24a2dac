// VALUE: a number, or an entry in words.
#include "kernel/shell/arguments.hpp"
#include "kernel/shell/rights.hpp"

namespace pagelab::shell {
namespace {

template <class Visit>
void for_each_part(std::string_view token, Visit visit) {
    for (;;) {
        const std::size_t bar = token.find('|');
        visit(token.substr(0, bar));
        if (bar == std::string_view::npos) {
            return;
        }
        token.remove_prefix(bar + 1);
    }
}

/// PSE-36 keeps physical bits 39:32 in bits 20:13 of a 4 MiB PDE (SDM 3A table 4-4).
std::uint32_t address_bits(PhysAddr pa, bool large) {
    const auto low = static_cast<std::uint32_t>(pa.raw());
    const auto high = static_cast<std::uint32_t>(pa.raw() >> 32);
    return large ? low | high << 13 : low;
}

/// The frame of an entry in words, as bits of the entry.
Parsed<std::uint32_t> parse_frame(std::string_view part, bool large) {
    const auto pa = parse_physical(part);
    if (!pa) {
        return std::unexpected{pa.error()};
    }
    const std::uint32_t unit = large ? paging::kLargePageSize : paging::kPageSize;
    if (!pa->is_aligned(unit)) {
        return wrong("{} is not aligned to {}; did you mean {}?", part, Size{unit},
                     PhysAddr{pa->raw() & ~std::uint64_t{unit - 1}});
    }
    if (!large && pa->raw() >> 32 != 0) {
        return wrong("{} does not fit: only a 4 MiB page (PS) reaches beyond 4 GiB", part);
    }
    return address_bits(*pa, large);
}

Parsed<std::uint32_t> parse_entry_in_words(std::string_view token) {
    bool large = false;
    for_each_part(token,
                  [&](std::string_view part) { large = large || find_flag(part) == paging::Flag::ps; });
    Parsed<std::uint32_t> value = 0;
    for_each_part(token, [&](std::string_view part) {
        if (!value) {
            return;
        }
        if (looks_physical(part)) {
            const auto frame = parse_frame(part, large);
            value = frame ? Parsed<std::uint32_t>{*value | *frame} : frame;
        } else if (const auto flag = find_flag(part)) {
            *value |= raw_bit(*flag, large);
        } else {
            value = wrong("'{}' in '{}' is no flag; there are P RW US PWT PCD A D PS PAT G AVL9 AVL10 AVL11",
                          part, token);
        }
    });
    return value;
}

} // namespace

Parsed<std::uint32_t> parse_value(std::string_view token, std::uint32_t last) {
    std::uint64_t value = 0;
    if (const auto number = read_number(token)) {
        value = *number;
    } else if (looks_physical(token) || token.find('|') != std::string_view::npos || find_flag(token)) {
        const auto entry = parse_entry_in_words(token);
        if (!entry) {
            return entry;
        }
        value = *entry;
    } else if (const Proposal proposal = propose_number(token); proposal.size() != 0) {
        return wrong("'{}' is not a value; did you mean {}?", token, proposal);
    } else {
        return wrong("'{}' is not a value; write 0x00101003 or p:0x00101000|P|RW", token);
    }
    if (value > last) {
        return wrong("'{}' does not fit: the largest value here is {}", token, Hex{last, 2});
    }
    return static_cast<std::uint32_t>(value);
}

} // namespace pagelab::shell
