#include "serial-console/src/view/draw.hpp"

namespace pagelab::console::view {

Canvas draw(const model::State& state, const Theme& theme) {
    Canvas canvas{state.size};
    const model::Layout layout = state.layout();
    if (state.size.rows < 3 || state.size.columns < 20) {
        Area{canvas, {0, 0, state.size.rows, state.size.columns}}.write(0, 0, "too small; ^] q quits");
        return canvas;
    }
    const auto area = [&](const Rect& rect) { return Area{canvas, rect}; };
    const auto draw_part = [&](const Rect& rect, auto&& drawing) {
        if (!rect.empty()) {
            drawing(area(rect), state, theme);
        }
    };
    draw_part(layout.title, draw_picture_title);
    draw_part(layout.grid, draw_grid);
    draw_part(layout.table, draw_table);
    draw_part(layout.detail, draw_detail);
    draw_part(layout.list, draw_list);
    draw_part(layout.side, draw_side);
    draw_part(layout.log, draw_log);
    draw_part(layout.divider, draw_divider);
    draw_part(layout.terminal, draw_terminal);
    if (state.help) {
        canvas.cursor.reset();
        draw_part({0, 0, state.size.rows - 1, state.size.columns}, draw_help);
    }
    draw_part(layout.status, draw_status);
    return canvas;
}

} // namespace pagelab::console::view
