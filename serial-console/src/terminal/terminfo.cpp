#include "serial-console/src/terminal/terminfo.hpp"

#define NCURSES_NOMACROS
#include <curses.h>
// Behind curses.h, whose names it needs.
#include <term.h>

#include <unistd.h>

#include <cstring>

namespace pagelab::console::terminal {

bool terminal_can_move_its_cursor() {
    int error = 0;
    if (::setupterm(nullptr, STDOUT_FILENO, &error) != OK) {
        return false;
    }
    const bool can = !capability("cup").empty();
    ::del_curterm(cur_term);
    return can;
}

std::string capability(const char* name) {
    char copy[16] = {};
    std::strncpy(copy, name, sizeof(copy) - 1); // tigetstr takes no const in older curses
    const char* const text = ::tigetstr(copy);
    return text == nullptr || text == reinterpret_cast<const char*>(-1) ? std::string{} : std::string{text};
}

} // namespace pagelab::console::terminal
