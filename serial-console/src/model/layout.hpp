// Which part of the screen belongs to what. Pure: size, focus, zoom and view in, rectangles out.
// For the view, which draws there, and the model, which must know how the grid is laid out to move in it and
// what a click means.
#pragma once

#include "serial-console/src/model/geometry.hpp"
#include "serial-console/src/model/views.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::console::model {

enum class Pane : std::uint8_t { terminal, picture };

/// How 1,024 slots lie in a grid: `columns` slots in a line, one or two such lines in a row of cells (two:
/// the upper and the lower half of a cell).
struct GridShape {
    int columns = 64;
    int lines_per_row = 2;

    [[nodiscard]] int lines() const { return 1024 / columns; }
    [[nodiscard]] int rows() const { return lines() / lines_per_row; }
    bool operator==(const GridShape&) const = default;
};

/// Columns of the address before each row of the grid, with the blank behind it.
inline constexpr int kGridLabel = 11;
/// Least size at which the program is of use; below it only a sentence fits.
inline constexpr Size kLeastSize{12, 40};
/// From this size on terminal and picture stand on the screen together.
inline constexpr Size kBothPanes{24, 80};

struct Layout {
    GridShape grid_shape;
    Rect title;   // the picture's: tabs and the address
    Rect grid;    // the view's own 1,024 slots
    Rect table;   // beside or below the directory, where there is room: the table under the cursor
    Rect detail;  // the walk of the address, or what is known of the frame
    Rect list;    // a view of lines
    Rect side;    // legend and numbers
    Rect log;     // the newest of the journal, where there is room
    Rect divider; // the terminal's title; empty where there is no room for one
    Rect terminal;
    Rect status;
};

/// Below kBothPanes only the focused pane is shown, as with zoom.
[[nodiscard]] Layout arrange(Size size, Pane focus, bool zoomed, View view);

/// Where the tab of a view stands in the title, with the blanks around it.
struct Tab {
    int column = 0;
    int width = 0;
};
/// Without names a tab is its number.
[[nodiscard]] std::array<Tab, kTabCount> tabs(bool with_names);
/// Whether all of them fit with their names.
[[nodiscard]] constexpr bool tabs_have_names(int columns) {
    constexpr int kWithNames = 76;
    return columns >= kWithNames;
}
[[nodiscard]] std::optional<View> tab_at(int columns, int column);

} // namespace pagelab::console::model
