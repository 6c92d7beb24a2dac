#include "serial-console/src/terminal/key_map.hpp"

#define NCURSES_NOMACROS
#include <curses.h>

namespace pagelab::console::terminal {

using model::Key;
using model::KeyCode;

std::optional<Key> key_of_code(int code) {
    if (code >= KEY_F(1) && code <= KEY_F(12)) {
        return Key::f(code - KEY_F0);
    }
    switch (code) {
    case KEY_UP:
        return Key::of(KeyCode::up);
    case KEY_DOWN:
        return Key::of(KeyCode::down);
    case KEY_LEFT:
        return Key::of(KeyCode::left);
    case KEY_RIGHT:
        return Key::of(KeyCode::right);
    case KEY_HOME:
        return Key::of(KeyCode::home);
    case KEY_END:
        return Key::of(KeyCode::end);
    case KEY_PPAGE:
        return Key::of(KeyCode::page_up);
    case KEY_NPAGE:
        return Key::of(KeyCode::page_down);
    case KEY_SPREVIOUS:
        return Key::of(KeyCode::shift_page_up);
    case KEY_SNEXT:
        return Key::of(KeyCode::shift_page_down);
    case KEY_IC:
        return Key::of(KeyCode::insert);
    case KEY_DC:
        return Key::of(KeyCode::erase);
    case KEY_BACKSPACE:
        return Key::of(KeyCode::backspace);
    case KEY_ENTER:
        return Key::of(KeyCode::enter);
    case KEY_BTAB:
        return Key::of(KeyCode::back_tab);
    default: // KEY_RESIZE among them: resizing comes by its signal
        return std::nullopt;
    }
}

Key key_of_character(char32_t character) {
    switch (character) {
    case U'\r':
        return Key::of(KeyCode::enter);
    case U'\t':
        return Key::of(KeyCode::tab);
    case U'\x1b':
        return Key::of(KeyCode::escape);
    case U'\x7f':
        return Key::of(KeyCode::backspace);
    default:
        return Key::of(character);
    }
}

} // namespace pagelab::console::terminal
