// The whole screen and its panes: from the model's state into a cell grid. Pure.
#pragma once

#include "serial-console/src/model/state.hpp"
#include "serial-console/src/view/theme.hpp"

namespace pagelab::console::view {

/// The screen as the user sees it, of the size that the state says.
[[nodiscard]] Canvas draw(const model::State& state, const Theme& theme);

void draw_grid(Area area, const model::State& state, const Theme& theme);
void draw_picture_title(Area area, const model::State& state, const Theme& theme);
void draw_walk(Area area, const model::State& state, const Theme& theme);
void draw_side(Area area, const model::State& state, const Theme& theme);
void draw_terminal(Area area, const model::State& state, const Theme& theme);
void draw_divider(Area area, const model::State& state, const Theme& theme);
void draw_status(Area area, const model::State& state, const Theme& theme);
void draw_help(Area area, const model::State& state, const Theme& theme);

} // namespace pagelab::console::view
