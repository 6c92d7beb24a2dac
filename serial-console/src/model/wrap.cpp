#include "serial-console/src/model/wrap.hpp"

#include <algorithm>

namespace pagelab::console::model {
namespace {

/// Rows that line `index` takes; the cursor may stand one behind the last character.
std::size_t rows_of(const VtScreen& screen, std::size_t index, std::size_t columns) {
    std::size_t length = screen.lines()[index].size();
    if (screen.cursor().line == index) {
        length = std::max(length, screen.cursor().column + 1);
    }
    return std::max<std::size_t>((length + columns - 1) / columns, 1);
}

} // namespace

WrappedScreen wrap(const VtScreen& screen, Size pane, std::size_t scroll) {
    WrappedScreen result;
    if (pane.rows <= 0 || pane.columns <= 0) {
        return result;
    }
    const auto columns = static_cast<std::size_t>(pane.columns);
    const auto height = static_cast<std::size_t>(pane.rows);
    const auto& lines = screen.lines();
    std::vector<std::size_t> first_row(lines.size() + 1, 0);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        first_row[i + 1] = first_row[i] + rows_of(screen, i, columns);
    }
    const std::size_t total = first_row[lines.size()];
    const std::size_t top = first_row[screen.top()];
    // What was printed since the last clearing begins at the top until it fills the pane.
    const std::size_t base = total - top <= height ? top : total - height;
    result.history = base;
    const std::size_t begin = base - std::min(scroll, base);

    auto line = static_cast<std::size_t>(std::upper_bound(first_row.begin(), first_row.end(), begin) -
                                         first_row.begin() - 1);
    for (std::size_t row = begin; row < std::min(begin + height, total); ++row) {
        while (first_row[line + 1] <= row) {
            ++line;
        }
        const std::u32string_view text = lines[line];
        const std::size_t offset = (row - first_row[line]) * columns;
        result.rows.push_back(offset < text.size() ? text.substr(offset, columns) : std::u32string_view{});
    }
    const std::size_t cursor_row = first_row[screen.cursor().line] + screen.cursor().column / columns;
    if (cursor_row >= begin && cursor_row < begin + height) {
        result.cursor = WrappedScreen::Place{static_cast<int>(cursor_row - begin),
                                             static_cast<int>(screen.cursor().column % columns)};
    }
    return result;
}

} // namespace pagelab::console::model
