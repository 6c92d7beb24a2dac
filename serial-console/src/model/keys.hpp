// What each key does, in each pane. Pure; part of update().
#pragma once

#include "serial-console/src/model/search.hpp"
#include "serial-console/src/model/update.hpp"

namespace pagelab::console::model {

using Effects = std::vector<Effect>;

/// keys.cpp: focus, the prefix, function keys, the terminal.
[[nodiscard]] Effects press(State& state, const Key& key);
[[nodiscard]] Effects use_mouse(State& state, const MouseUsed& mouse);

/// picture_keys.cpp: the keys of the views.
[[nodiscard]] Effects press_in_picture(State& state, const Key& key);
[[nodiscard]] Effects show_view(State& state, View view);
/// A click at a cell of the picture.
[[nodiscard]] Effects click(State& state, int row, int column);
void move_cursor_to(State& state, paging::VirtAddr va);

/// questions.cpp: the bottom line while it asks.
[[nodiscard]] Effects answer_question(State& state, const Key& key);
/// The next place of the last search in the address space.
void search_again(State& state, Direction direction);
/// The next older line of the terminal that holds the text searched last.
void search_terminal_again(State& state);

/// copy.cpp: what `y` copies, as text.
[[nodiscard]] std::string copied_text(const State& state);

} // namespace pagelab::console::model
