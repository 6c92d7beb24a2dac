// What curses calls a key, as the model's. No curses header here.
#pragma once

#include "serial-console/src/model/key.hpp"

#include <optional>

namespace pagelab::console::terminal {

/// A key that curses recognised by its escape sequence (KEY_…); nothing for those without a meaning.
[[nodiscard]] std::optional<model::Key> key_of_code(int code);
/// A character as it was typed.
[[nodiscard]] model::Key key_of_character(char32_t character);

} // namespace pagelab::console::terminal
