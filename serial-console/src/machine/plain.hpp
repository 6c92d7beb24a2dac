// The serial port on the user's terminal, without a picture. Also takes commands from a pipe: then each line
// waits for the prompt, and the end of the input ends the session.
#pragma once

#include "serial-console/src/machine/lifecycle.hpp"

namespace pagelab::console::machine {

[[nodiscard]] ConsoleResult run_plain(Session& session, const SignalGuard& signals, Visit visit);

} // namespace pagelab::console::machine
