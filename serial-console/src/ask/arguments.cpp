#include "serial-console/src/ask/arguments.hpp"

#include "kernel/paging/flag_words.hpp"
#include "serial-console/src/ask/numbers.hpp"

#include <fmt/format.h>

#include <optional>

namespace pagelab::console::ask {
namespace {

using paging::PhysAddr;
using paging::PhysRange;
using paging::VirtAddr;
using paging::VirtRange;

/// The last physical address that can be named: 40 bits, all that PSE-36 reaches (SDM 3A 4.3).
constexpr std::uint64_t kLastPhysical = (std::uint64_t{1} << 40) - 1;

template <class... Parts>
std::unexpected<std::string> wrong(fmt::format_string<Parts...> sentence, Parts&&... parts) {
    return std::unexpected{fmt::format(sentence, std::forward<Parts>(parts)...)};
}

std::string spelled(PhysAddr pa) {
    return fmt::format("p:{:#010x}", pa.raw());
}

bool looks_physical(std::string_view token) {
    return token.starts_with("p:");
}

Parsed<std::uint32_t> parse_index(std::string_view whole, std::string_view token, std::string_view level) {
    if (const auto index = read_decimal(token, paging::kEntryCount - 1)) {
        return *index;
    }
    const auto number = read_number(token);
    if (number && *number >= paging::kEntryCount) {
        return wrong("'{}' is not an address: the {} index {} is beyond 1023", whole, level, token);
    }
    if (number) {
        return wrong("'{}' is not an address: indices are decimal, {} is {}", whole, token, *number);
    }
    return wrong("'{}' is not an address: '{}' is no {} index from 0 to 1023", whole, token, level);
}

Parsed<VirtAddr> parse_indices(std::string_view token) {
    const std::size_t colon = token.find(':');
    std::string_view rest = token.substr(colon + 1);
    std::string_view offset_token = "0";
    if (const std::size_t second = rest.find(':'); second != std::string_view::npos) {
        offset_token = rest.substr(second + 1);
        rest = rest.substr(0, second);
    }
    const auto pdi = parse_index(token, token.substr(0, colon), "directory");
    if (!pdi) {
        return std::unexpected{pdi.error()};
    }
    const auto pti = parse_index(token, rest, "table");
    if (!pti) {
        return std::unexpected{pti.error()};
    }
    const auto offset = read_number(offset_token);
    if (!offset || *offset >= paging::kPageSize) {
        return wrong("'{}' is not an address: '{}' is no offset from 0 to 4095 (0xfff)", token, offset_token);
    }
    return VirtAddr::from_indices(*pdi, *pti, static_cast<std::uint32_t>(*offset));
}

struct RangeParts {
    std::string_view first;
    std::string_view second;
    bool sized = false; // A+SIZE
};

std::optional<RangeParts> split_range(std::string_view token) {
    const std::size_t at = token.find_first_of("-+");
    if (at == std::string_view::npos || at == 0 || at + 1 == token.size()) {
        return std::nullopt;
    }
    return RangeParts{token.substr(0, at), token.substr(at + 1), token[at] == '+'};
}

std::unexpected<std::string> not_a_range(std::string_view token) {
    const std::size_t dots = token.find("..");
    if (dots != std::string_view::npos && dots != 0 && dots + 2 < token.size()) {
        return wrong("'{}' is not a range; did you mean {}-{}?", token, token.substr(0, dots),
                     token.substr(dots + 2));
    }
    if (read_number(token)) {
        return wrong("'{}' is not a range; did you mean {}+4K?", token, token);
    }
    return wrong("'{}' is not a range; write 0xc0000000-0xc0400000 (the end is exclusive) or 0xc0000000+4M",
                 token);
}

std::unexpected<std::string> empty_range(std::string_view token, const RangeParts& parts, bool equal) {
    if (equal) {
        return wrong("the range '{}' is empty, its end is exclusive; did you mean {}+4K?", token,
                     parts.first);
    }
    return wrong("the range '{}' ends before it begins; did you mean {}-{}?", token, parts.second,
                 parts.first);
}

Parsed<std::uint64_t> parse_size(std::string_view token) {
    const auto size = read_number(token);
    if (size && *size != 0) {
        return *size;
    }
    if (size) {
        return std::unexpected{std::string{"a range of 0 bytes is empty"}};
    }
    if (const std::string proposal = propose_number(token); !proposal.empty()) {
        return wrong("'{}' is not a size; did you mean {}?", token, proposal);
    }
    return wrong("'{}' is not a size; write 4096, 0x1000, 4K, 4M or 1G", token);
}

/// The end of a range: an address or one past the last.
Parsed<std::uint64_t> parse_end(std::string_view token) {
    if (const auto number = read_number(token); number && *number == paging::kAddressSpaceEnd) {
        return *number;
    }
    const auto va = parse_virtual(token);
    if (!va) {
        return std::unexpected{va.error()};
    }
    return std::uint64_t{va->raw()};
}

/// The part of an entry in words that is no frame: a flag's bit.
std::optional<std::uint32_t> flag_bit(std::string_view word, bool large) {
    const auto flag = paging::find_flag(word);
    return flag ? std::optional{paging::raw_bit(*flag, large)} : std::nullopt;
}

/// PSE-36 keeps physical bits 39:32 in bits 20:13 of a 4 MiB PDE (SDM 3A table 4-4).
Parsed<std::uint32_t> parse_frame(std::string_view part, bool large) {
    const auto pa = parse_physical(part);
    if (!pa) {
        return std::unexpected{pa.error()};
    }
    const std::uint32_t unit = large ? paging::kLargePageSize : paging::kPageSize;
    if (!pa->is_aligned(unit)) {
        return wrong("{} is not aligned to {}; did you mean {}?", part, large ? "4 MiB" : "4 KiB",
                     spelled(PhysAddr{pa->raw() & ~std::uint64_t{unit - 1}}));
    }
    if (!large && pa->raw() >> 32 != 0) {
        return wrong("{} does not fit: only a 4 MiB page (PS) reaches beyond 4 GiB", part);
    }
    const auto low = static_cast<std::uint32_t>(pa->raw());
    return large ? low | static_cast<std::uint32_t>(pa->raw() >> 32) << 13 : low;
}

template <class Visit>
void for_each_part(std::string_view token, Visit visit) {
    for (std::size_t at = 0; at <= token.size();) {
        const std::size_t bar = std::min(token.find('|', at), token.size());
        visit(token.substr(at, bar - at));
        at = bar + 1;
    }
}

Parsed<std::uint32_t> parse_entry_in_words(std::string_view token) {
    bool large = false;
    for_each_part(
        token, [&](std::string_view part) { large = large || paging::find_flag(part) == paging::Flag::ps; });
    Parsed<std::uint32_t> value = 0;
    for_each_part(token, [&](std::string_view part) {
        if (!value) {
            return;
        }
        if (looks_physical(part)) {
            const auto frame = parse_frame(part, large);
            value = frame ? Parsed<std::uint32_t>{*value | *frame} : frame;
        } else if (const auto bit = flag_bit(part, large)) {
            *value |= *bit;
        } else {
            value = wrong("'{}' in '{}' is no flag; there are P RW US PWT PCD A D PS PAT G AVL9 AVL10 AVL11",
                          part, token);
        }
    });
    return value;
}

} // namespace

Parsed<VirtAddr> parse_virtual(std::string_view token) {
    if (looks_physical(token)) {
        return wrong(
            "'{}' is a physical address, a virtual one is needed; find {} lists those that lead there", token,
            token);
    }
    if (token.find(':') != std::string_view::npos) {
        return parse_indices(token);
    }
    if (const auto number = read_number(token)) {
        if (*number >= paging::kAddressSpaceEnd) {
            return wrong("'{}' is beyond the last virtual address, 0xffffffff", token);
        }
        return VirtAddr{static_cast<std::uint32_t>(*number)};
    }
    if (const std::string proposal = propose_number(token); !proposal.empty()) {
        return wrong("'{}' is not an address; did you mean {}?", token, proposal);
    }
    return wrong("'{}' is not an address; write 0xc0100000 or 768:256 (symbols are known to the shell only)",
                 token);
}

Parsed<PhysAddr> parse_physical(std::string_view token, bool bare) {
    const bool marked = looks_physical(token);
    const std::string_view number_token = marked ? token.substr(2) : token;
    const auto number = read_number(number_token);
    if (number && *number > kLastPhysical) {
        return wrong("'{}' is beyond the last physical address, {}", token, spelled(PhysAddr{kLastPhysical}));
    }
    if (number && (marked || bare)) {
        return PhysAddr{*number};
    }
    if (number) {
        return wrong("'{}' is not a physical address; did you mean {}?", token, spelled(PhysAddr{*number}));
    }
    if (const std::string digits = propose_number(number_token); !digits.empty()) {
        return wrong("'{}' is not a physical address; did you mean p:{}?", token, digits);
    }
    return wrong("'{}' is not a physical address; write p:0x00101000", token);
}

Parsed<VirtRange> parse_range(std::string_view token) {
    const auto parts = split_range(token);
    if (!parts) {
        return not_a_range(token);
    }
    const auto first = parse_virtual(parts->first);
    if (!first) {
        return std::unexpected{first.error()};
    }
    if (parts->sized) {
        const auto size = parse_size(parts->second);
        if (!size) {
            return std::unexpected{size.error()};
        }
        const auto range = VirtRange::from_size(*first, *size);
        if (!range) {
            return wrong("the range '{}' passes the end of the address space; did you mean "
                         "{:#010x}-0x100000000?",
                         token, first->raw());
        }
        return *range;
    }
    const auto end = parse_end(parts->second);
    if (!end) {
        return std::unexpected{end.error()};
    }
    if (*end <= first->raw()) {
        return empty_range(token, *parts, *end == first->raw());
    }
    return VirtRange{*first, *end};
}

Parsed<PhysRange> parse_physical_range(std::string_view token) {
    const auto parts = split_range(token);
    if (!parts) {
        return not_a_range(token);
    }
    const auto first = parse_physical(parts->first, true);
    if (!first) {
        return std::unexpected{first.error()};
    }
    if (parts->sized) {
        const auto size = parse_size(parts->second);
        if (!size) {
            return std::unexpected{size.error()};
        }
        if (*size > kLastPhysical + 1 - first->raw()) {
            return wrong("the range '{}' passes the last physical address, {}", token,
                         spelled(PhysAddr{kLastPhysical}));
        }
        return PhysRange{*first, first->plus(*size)};
    }
    const auto end = parse_physical(parts->second, true);
    if (!end) {
        return std::unexpected{end.error()};
    }
    if (*end <= *first) {
        return empty_range(token, *parts, *end == *first);
    }
    return PhysRange{*first, *end};
}

Parsed<std::uint32_t> parse_directory_index(std::string_view token) {
    if (const auto index = read_decimal(token, paging::kEntryCount - 1)) {
        return *index;
    }
    const auto number = read_number(token);
    if (number && *number < paging::kEntryCount) {
        return wrong("'{}' is not a directory index; did you mean {}?", token, *number);
    }
    if (number && *number < paging::kAddressSpaceEnd && is_hex(token)) {
        return wrong("'{}' is not a directory index; did you mean {}?", token,
                     VirtAddr{static_cast<std::uint32_t>(*number)}.directory_index());
    }
    return wrong("'{}' is not a directory index from 0 to 1023", token);
}

Parsed<std::uint32_t> parse_table(std::string_view token) {
    if (const auto pdi = read_decimal(token, paging::kEntryCount - 1)) {
        return *pdi;
    }
    const auto va = parse_virtual(token);
    if (!va) {
        return std::unexpected{va.error()};
    }
    return va->directory_index();
}

Parsed<std::uint32_t> parse_value(std::string_view token, std::uint32_t last) {
    std::uint64_t value = 0;
    if (const auto number = read_number(token)) {
        value = *number;
    } else if (looks_physical(token) || token.find('|') != std::string_view::npos ||
               paging::find_flag(token)) {
        const auto entry = parse_entry_in_words(token);
        if (!entry) {
            return entry;
        }
        value = *entry;
    } else if (const std::string proposal = propose_number(token); !proposal.empty()) {
        return wrong("'{}' is not a value; did you mean {}?", token, proposal);
    } else {
        return wrong("'{}' is not a value; write 0x00101003 or p:0x00101000|P|RW", token);
    }
    if (value > last) {
        return wrong("'{}' does not fit: the largest value here is {:#04x}", token, last);
    }
    return static_cast<std::uint32_t>(value);
}

Parsed<std::uint32_t> parse_times(std::string_view token, std::uint32_t last, std::string_view what) {
    const auto number = read_decimal(token, last);
    if (!number || *number == 0) {
        return wrong("'{}' is not {} from 1 to {}", token, what, last);
    }
    return *number;
}

} // namespace pagelab::console::ask
