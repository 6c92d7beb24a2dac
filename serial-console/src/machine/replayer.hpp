// Replays a recorded run for a debugger: a QEMU that stands at the recording's start, a command beside it,
// and an end to both.
#pragma once

#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/machine/run_directory.hpp"

namespace pagelab::console::machine {

/// Runs the command on this terminal; its exit code, or kExitUsage with a sentence on stderr.
[[nodiscard]] int replay(const ReplayRequest& request, const RunBase& base);

} // namespace pagelab::console::machine
