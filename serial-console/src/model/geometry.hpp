// Sizes and places on a character screen. For model, view and terminal. Values only.
#pragma once

namespace pagelab::console::model {

/// In character cells.
struct Size {
    int rows = 0;
    int columns = 0;
    bool operator==(const Size&) const = default;
};

/// A part of the screen, in cells from its upper left corner. Empty without rows or columns.
struct Rect {
    int row = 0;
    int column = 0;
    int rows = 0;
    int columns = 0;

    [[nodiscard]] bool empty() const { return rows <= 0 || columns <= 0; }
    bool operator==(const Rect&) const = default;
};

} // namespace pagelab::console::model
