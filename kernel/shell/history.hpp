// The lines typed before, oldest first, in static memory: a ring of whole lines.
// For the line editor and the command `history`.
#pragma once

#include "kernel/interface/tokenizer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pagelab::shell {

/// Lines that are kept.
inline constexpr std::size_t kHistoryLines = 32;

class History {
public:
    /// Keeps `line`, unless it is empty or the same as the last one.
    void add(std::string_view line);
    [[nodiscard]] std::size_t size() const { return count_ < kHistoryLines ? count_ : kHistoryLines; }
    /// The line typed `back` lines ago, 1 the last one; empty if it is not kept.
    [[nodiscard]] std::string_view back(std::size_t back) const;
    /// Lines added since boot: the number of the last one.
    [[nodiscard]] std::size_t total() const { return count_; }

private:
    struct Line {
        std::array<char, interface::kMaxLine> text;
        std::uint16_t size;
    };
    std::array<Line, kHistoryLines> lines_{};
    std::size_t count_ = 0;
};

} // namespace pagelab::shell
