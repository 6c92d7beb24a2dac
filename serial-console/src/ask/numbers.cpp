#include "serial-console/src/ask/numbers.hpp"

#include <algorithm>
#include <charconv>

namespace pagelab::console::ask {
namespace {

constexpr std::uint64_t kNumberEnd = std::uint64_t{1} << 52;

unsigned suffix_shift(char letter) {
    switch (letter) {
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

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

/// All of `digits` as a number below 2^52.
std::optional<std::uint64_t> read_digits(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
    const bool whole = !digits.empty() && digits.front() != '-' && error == std::errc{} && stop == end;
    return whole && value < kNumberEnd ? std::optional{value} : std::nullopt;
}

/// What people and other tools put around a number: $0x…, c010`0000, 0xc010_0000, 0xc0100000ULL, c0100000h.
std::string without_decoration(std::string_view token) {
    constexpr std::string_view kBefore = "$*&#@";
    constexpr std::string_view kBehind = "hHlLuU,)";
    constexpr std::string_view kWithin = "_`'(";
    token.remove_prefix(std::min(token.find_first_not_of(kBefore), token.size()));
    token = token.substr(0, token.find_last_not_of(kBehind) + 1);
    std::string plain(token);
    std::erase_if(plain, [&](char letter) { return kWithin.contains(letter); });
    return plain;
}

/// A size in another spelling: 4k, 4KB, 4KiB.
std::string propose_size(std::string_view token) {
    constexpr std::size_t kMostDigits = 7;
    const std::size_t digits = std::min(token.find_first_not_of("0123456789"), token.size());
    const std::string_view unit = token.substr(digits);
    if (digits == 0 || digits > kMostDigits || unit.empty() || unit.size() > 3) {
        return {};
    }
    const char letter = static_cast<char>(unit[0] & ~0x20);
    const bool tail = unit.size() == 1 || ((unit.back() | 0x20) == 'b' && (unit[1] | 0x20) != 'x');
    return suffix_shift(letter) != 0 && tail ? std::string(token.substr(0, digits)) + letter : std::string{};
}

} // namespace

std::optional<std::uint64_t> read_number(std::string_view token) {
    if (is_hex(token)) {
        return read_digits(token.substr(2), 16);
    }
    const unsigned shift = token.empty() ? 0 : suffix_shift(token.back());
    const auto value = read_digits(shift != 0 ? token.substr(0, token.size() - 1) : token, 10);
    if (!value || *value >= kNumberEnd >> shift) {
        return std::nullopt;
    }
    return *value << shift;
}

std::optional<std::uint32_t> read_decimal(std::string_view token, std::uint32_t last) {
    const auto value = read_digits(token, 10);
    return value && *value <= last ? std::optional{static_cast<std::uint32_t>(*value)} : std::nullopt;
}

std::string propose_number(std::string_view token) {
    constexpr std::size_t kMostDigits = 10;
    if (std::string size = propose_size(token); !size.empty()) {
        return size;
    }
    const std::string plain = without_decoration(token);
    const std::string digits = is_hex(plain) ? plain.substr(2) : plain;
    if (!read_digits(digits, 16) || digits.size() > kMostDigits) {
        return {};
    }
    // Digits alone were decorated decimals: $10, 1_000.
    const bool decimal =
        !is_hex(plain) && std::ranges::all_of(digits, is_digit) && token.back() != 'h' && token.back() != 'H';
    const std::string proposal = (decimal ? "" : "0x") + digits;
    return proposal == token ? std::string{} : proposal;
}

} // namespace pagelab::console::ask
