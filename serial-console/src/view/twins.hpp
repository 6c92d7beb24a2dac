// The screen without a terminal: as text, for tests and programs, and as SVG, for documentation. Pure.
#pragma once

#include "serial-console/src/model/state.hpp"
#include "serial-console/src/view/cell.hpp"

#include <string>

namespace pagelab::console::view {

/// The characters, a line for each row, without blanks at the end of lines.
[[nodiscard]] std::string render_text(const Canvas& canvas);
/// What a terminal of that size without colours and with ASCII only would show.
[[nodiscard]] std::string render_text(const model::State& state, Size size);
/// A drawing of the cells with their colours, on black, in a monospaced font.
[[nodiscard]] std::string render_svg(const Canvas& canvas);

} // namespace pagelab::console::view
