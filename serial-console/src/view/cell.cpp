#include "serial-console/src/view/cell.hpp"

#include "serial-console/src/model/utf8.hpp"

namespace pagelab::console::view {

void Area::put(int row, int column, char32_t character, const Style& style) {
    if (row >= 0 && row < rect_.rows && column >= 0 && column < rect_.columns) {
        canvas_->put(rect_.row + row, rect_.column + column, {character, style});
    }
}

int Area::write(int row, int column, std::u32string_view text, const Style& style) {
    for (const char32_t character : text) {
        put(row, column++, character, style);
    }
    return column;
}

int Area::write(int row, int column, std::string_view text, const Style& style) {
    return write(row, column, model::from_utf8(text), style);
}

void Area::fill_row(int row, char32_t character, const Style& style) {
    for (int column = 0; column < rect_.columns; ++column) {
        put(row, column, character, style);
    }
}

void Area::set_cursor(int row, int column) {
    if (row >= 0 && row < rect_.rows && column >= 0 && column < rect_.columns) {
        canvas_->cursor = CursorPlace{rect_.row + row, rect_.column + column};
    }
}

} // namespace pagelab::console::view
