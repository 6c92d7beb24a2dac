// When the program dies of a fault the terminal must not be left in raw mode on the alternate screen: puts it
// back in a signal handler, then lets the death go on. For CursesTerminal only.
#pragma once

#include <string>

namespace pagelab::console::terminal {

/// From now on fatal signals first restore the terminal at stdin as it is now, and send it `leave`.
/// Call before the terminal is changed.
void arm_emergency();
/// What makes the terminal leave the screen mode; known only after terminfo was read.
void set_emergency_text(const std::string& leave);
/// The terminal's modes again as they were at arm_emergency(); fatal signals do what they always do.
void disarm_emergency();

} // namespace pagelab::console::terminal
