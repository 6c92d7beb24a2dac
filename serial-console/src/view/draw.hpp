// The whole screen and its panes: from the model's state into a cell grid. Pure.
#pragma once

#include "serial-console/src/model/state.hpp"
#include "serial-console/src/view/theme.hpp"

namespace pagelab::console::view {

/// The screen as the user sees it, of the size that the state says.
[[nodiscard]] Canvas draw(const model::State& state, const Theme& theme);

void draw_picture_title(Area area, const model::State& state, const Theme& theme);
/// The 1,024 slots of the view: of the directory, of the table under the cursor, of physical memory.
void draw_grid(Area area, const model::State& state, const Theme& theme);
/// The table under the cursor with a heading, beside the directory.
void draw_table(Area area, const model::State& state, const Theme& theme);
/// What a grid is looked at for: the walk of the address under the cursor, or what is known of the frame.
void draw_detail(Area area, const model::State& state, const Theme& theme);
void draw_walk(Area area, const model::State& state, const Theme& theme);
/// Bit by bit, with the verdict for kernel and user.
void draw_whole_walk(Area area, const model::State& state, const Theme& theme);
/// The views that are lines.
void draw_list(Area area, const model::State& state, const Theme& theme);
/// The newest records of the journal with a heading.
void draw_log(Area area, const model::State& state, const Theme& theme);
void draw_side(Area area, const model::State& state, const Theme& theme);
void draw_terminal(Area area, const model::State& state, const Theme& theme);
void draw_divider(Area area, const model::State& state, const Theme& theme);
void draw_status(Area area, const model::State& state, const Theme& theme);
void draw_help(Area area, const model::State& state, const Theme& theme);

} // namespace pagelab::console::view
