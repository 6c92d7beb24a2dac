// The views of the picture and their names: those of the shell's commands that answer the same question.
// For keys, tabs, help and the command line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::console::model {

enum class View : std::uint8_t {
    directory,
    table,
    walk,
    maps,
    frames,
    log,
    check,
    regs,
    answer, // of the last verb that was asked; has no key of its own
};

inline constexpr std::size_t kViewCount = 9;
/// Those with a tab and a number: 1 and up.
inline constexpr std::size_t kTabCount = 8;

inline constexpr std::array<std::string_view, kViewCount> kViewNames = {
    "directory", "table", "walk", "maps", "frames", "log", "check", "regs", "answer"};

constexpr std::string_view view_name(View view) {
    return kViewNames[static_cast<std::size_t>(view)];
}

constexpr std::optional<View> view_of_name(std::string_view name) {
    for (std::size_t i = 0; i < kTabCount; ++i) {
        if (kViewNames[i] == name) {
            return static_cast<View>(i);
        }
    }
    return std::nullopt;
}

/// The view of the key `digit`, '1' to '8'.
constexpr std::optional<View> view_of_digit(char32_t digit) {
    if (digit < U'1' || digit >= U'1' + kTabCount) {
        return std::nullopt;
    }
    return static_cast<View>(digit - U'1');
}

/// Those that are lines with one of them selected; the others are drawn around an address.
constexpr bool is_list(View view) {
    return view == View::maps || view == View::log || view == View::check || view == View::answer;
}

} // namespace pagelab::console::model
