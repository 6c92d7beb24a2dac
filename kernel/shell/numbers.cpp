#include "kernel/shell/numbers.hpp"

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

namespace {

/// A count in hex is mostly a physical address without its p:, where pages are counted; elsewhere it is a
/// count.
std::unexpected<Problem> hex_count(std::string_view token, bool of_units) {
    const auto number = read_number(token);
    if (!number || *number > kLastPhysical || (of_units && *number > 0xffffffffu)) {
        return wrong("{} is not a count; counts are decimal", token);
    }
    if (of_units) {
        return wrong("{} is not a count; did you mean {}?", token,
                     Decimal{static_cast<std::uint32_t>(*number)});
    }
    return wrong("{} is not a count; a physical address is {}", token, paging::PhysAddr{*number});
}

} // namespace

Parsed<std::uint32_t> parse_count(std::string_view token, std::uint32_t unit, const char* noun) {
    if (is_hex(token)) {
        return hex_count(token, unit < paging::kPageSize);
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

Parsed<std::uint32_t> parse_times(std::string_view token, std::uint32_t last, const char* what) {
    const auto number = read_decimal(token, last);
    if (!number || *number == 0) {
        return wrong("'{}' is not {} from 1 to {}", token, what, Decimal{last});
    }
    return *number;
}

} // namespace pagelab::shell
