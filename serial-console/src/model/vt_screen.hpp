// The screen of the guest's shell: a small subset of VT100, as much as a line editor needs.
// Pure: bytes in, lines of characters out; what is not understood vanishes, and no byte is ever passed on.
// Lines are kept unbroken and wrapped only where they are shown (wrap.hpp): resizing loses nothing, and a
// line editor that knows no width stays right in lines that are longer than the pane.
#pragma once

#include "serial-console/src/serial/terminal_bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pagelab::console::model {

class VtScreen {
public:
    /// Lines kept, those scrolled away included.
    static constexpr std::size_t kMaxLines = 4000;
    /// Characters in a line; longer ones are broken.
    static constexpr std::size_t kMaxLineLength = 4096;
    /// How far an absolute move may go below the top.
    static constexpr std::size_t kMaxRow = 200;

    struct Position {
        std::size_t line = 0;
        std::size_t column = 0;
        bool operator==(const Position&) const = default;
    };

    /// Takes what the guest sent, cut anywhere.
    void feed(std::string_view bytes);

    [[nodiscard]] const std::deque<std::u32string>& lines() const { return lines_; }
    /// The first line after the last clearing of the screen; those before it are history.
    [[nodiscard]] std::size_t top() const { return top_; }
    [[nodiscard]] Position cursor() const { return cursor_; }
    /// What the last command printed, from mark to mark (interface/marks.hpp); empty without one.
    [[nodiscard]] std::string last_output() const;
    /// Whether the bell rang since the last call.
    [[nodiscard]] bool take_bell() { return std::exchange(bell_, false); }

private:
    void pass(const serial::Unit& unit);
    void put(char32_t character);
    void control(char byte);
    void sequence(std::string_view bytes);
    void mark(std::string_view bytes);
    void line_feed();
    void drop_surplus();
    void ensure_line(std::size_t line);
    void erase_line(std::size_t mode);
    void erase_screen(std::size_t mode);
    void clear();
    std::u32string& line() { return lines_[cursor_.line]; }

    serial::UnitParser parser_;
    std::deque<std::u32string> lines_{1};
    std::size_t top_ = 0;
    Position cursor_;
    bool bell_ = false;
    /// Of the last command's output: where it began and where it ended.
    std::optional<Position> output_begin_;
    std::optional<Position> output_end_;
};

} // namespace pagelab::console::model
