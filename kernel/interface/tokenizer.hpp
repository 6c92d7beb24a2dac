// How a line becomes commands, and a command words. Kernel and launcher split with the same code.
// For the shell and the host's batch runner. Pure: views into the caller's line, nothing is copied.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace pagelab::interface {

/// Characters in a line, without its end. Longer input is refused, never cut.
inline constexpr std::size_t kMaxLine = 512;
/// Words in a command.
inline constexpr std::size_t kMaxWords = 64;

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

[[gnu::noinline]] constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// The line without its comment: `#` begins one at the start of a word.
constexpr std::string_view without_comment(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '#' && (i == 0 || is_blank(line[i - 1]) || line[i - 1] == ';')) {
            return line.substr(0, i);
        }
    }
    return line;
}

/// Takes the next command off `rest` (a line without its comment): what stands before the next `;`,
/// trimmed. Empty commands are passed over. Nothing when the line is used up.
constexpr std::optional<std::string_view> next_command(std::string_view& rest) {
    while (!rest.empty()) {
        const std::size_t end = rest.find(';');
        const std::string_view command = trim(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        if (!command.empty()) {
            return command;
        }
    }
    return std::nullopt;
}

/// The words of one command.
struct Words {
    /// What stands behind the last one is empty, and one such is always there.
    std::array<std::string_view, kMaxWords + 1> items{};
    std::size_t count = 0;
    /// There were more than kMaxWords; the command must be refused.
    bool overflow = false;

    [[nodiscard]] constexpr std::string_view operator[](std::size_t index) const { return items[index]; }

    /// Takes the words of `command`, up to kMaxWords.
    [[gnu::noinline]] constexpr void split(std::string_view command) {
        *this = {};
        std::size_t i = 0;
        while (i < command.size()) {
            const std::size_t first = i;
            while (i < command.size() && !is_blank(command[i])) {
                ++i;
            }
            if (i == first) {
                ++i;
                continue;
            }
            if (count == kMaxWords) {
                overflow = true;
                return;
            }
            items[count++] = command.substr(first, i - first);
        }
    }
    /// Leaves out the first `number` words, of which there are as many.
    constexpr void drop(std::size_t number) {
        for (std::size_t i = 0; i < count; ++i) {
            items[i] = i + number < count ? items[i + number] : std::string_view{};
        }
        count -= number;
    }
};

constexpr Words split_words(std::string_view command) {
    Words words;
    words.split(command);
    return words;
}

} // namespace pagelab::interface
