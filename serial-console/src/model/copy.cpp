// What `y` copies: in the terminal the last command's output, or what is in sight of the lines scrolled back;
// in the picture what the view tells.
#include "serial-console/src/model/keys.hpp"
#include "serial-console/src/model/texts.hpp"
#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/model/wrap.hpp"

namespace pagelab::console::model {
namespace {

std::string rows_in_sight(const State& state) {
    const Rect pane = state.layout().terminal;
    std::string text;
    for (const std::u32string_view row : wrap(state.screen, {pane.rows, pane.columns}, state.scroll).rows) {
        text += to_utf8(row);
        text += '\n';
    }
    return text;
}

} // namespace

std::string copied_text(const State& state) {
    if (state.focus == Pane::terminal) {
        std::string text = state.scroll > 0 ? std::string{} : state.screen.last_output();
        return text.empty() ? rows_in_sight(state) : text;
    }
    std::string text;
    // Grids are looked at for the address under the cursor.
    const bool grid = state.view == View::directory || state.view == View::table;
    for (const std::string& line : view_lines(state, grid ? View::walk : state.view)) {
        text += line;
        text += '\n';
    }
    return text;
}

} // namespace pagelab::console::model
