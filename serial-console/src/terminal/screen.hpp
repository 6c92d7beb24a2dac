// The live picture on the user's terminal: the shell's terminal beside the directory and a walk, while the
// guest runs. The launcher's door to terminal/; everything behind it is restored on every way out.
#pragma once

#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/recording/player.hpp"

#include <optional>
#include <string>

namespace pagelab::console::terminal {

/// Why this program's terminal can't show the picture, as a sentence; nothing if it can.
[[nodiscard]] std::optional<std::string> why_not();

/// Shows the picture until the user leaves it or the guest ends. Where the terminal is not fit for it this
/// says so, and is the plain console.
[[nodiscard]] machine::ConsoleResult run_picture(machine::Session& session,
                                                 const machine::SignalGuard& signals, machine::Visit visit);

/// Shows somebody else's guest until the user leaves it.
[[nodiscard]] machine::ConsoleResult run_watch(const machine::WatchRequest& request,
                                               const machine::SignalGuard& signals);

/// Shows a recording until the user leaves it.
[[nodiscard]] machine::ConsoleResult run_replay(const recording::Recording& recording,
                                                const machine::SignalGuard& signals);

} // namespace pagelab::console::terminal
