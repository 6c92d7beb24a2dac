// The pane of the guest's shell.
#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/model/wrap.hpp"
#include "serial-console/src/view/draw.hpp"

namespace pagelab::console::view {

void draw_terminal(Area area, const model::State& state, const Theme& theme) {
    const model::WrappedScreen shown = model::wrap(state.screen, {area.rows(), area.columns()}, state.scroll);
    const Style style = state.scroll > 0 ? theme.ink(Ink::faint) : theme.ink(Ink::plain);
    const std::u32string wanted = state.scroll > 0 ? model::from_utf8(state.text_search) : std::u32string{};
    for (std::size_t row = 0; row < shown.rows.size(); ++row) {
        const std::u32string_view text = shown.rows[row];
        area.write(static_cast<int>(row), 0, text, style);
        for (std::size_t at = wanted.empty() ? std::u32string_view::npos : text.find(wanted);
             at != std::u32string_view::npos; at = text.find(wanted, at + wanted.size())) {
            area.write(static_cast<int>(row), static_cast<int>(at), wanted, theme.ink(Ink::changed));
        }
    }
    if (state.focus == model::Pane::terminal && !state.question && shown.cursor) {
        area.set_cursor(shown.cursor->row, shown.cursor->column);
    }
}

} // namespace pagelab::console::view
