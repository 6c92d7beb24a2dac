#include "serial-console/src/model/layout.hpp"

#include <algorithm>

namespace pagelab::console::model {
namespace {

constexpr Size kBeside{36, 162};
constexpr Size kRoomy{36, 110};
constexpr int kPictureColumns = 80;
constexpr int kWalkLines = 3;
constexpr int kWalkLinesWithBits = 8;
/// A grid of 64 columns with its addresses.
constexpr int kGridColumns = 64 + kGridLabel;
/// Rows of the table below the directory, with its heading.
constexpr int kTableRows = 17;
constexpr int kLegendRows = 10;
/// Fewer lines of the journal tell nothing.
constexpr int kLeastLog = 4;
constexpr int kFullWalk = 15;

/// The widest grid that fits, and as many lines to a row as its height asks for.
GridShape shape_for(int rows, int columns) {
    GridShape shape;
    while (shape.columns > 16 && shape.columns + kGridLabel > columns) {
        shape.columns /= 2;
    }
    shape.lines_per_row = shape.lines() <= rows ? 1 : 2;
    return shape;
}

/// Takes up to `rows` lines off the top of `area`.
Rect take_rows(Rect& area, int rows) {
    const Rect taken{area.row, area.column, std::clamp(rows, 0, std::max(area.rows, 0)), area.columns};
    area.row += taken.rows;
    area.rows -= taken.rows;
    return taken;
}

/// What is left below grid and walk: legend, and the journal where that leaves room for it.
void arrange_rest(Layout& layout, Rect rest) {
    static_cast<void>(take_rows(rest, 1));
    if (rest.rows - kLegendRows - 1 < kLeastLog) {
        layout.side = rest;
        return;
    }
    layout.side = take_rows(rest, kLegendRows);
    static_cast<void>(take_rows(rest, 1));
    layout.log = rest;
}

void arrange_grid(Layout& layout, Rect body, int walk_lines, View view) {
    const int free_rows = std::max(body.rows - walk_lines, 0);
    layout.grid_shape = shape_for(free_rows, body.columns);
    const int columns = std::min(layout.grid_shape.columns + kGridLabel, body.columns);
    Rect top = take_rows(body, std::min(layout.grid_shape.rows(), free_rows));
    layout.grid = {top.row, top.column, top.rows, columns};
    layout.detail = take_rows(body, walk_lines);
    const Rect beside{top.row, top.column + columns + 2, top.rows, top.columns - columns - 2};
    const bool whole = layout.grid_shape.lines_per_row == 1;
    if (view == View::directory && whole && beside.columns >= kGridColumns) {
        layout.table = {beside.row, beside.column, beside.rows, kGridColumns};
        arrange_rest(layout, body);
        return;
    }
    if (beside.columns >= 24) {
        layout.side = beside;
        static_cast<void>(take_rows(body, 1));
        layout.log = body.rows >= kLeastLog ? body : Rect{};
        return;
    }
    if (view == View::directory && whole && body.rows - 1 - kTableRows >= kLegendRows) {
        static_cast<void>(take_rows(body, 1));
        layout.table = take_rows(body, kTableRows);
    }
    arrange_rest(layout, body);
}

/// The view, with what else there is room for, in `area`.
void arrange_picture(Layout& layout, Rect area, int walk_lines, View view) {
    layout.title = take_rows(area, 1);
    switch (view) {
    case View::directory:
    case View::table:
    case View::frames:
        arrange_grid(layout, area, walk_lines, view);
        return;
    case View::walk:
        layout.detail = take_rows(area, kFullWalk);
        static_cast<void>(take_rows(area, 1));
        layout.log = area.rows >= kLeastLog ? area : Rect{};
        return;
    default:
        layout.list = area;
        return;
    }
}

void arrange_one(Layout& layout, Size size, Pane focus, View view) {
    const Rect all{0, 0, size.rows - 1, size.columns};
    if (focus == Pane::terminal) {
        layout.terminal = all;
        return;
    }
    arrange_picture(layout, all, size.rows >= kRoomy.rows ? kWalkLinesWithBits : kWalkLines, view);
}

void arrange_beside(Layout& layout, Size size, View view) {
    const int rows = size.rows - 1;
    arrange_picture(layout, {0, 0, rows, kPictureColumns}, kWalkLinesWithBits, view);
    const int column = kPictureColumns + 1;
    layout.divider = {0, column, 1, size.columns - column};
    layout.terminal = {1, column, rows - 1, size.columns - column};
}

void arrange_above(Layout& layout, Size size, View view) {
    const bool roomy = size.rows >= kRoomy.rows;
    const int grid_rows = roomy ? 16 : 8;
    const int walk_lines = roomy ? 5 : kWalkLines;
    const int picture_rows = 1 + grid_rows + walk_lines;
    arrange_picture(layout, {0, 0, picture_rows, size.columns}, walk_lines, view);
    int row = picture_rows;
    // At 24 lines the terminal needs each of its eleven.
    if (size.rows > kBothPanes.rows) {
        layout.divider = {row++, 0, 1, size.columns};
    }
    layout.terminal = {row, 0, size.rows - 1 - row, size.columns};
}

} // namespace

Layout arrange(Size size, Pane focus, bool zoomed, View view) {
    Layout layout;
    if (size.rows < 1 || size.columns < 1) {
        return layout;
    }
    layout.status = {size.rows - 1, 0, 1, size.columns};
    if (zoomed || size.rows < kBothPanes.rows || size.columns < kBothPanes.columns) {
        arrange_one(layout, size, focus, view);
    } else if (size.rows >= kBeside.rows && size.columns >= kBeside.columns) {
        arrange_beside(layout, size, view);
    } else {
        arrange_above(layout, size, view);
    }
    return layout;
}

std::array<Tab, kTabCount> tabs(bool with_names) {
    std::array<Tab, kTabCount> result;
    int column = 0;
    for (std::size_t i = 0; i < kTabCount; ++i) {
        const int width = with_names ? static_cast<int>(kViewNames[i].size()) + 3 : 2;
        result[i] = {column, width};
        column += width;
    }
    return result;
}

std::optional<View> tab_at(int columns, int column) {
    const auto all = tabs(tabs_have_names(columns));
    for (std::size_t i = 0; i < kTabCount; ++i) {
        if (column >= all[i].column && column < all[i].column + all[i].width) {
            return static_cast<View>(i);
        }
    }
    return std::nullopt;
}

} // namespace pagelab::console::model
