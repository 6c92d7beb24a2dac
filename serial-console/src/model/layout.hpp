// Which part of the screen belongs to what. Pure: size, focus and zoom in, rectangles out.
// For the view, which draws there, and the model, which must know how the grid is laid out to move in it.
#pragma once

#include "serial-console/src/model/geometry.hpp"

#include <cstdint>

namespace pagelab::console::model {

enum class Pane : std::uint8_t { terminal, picture };

/// How the 1,024 slots lie in the grid: `columns` slots in a line of the address space, one or two such lines
/// in a row of cells (two: the upper and the lower half of a cell).
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
    Rect title; // the picture's
    Rect grid;
    Rect side; // legend and numbers
    Rect walk;
    Rect divider; // the terminal's title; empty where there is no room for one
    Rect terminal;
    Rect status;
};

/// Below kBothPanes only the focused pane is shown, as with zoom.
[[nodiscard]] Layout arrange(Size size, Pane focus, bool zoomed);

} // namespace pagelab::console::model
