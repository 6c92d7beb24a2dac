// The pane of the guest's shell.
#include "serial-console/src/model/wrap.hpp"
#include "serial-console/src/view/draw.hpp"

namespace pagelab::console::view {

void draw_terminal(Area area, const model::State& state, const Theme& theme) {
    const model::WrappedScreen shown = model::wrap(state.screen, {area.rows(), area.columns()}, state.scroll);
    const Style style = state.scroll > 0 ? theme.ink(Ink::faint) : theme.ink(Ink::plain);
    for (std::size_t row = 0; row < shown.rows.size(); ++row) {
        area.write(static_cast<int>(row), 0, shown.rows[row], style);
    }
    if (state.focus == model::Pane::terminal && shown.cursor) {
        area.set_cursor(shown.cursor->row, shown.cursor->column);
    }
}

} // namespace pagelab::console::view
