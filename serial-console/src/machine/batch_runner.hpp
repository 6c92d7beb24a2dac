// Drives a Batch on a Session: waits for bytes, events, signals and signs of life.
#pragma once

#include "serial-console/src/machine/batch.hpp"
#include "serial-console/src/machine/session.hpp"
#include "serial-console/src/machine/signals.hpp"

#include <optional>

namespace pagelab::console::machine {

struct BatchResult {
    int status = kExitOk;      ///< exit code
    std::optional<int> signal; ///< came while it ran: end as if by it
    bool machine_gone = false; ///< QEMU has ended
};

/// Runs the batch to its end. Prints the output of commands to stdout and its own words to stderr.
/// After a death the batch is over, unless it is to keep going: then the next command runs in the state
/// before the one that killed the guest, or after a fresh boot where there is none. The exit code stays 3.
[[nodiscard]] BatchResult run_batch(Session& session, Batch& batch, const SignalGuard& signals,
                                    bool keep_going = false);

} // namespace pagelab::console::machine
