#include "serial-console/src/model/layout.hpp"

#include <algorithm>

namespace pagelab::console::model {
namespace {

constexpr Size kBeside{36, 162};
constexpr Size kRoomy{36, 110};
constexpr int kPictureColumns = 80;
constexpr int kWalkLines = 3;
constexpr int kWalkLinesWithBits = 8;

/// The widest grid that fits, and as many lines to a row as its height asks for.
GridShape shape_for(int rows, int columns) {
    GridShape shape;
    while (shape.columns > 16 && shape.columns + kGridLabel > columns) {
        shape.columns /= 2;
    }
    shape.lines_per_row = shape.lines() <= rows ? 1 : 2;
    return shape;
}

/// Title, grid, walk, and the legend where there is room, in `area`.
void arrange_picture(Layout& layout, const Rect& area, int walk_lines) {
    layout.title = {area.row, area.column, 1, area.columns};
    const int free_rows = std::max(area.rows - 1 - walk_lines, 0);
    layout.grid_shape = shape_for(free_rows, area.columns);
    const int grid_columns = std::min(layout.grid_shape.columns + kGridLabel, area.columns);
    const int grid_rows = std::min(layout.grid_shape.rows(), free_rows);
    layout.grid = {area.row + 1, area.column, grid_rows, grid_columns};
    const int below = area.row + 1 + grid_rows;
    layout.walk = {below, area.column, std::min(walk_lines, area.row + area.rows - below), area.columns};
    const int beside = area.columns - grid_columns - 2;
    if (beside >= 24) {
        layout.side = {area.row + 1, area.column + grid_columns + 2, grid_rows, beside};
        return;
    }
    const int used = below + layout.walk.rows;
    layout.side = {used + 1, area.column, area.row + area.rows - used - 1, area.columns};
}

void arrange_one(Layout& layout, Size size, Pane focus) {
    const Rect all{0, 0, size.rows - 1, size.columns};
    if (focus == Pane::terminal) {
        layout.terminal = all;
        return;
    }
    arrange_picture(layout, all, size.rows >= kRoomy.rows ? kWalkLinesWithBits : kWalkLines);
}

void arrange_beside(Layout& layout, Size size) {
    const int rows = size.rows - 1;
    arrange_picture(layout, {0, 0, rows, kPictureColumns}, kWalkLinesWithBits);
    const int column = kPictureColumns + 1;
    layout.divider = {0, column, 1, size.columns - column};
    layout.terminal = {1, column, rows - 1, size.columns - column};
}

void arrange_above(Layout& layout, Size size) {
    const bool roomy = size.rows >= kRoomy.rows;
    const int grid_rows = roomy ? 16 : 8;
    const int walk_lines = roomy ? 5 : kWalkLines;
    const int picture_rows = 1 + grid_rows + walk_lines;
    arrange_picture(layout, {0, 0, picture_rows, size.columns}, walk_lines);
    int row = picture_rows;
    // At 24 lines the terminal needs each of its eleven.
    if (size.rows > kBothPanes.rows) {
        layout.divider = {row++, 0, 1, size.columns};
    }
    layout.terminal = {row, 0, size.rows - 1 - row, size.columns};
}

} // namespace

Layout arrange(Size size, Pane focus, bool zoomed) {
    Layout layout;
    if (size.rows < 1 || size.columns < 1) {
        return layout;
    }
    layout.status = {size.rows - 1, 0, 1, size.columns};
    if (zoomed || size.rows < kBothPanes.rows || size.columns < kBothPanes.columns) {
        arrange_one(layout, size, focus);
    } else if (size.rows >= kBeside.rows && size.columns >= kBeside.columns) {
        arrange_beside(layout, size);
    } else {
        arrange_above(layout, size);
    }
    return layout;
}

} // namespace pagelab::console::model
