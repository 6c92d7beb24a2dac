#include "serial-console/src/machine/machine_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace pagelab::console::machine {
namespace {

constexpr std::array<std::pair<std::string_view, MachineType>, 4> kTypes = {{
    {"pc", MachineType::pc},
    {"isapc", MachineType::isapc},
    {"q35", MachineType::q35},
    {"microvm", MachineType::microvm},
}};

/// log2 of a size suffix; nothing if it is none.
std::optional<unsigned> suffix_shift(char suffix) {
    switch (suffix) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    default:
        return std::nullopt;
    }
}

} // namespace

std::expected<MachineType, std::string> parse_machine_type(std::string_view text) {
    for (const auto& [name, type] : kTypes) {
        if (name == text) {
            return type;
        }
    }
    return std::unexpected(fmt::format("--machine {}: not a machine; pc, isapc, q35 or microvm", text));
}

std::string_view machine_type_name(MachineType type) {
    const auto* const found =
        std::ranges::find(kTypes, type, &std::pair<std::string_view, MachineType>::second);
    return found == kTypes.end() ? std::string_view("?") : found->first;
}

std::expected<std::uint64_t, std::string> parse_memory_size(std::string_view text) {
    const auto refuse = [text](std::string_view why) {
        return std::unexpected(fmt::format("--memory {}: {}", text, why));
    };
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data()) {
        return refuse("not a size; 2M to 4G, with K, M or G");
    }
    const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (suffix.empty()) {
        return refuse(fmt::format("give a unit, as in {}M", text));
    }
    const std::optional<unsigned> shift = suffix.size() == 1 ? suffix_shift(suffix.front()) : std::nullopt;
    if (!shift) {
        return refuse("not a size; 2M to 4G, with K, M or G");
    }
    if (number > (kMostMemory >> *shift) || (number << *shift) < kLeastMemory) {
        return refuse("out of range; 2M to 4G");
    }
    const std::uint64_t bytes = number << *shift;
    if (bytes % kMemoryUnit != 0) {
        return refuse("must be a multiple of 8K");
    }
    return bytes;
}

std::string memory_size_text(std::uint64_t bytes) {
    constexpr std::array<std::pair<unsigned, char>, 3> kUnits = {{{30, 'G'}, {20, 'M'}, {10, 'K'}}};
    for (const auto& [shift, letter] : kUnits) {
        if (bytes % (std::uint64_t{1} << shift) == 0) {
            return fmt::format("{}{}", bytes >> shift, letter);
        }
    }
    return fmt::format("{}", bytes);
}

std::expected<std::string, std::string> parse_cpu(std::string_view text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char byte) {
        return std::isalnum(byte) != 0 || std::string_view("-_+.,=").contains(static_cast<char>(byte));
    });
    if (!plain || text.front() == '-' || text.front() == ',') {
        return std::unexpected(fmt::format(
            "--cpu {}: not a CPU model; max, qemu32, pentium, 486 or another of `qemu-system-i386 -cpu help`",
            text));
    }
    return std::string(text);
}

} // namespace pagelab::console::machine
