#include "serial-console/src/machine/registers.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>

namespace pagelab::console::machine {
namespace {

/// The hexadecimal value after `NAME=` where NAME stands at the start of a word.
std::optional<std::uint32_t> value_of(std::string_view text, std::string_view name) {
    const std::string key = fmt::format("{}=", name);
    std::size_t at = text.find(key);
    while (at != std::string_view::npos && at > 0 && text[at - 1] != ' ' && text[at - 1] != '\n') {
        at = text.find(key, at + 1);
    }
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view digits = text.substr(at + key.size());
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

} // namespace

std::optional<DeathRegisters> parse_registers(std::string_view text) {
    const auto eip = value_of(text, "EIP");
    const auto cr2 = value_of(text, "CR2");
    const auto cr3 = value_of(text, "CR3");
    if (!eip || !cr2 || !cr3) {
        return std::nullopt;
    }
    return DeathRegisters{*eip, *cr2, *cr3};
}

std::string registers_text(const DeathRegisters& registers) {
    return fmt::format("eip {:#010x}, cr2 {:#010x}, cr3 p:{:#010x}", registers.eip, registers.cr2,
                       registers.cr3);
}

} // namespace pagelab::console::machine
