#include "serial-console/src/model/address_input.hpp"

#include "kernel/interface/tokenizer.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>

namespace pagelab::console::model {
namespace {

using paging::VirtAddr;

struct Digits {
    std::string_view text;
    int base = 10;
};

Digits digits_of(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    return hexadecimal ? Digits{text.substr(2), 16} : Digits{text, 10};
}

/// The whole of `text` as a number without sign, or nothing.
std::optional<std::uint64_t> parse_number(std::string_view text) {
    const auto [digits, base] = digits_of(text);
    std::uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
    if (digits.empty() || digits.front() == '-' || error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> parse_scaled(std::string_view text) {
    std::uint64_t scale = 1;
    if (!text.empty() && !text.starts_with("0x") && !text.starts_with("0X")) {
        switch (text.back()) {
        case 'K':
            scale = std::uint64_t{1} << 10;
            break;
        case 'M':
            scale = std::uint64_t{1} << 20;
            break;
        case 'G':
            scale = std::uint64_t{1} << 30;
            break;
        default:
            break;
        }
    }
    const auto number = parse_number(scale == 1 ? text : text.substr(0, text.size() - 1));
    if (!number || *number > UINT64_MAX / scale) {
        return std::nullopt;
    }
    return *number * scale;
}

std::expected<VirtAddr, std::string> parse_indices(std::string_view text) {
    const std::size_t first = text.find(':');
    const std::size_t second = text.find(':', first + 1);
    const auto pdi = parse_number(text.substr(0, first));
    const auto pti = parse_number(text.substr(first + 1, second - first - 1));
    const auto offset = second == std::string_view::npos ? std::optional<std::uint64_t>{0}
                                                         : parse_number(text.substr(second + 1));
    if (!pdi || !pti || !offset) {
        return std::unexpected(
            fmt::format("'{}' is not PDI:PTI[:OFFSET]; an example is 768:257:0x234", text));
    }
    if (*pdi >= paging::kEntryCount || *pti >= paging::kEntryCount) {
        return std::unexpected(fmt::format("'{}': indices end at 1023", text));
    }
    if (*offset >= paging::kPageSize) {
        return std::unexpected(fmt::format("'{}': offsets end at 0xfff", text));
    }
    return VirtAddr::from_indices(static_cast<std::uint32_t>(*pdi), static_cast<std::uint32_t>(*pti),
                                  static_cast<std::uint32_t>(*offset));
}

std::string not_an_address(std::string_view text) {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
    if (error == std::errc{} && stop == end) {
        return fmt::format("'{}' is not an address; did you mean 0x{}?", text, text);
    }
    return fmt::format("'{}' is not an address; try 0x40000000 or 256:0", text);
}

} // namespace

std::expected<VirtAddr, std::string> parse_virtual_address(std::string_view input) {
    const std::string_view text = interface::trim(input);
    if (text.starts_with("p:")) {
        return std::unexpected(std::string{"p: is a physical address; the walk begins at a virtual one"});
    }
    if (text.find(':') != std::string_view::npos) {
        return parse_indices(text);
    }
    const auto number = parse_scaled(text);
    if (!number) {
        return std::unexpected(not_an_address(text));
    }
    if (*number >= paging::kAddressSpaceEnd) {
        return std::unexpected(fmt::format("'{}' is beyond 0xffffffff", text));
    }
    return VirtAddr{static_cast<std::uint32_t>(*number)};
}

std::expected<paging::PhysAddr, std::string> parse_physical_address(std::string_view input) {
    const std::string_view text = interface::trim(input);
    constexpr std::uint64_t kEnd = std::uint64_t{1} << 40; // all that PSE-36 reaches
    const auto number = text.starts_with("p:") ? parse_scaled(text.substr(2)) : std::nullopt;
    if (!number || *number >= kEnd) {
        return std::unexpected(
            fmt::format("'{}' is not a physical address; an example is p:0x00101000", text));
    }
    return paging::PhysAddr{*number};
}

} // namespace pagelab::console::model
