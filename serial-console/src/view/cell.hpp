// The cell grid that every view draws into: characters with colours, nothing of any terminal.
// For the views, for terminal/, which shows it, and for the text and SVG twins. Drawing outside is cut off.
#pragma once

#include "serial-console/src/model/geometry.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pagelab::console::view {

using model::Rect;
using model::Size;

/// A colour of xterm's palette of 256 (the first eight are those of any terminal), or the terminal's own.
using Colour = std::int16_t;
inline constexpr Colour kDefaultColour = -1;

struct Style {
    Colour foreground = kDefaultColour;
    Colour background = kDefaultColour;
    bool bold = false;
    bool dim = false;
    bool reverse = false;
    bool underline = false;

    bool operator==(const Style&) const = default;
};

struct Cell {
    char32_t character = U' ';
    Style style;
    bool operator==(const Cell&) const = default;
};

/// The terminal's own cursor.
struct CursorPlace {
    int row = 0;
    int column = 0;
    bool operator==(const CursorPlace&) const = default;
};

class Canvas {
public:
    explicit Canvas(Size size)
        : size_(size), cells_(static_cast<std::size_t>(size.rows) * static_cast<std::size_t>(size.columns)) {}

    [[nodiscard]] Size size() const { return size_; }
    [[nodiscard]] const Cell& at(int row, int column) const { return cells_[index(row, column)]; }

    void put(int row, int column, Cell cell) {
        if (row >= 0 && row < size_.rows && column >= 0 && column < size_.columns) {
            cells_[index(row, column)] = cell;
        }
    }
    /// Nothing hides the terminal's cursor.
    std::optional<CursorPlace> cursor;

private:
    [[nodiscard]] std::size_t index(int row, int column) const {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(size_.columns) +
               static_cast<std::size_t>(column);
    }
    Size size_;
    std::vector<Cell> cells_;
};

/// A rectangle of a canvas with coordinates of its own; what is outside of it is cut off.
class Area {
public:
    Area(Canvas& canvas, Rect rect) : canvas_(&canvas), rect_(rect) {}

    [[nodiscard]] int rows() const { return rect_.rows; }
    [[nodiscard]] int columns() const { return rect_.columns; }

    /// The part from row `row` on.
    [[nodiscard]] Area below(int row) const {
        return {*canvas_, {rect_.row + row, rect_.column, rect_.rows - row, rect_.columns}};
    }

    void put(int row, int column, char32_t character, const Style& style = {});
    /// Writes one line; answers the column behind it.
    int write(int row, int column, std::u32string_view text, const Style& style = {});
    /// The same for ASCII and UTF-8.
    int write(int row, int column, std::string_view text, const Style& style = {});
    void fill_row(int row, char32_t character, const Style& style);
    void set_cursor(int row, int column);

private:
    Canvas* canvas_;
    Rect rect_;
};

} // namespace pagelab::console::view
