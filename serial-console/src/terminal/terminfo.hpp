// What terminfo knows of the user's terminal. A file of its own, because <term.h> takes names like `columns`.
#pragma once

#include <string>

namespace pagelab::console::terminal {

/// Whether terminfo knows the terminal, and it can place its cursor.
[[nodiscard]] bool terminal_can_move_its_cursor();

/// The string capability of that name; empty if the terminal has none. Only after curses was started.
[[nodiscard]] std::string capability(const char* name);

} // namespace pagelab::console::terminal
