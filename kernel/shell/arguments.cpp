#include "kernel/shell/arguments.hpp"

#include "kernel/interface/tokenizer.hpp"
#include "kernel/shell/rights.hpp"

namespace pagelab::shell {
namespace {

constexpr std::uint64_t kNumberEnd = 1ull << 52;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr std::optional<std::uint32_t> hex_digit(char c) {
    if (is_digit(c)) {
        return static_cast<std::uint32_t>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f') {
        return static_cast<std::uint32_t>(lower - 'a' + 10);
    }
    return std::nullopt;
}

constexpr unsigned suffix_shift(char c) {
    switch (c) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    default:
        return 0;
    }
}

constexpr bool has_suffix(std::string_view token) {
    return !token.empty() && suffix_shift(token.back()) != 0;
}

constexpr bool is_hex(std::string_view token) {
    return token.starts_with("0x") || token.starts_with("0X");
}

std::optional<std::uint64_t> read_hex_digits(std::string_view digits) {
    if (digits.empty()) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const char c : digits) {
        const auto digit = hex_digit(c);
        if (!digit || value >= kNumberEnd >> 4) {
            return std::nullopt;
        }
        value = value << 4 | *digit;
    }
    return value;
}

std::optional<std::uint64_t> read_decimal_digits(std::string_view digits) {
    if (digits.empty()) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (!is_digit(c) || value >= kNumberEnd) {
            return std::nullopt;
        }
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

/// What people and other tools put around a number: $0x…, c010`0000, 0xc010_0000, 0xc0100000ULL, c0100000h.
Text<24> without_decoration(std::string_view token) {
    while (!token.empty() && (token.front() == '$' || token.front() == '*' || token.front() == '&' ||
                              token.front() == '#' || token.front() == '@')) {
        token.remove_prefix(1);
    }
    while (!token.empty() &&
           (token.back() == 'h' || token.back() == 'H' || token.back() == 'L' || token.back() == 'l' ||
            token.back() == 'U' || token.back() == 'u' || token.back() == ',' || token.back() == ')')) {
        token.remove_suffix(1);
    }
    Text<24> plain;
    for (const char& c : token) {
        if (c != '_' && c != '`' && c != '\'' && c != '(') {
            plain.put({&c, 1});
        }
    }
    return plain;
}

/// 4k, 4KB, 4KiB, 4kib: a size in another spelling. Empty if it is none.
Proposal propose_size(std::string_view token) {
    std::size_t digits = 0;
    while (digits < token.size() && is_digit(token[digits])) {
        ++digits;
    }
    const std::string_view unit = token.substr(digits);
    if (digits == 0 || digits > 7 || unit.empty() || unit.size() > 3) {
        return {};
    }
    const char letter = static_cast<char>(unit[0] & ~0x20);
    const bool tail = unit.size() == 1 || ((unit.back() | 0x20) == 'b' && (unit[1] | 0x20) != 'x');
    Proposal proposal;
    if (suffix_shift(letter) != 0 && tail) {
        print(proposal, token.substr(0, digits), std::string_view{&letter, 1});
    }
    return proposal;
}

template <class T>
Parsed<T> not_an_address(std::string_view token) {
    const Proposal proposal = propose_number(token);
    if (proposal.size() != 0) {
        return wrong("'{}' is not an address; did you mean {}?", token, proposal);
    }
    return wrong("'{}' is not an address; write 0xc0100000, 768:256 or a kernel symbol", token);
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
        return wrong("'{}' is not an address: indices are decimal, {} is {}", whole, token,
                     Decimal{static_cast<std::uint32_t>(*number)});
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

/// The end of a range: an address or one past the last.
Parsed<std::uint64_t> parse_end(std::string_view token, const machine::Machine& machine) {
    if (const auto number = read_number(token); number && *number == paging::kAddressSpaceEnd) {
        return *number;
    }
    const auto va = parse_virtual(token, machine);
    if (!va) {
        return std::unexpected{va.error()};
    }
    return std::uint64_t{va->raw()};
}

Parsed<std::uint64_t> parse_size(std::string_view token) {
    const auto size = read_number(token);
    if (size && *size != 0) {
        return *size;
    }
    if (size) {
        return wrong("a range of 0 bytes is empty");
    }
    const Proposal proposal = propose_number(token);
    if (proposal.size() != 0) {
        return wrong("'{}' is not a size; did you mean {}?", token, proposal);
    }
    return wrong("'{}' is not a size; write 4096, 0x1000, 4K, 4M or 1G", token);
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

std::unexpected<Problem> not_a_range(std::string_view token) {
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

template <class T>
Parsed<T> empty_range(std::string_view token, const RangeParts& parts, bool equal) {
    if (equal) {
        return wrong("the range '{}' is empty, its end is exclusive; did you mean {}+4K?", token,
                     parts.first);
    }
    return wrong("the range '{}' ends before it begins; did you mean {}-{}?", token, parts.second,
                 parts.first);
}

std::string_view without_p(std::string_view token) {
    return looks_physical(token) ? token.substr(2) : token;
}

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

std::optional<std::uint64_t> read_number(std::string_view token) {
    std::optional<std::uint64_t> value;
    unsigned shift = 0;
    if (is_hex(token)) {
        value = read_hex_digits(token.substr(2));
    } else {
        if (has_suffix(token)) {
            shift = suffix_shift(token.back());
            token.remove_suffix(1);
        }
        value = read_decimal_digits(token);
    }
    if (!value || *value >= kNumberEnd >> shift) {
        return std::nullopt;
    }
    return *value << shift;
}

std::optional<std::uint32_t> read_decimal(std::string_view token, std::uint32_t last) {
    const auto value = read_decimal_digits(token);
    if (!value || *value > last) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*value);
}

Proposal propose_number(std::string_view token) {
    if (const Proposal size = propose_size(token); size.size() != 0) {
        return size;
    }
    const auto plain = without_decoration(token);
    std::string_view digits = plain.view();
    Proposal proposal;
    if (is_hex(digits)) {
        digits.remove_prefix(2);
    }
    if (const auto value = read_hex_digits(digits); value && digits.size() <= 10) {
        // Digits alone were decorated decimals: $10, 1_000.
        const bool decimal = !is_hex(plain.view()) && read_decimal_digits(digits) && token.back() != 'h' &&
                             token.back() != 'H';
        print(proposal, decimal ? "" : "0x", digits);
        if (proposal.view() == token) {
            return {};
        }
    }
    return proposal;
}

Parsed<VirtAddr> parse_virtual(std::string_view token, const machine::Machine& machine) {
    if (looks_physical(token)) {
        return wrong(
            "'{}' is a physical address, a virtual one is needed; find {} lists those that lead there", token,
            token);
    }
    // A symbol first: names of C++ hold colons too.
    if (const auto symbol = machine.symbol(token)) {
        return *symbol;
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
    return not_an_address<VirtAddr>(token);
}

Parsed<PhysAddr> parse_physical(std::string_view token, bool bare) {
    const bool marked = looks_physical(token);
    const std::string_view number_token = without_p(token);
    const auto number = read_number(number_token);
    if (number && *number > kLastPhysical) {
        return wrong("'{}' is beyond the last physical address, p:{}", token, Hex{kLastPhysical});
    }
    if (number && (marked || bare)) {
        return PhysAddr{*number};
    }
    Proposal proposal;
    if (number) {
        print(proposal, PhysAddr{*number});
        return wrong("'{}' is not a physical address; did you mean {}?", token, proposal);
    }
    if (const Proposal digits = propose_number(number_token); digits.size() != 0) {
        return wrong("'{}' is not a physical address; did you mean p:{}?", token, digits);
    }
    return wrong("'{}' is not a physical address; write p:0x00101000", token);
}

Parsed<Place> parse_place(std::string_view token, const machine::Machine& machine) {
    Place place;
    if (looks_physical(token)) {
        const auto pa = parse_physical(token);
        if (!pa) {
            return std::unexpected{pa.error()};
        }
        place.physical = true;
        place.pa = *pa;
        return place;
    }
    const auto va = parse_virtual(token, machine);
    if (!va) {
        return std::unexpected{va.error()};
    }
    place.va = *va;
    return place;
}

Parsed<VirtRange> parse_range(std::string_view token, const machine::Machine& machine) {
    const auto parts = split_range(token);
    if (!parts) {
        return not_a_range(token);
    }
    const auto first = parse_virtual(parts->first, machine);
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
            return wrong("the range '{}' passes the end of the address space; did you mean {}?", token,
                         VirtRange{*first, paging::kAddressSpaceEnd});
        }
        return *range;
    }
    const auto end = parse_end(parts->second, machine);
    if (!end) {
        return std::unexpected{end.error()};
    }
    if (*end <= first->raw()) {
        return empty_range<VirtRange>(token, *parts, *end == first->raw());
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
            return wrong("the range '{}' passes the last physical address, p:{}", token, Hex{kLastPhysical});
        }
        return PhysRange{*first, first->plus(*size)};
    }
    const auto end = parse_physical(parts->second, true);
    if (!end) {
        return std::unexpected{end.error()};
    }
    if (*end <= *first) {
        return empty_range<PhysRange>(token, *parts, *end == *first);
    }
    return PhysRange{*first, *end};
}

Parsed<std::uint32_t> parse_count(std::string_view token, std::uint32_t unit, std::string_view noun) {
    if (is_hex(token)) {
        const auto number = read_number(token);
        if (number && *number <= kLastPhysical) {
            return wrong("{} is not a count; a physical address is {}", token, PhysAddr{*number});
        }
        return wrong("{} is not a count; counts are decimal", token);
    }
    const auto number = read_number(token);
    if (!number) {
        const Proposal proposal = propose_size(token);
        if (proposal.size() != 0) {
            return wrong("'{}' is not a count; did you mean {}?", token, proposal);
        }
        return wrong("'{}' is not a count; write 4, or 16K for bytes", token);
    }
    if (*number == 0) {
        return wrong("a count of 0 {}s does nothing", noun);
    }
    if (has_suffix(token)) {
        const std::uint64_t count = *number >> __builtin_ctz(unit);
        if ((*number & (unit - 1)) != 0) {
            return wrong("{} is not a whole number of {}s of {}", token, noun, Size{unit});
        }
        if (*number > paging::kAddressSpaceEnd) {
            return wrong("{} is more than the address space has", token);
        }
        return static_cast<std::uint32_t>(count);
    }
    if (*number > paging::kAddressSpaceEnd >> __builtin_ctz(unit)) {
        return wrong("{} {}s of {} are more than the address space has", token, noun, Size{unit});
    }
    if (*number >= paging::kAddressSpaceEnd) {
        return wrong("{} is more than the address space has", token);
    }
    return static_cast<std::uint32_t>(*number);
}

Parsed<std::uint32_t> parse_times(std::string_view token, std::uint32_t last, std::string_view what) {
    const auto number = read_decimal(token, last);
    if (!number || *number == 0) {
        return wrong("'{}' is not {} from 1 to {}", token, what, Decimal{last});
    }
    return *number;
}

Parsed<std::uint32_t> parse_directory_index(std::string_view token) {
    if (const auto index = read_decimal(token, paging::kEntryCount - 1)) {
        return *index;
    }
    const auto number = read_number(token);
    if (number && *number < paging::kEntryCount) {
        return wrong("'{}' is not a directory index; did you mean {}?", token,
                     Decimal{static_cast<std::uint32_t>(*number)});
    }
    if (number && *number < paging::kAddressSpaceEnd && is_hex(token)) {
        return wrong("'{}' is not a directory index; did you mean {}?", token,
                     Decimal{VirtAddr{static_cast<std::uint32_t>(*number)}.directory_index()});
    }
    return wrong("'{}' is not a directory index from 0 to 1023", token);
}

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
