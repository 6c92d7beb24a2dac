#include "serial-console/src/model/key.hpp"

#include "serial-console/src/model/utf8.hpp"

namespace pagelab::console::model {

std::string key_bytes(const Key& key) {
    switch (key.code) {
    case KeyCode::character: {
        std::string bytes;
        append_utf8(bytes, key.character);
        return bytes;
    }
    case KeyCode::enter:
        return "\r";
    case KeyCode::tab:
        return "\t";
    case KeyCode::back_tab:
        return "\x1b[Z";
    case KeyCode::backspace:
        return "\x7f";
    case KeyCode::escape:
        return "\x1b";
    case KeyCode::up:
        return "\x1b[A";
    case KeyCode::down:
        return "\x1b[B";
    case KeyCode::right:
        return "\x1b[C";
    case KeyCode::left:
        return "\x1b[D";
    case KeyCode::home:
        return "\x1b[H";
    case KeyCode::end:
        return "\x1b[F";
    case KeyCode::insert:
        return "\x1b[2~";
    case KeyCode::erase:
        return "\x1b[3~";
    case KeyCode::page_up:
        return "\x1b[5~";
    case KeyCode::page_down:
        return "\x1b[6~";
    case KeyCode::shift_page_up:
    case KeyCode::shift_page_down:
    case KeyCode::function:
        break;
    }
    return {};
}

} // namespace pagelab::console::model
