// Where the lines of a VtScreen stand in a pane of a given size: wrapping, scrolling back, the cursor. Pure.
// For the view, which draws the rows, and the model, which must know how far one can scroll.
#pragma once

#include "serial-console/src/model/geometry.hpp"
#include "serial-console/src/model/vt_screen.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace pagelab::console::model {

struct WrappedScreen {
    /// The rows of the pane from the top, at most its height; views into the screen's lines.
    std::vector<std::u32string_view> rows;
    struct Place {
        int row = 0;
        int column = 0;
    };
    /// The cursor in the pane, if it is in sight.
    std::optional<Place> cursor;
    /// How many rows one can scroll back.
    std::size_t history = 0;
};

/// `scroll`: rows scrolled back; more than there are counts as all.
[[nodiscard]] WrappedScreen wrap(const VtScreen& screen, Size pane, std::size_t scroll);

} // namespace pagelab::console::model
