#include "serial-console/src/machine/registers.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cstddef>

namespace pagelab::console::machine {
namespace {

/// What stands after `NAME =` or `NAME=` where NAME is a whole word.
std::optional<std::string_view> text_after(std::string_view text, std::string_view name) {
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == '\n';
        std::string_view rest = text.substr(at + name.size());
        rest.remove_prefix(rest.starts_with(' ') ? 1 : 0);
        if (begins && rest.starts_with('=')) {
            return rest.substr(1);
        }
    }
    return std::nullopt;
}

/// Takes a hexadecimal number off `text`, with blanks before it.
template <class Number = std::uint32_t>
std::optional<Number> take_hex(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

template <class Number = std::uint32_t>
std::optional<Number> value_of(std::string_view text, std::string_view name) {
    auto rest = text_after(text, name);
    return rest ? take_hex<Number>(*rest) : std::nullopt;
}

/// `TR =0028 c012d100 00000067 …` with a selector, `GDT=     c012c000 00000037` without.
TableRegister table_of(std::string_view text, std::string_view name, bool has_selector) {
    TableRegister table;
    if (auto rest = text_after(text, name)) {
        table.selector = has_selector ? take_hex(*rest).value_or(0) : 0;
        table.base = take_hex(*rest).value_or(0);
        table.limit = take_hex(*rest).value_or(0);
    }
    return table;
}

std::string upper(std::string_view name) {
    std::string text(name);
    for (char& letter : text) {
        letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return text;
}

} // namespace

std::optional<CpuRegisters> parse_registers(std::string_view text) {
    const auto eip = value_of(text, "EIP");
    const auto cr2 = value_of(text, "CR2");
    const auto cr3 = value_of(text, "CR3");
    if (!eip || !cr2 || !cr3) {
        return std::nullopt;
    }
    CpuRegisters registers;
    registers.eip = *eip;
    registers.cr2 = *cr2;
    registers.cr3 = *cr3;
    registers.eflags = value_of(text, "EFL").value_or(0);
    registers.cr0 = value_of(text, "CR0").value_or(0);
    registers.cr4 = value_of(text, "CR4").value_or(0);
    for (std::size_t i = 0; i < kGeneralNames.size(); ++i) {
        registers.general[i] = value_of(text, upper(kGeneralNames[i])).value_or(0);
    }
    registers.idt = table_of(text, "IDT", false);
    registers.gdt = table_of(text, "GDT", false);
    registers.task = table_of(text, "TR", true);
    registers.cs = value_of(text, "CS").value_or(0);
    registers.ss = value_of(text, "SS").value_or(0);
    registers.halted = value_of(text, "HLT").value_or(0) != 0;
    return registers;
}

std::optional<ControlState> parse_control(std::string_view text) {
    const auto cr0 = value_of(text, "CR0");
    const auto cr3 = value_of<std::uint64_t>(text, "CR3");
    const auto cr4 = value_of(text, "CR4");
    if (!cr0 || !cr3 || !cr4) {
        return std::nullopt;
    }
    return ControlState{*cr0, *cr3, *cr4, value_of<std::uint64_t>(text, "EFER").value_or(0)};
}

std::string registers_text(const CpuRegisters& registers) {
    return fmt::format("eip {:#010x}, cr2 {:#010x}, cr3 p:{:#010x}", registers.eip, registers.cr2,
                       registers.cr3);
}

} // namespace pagelab::console::machine
