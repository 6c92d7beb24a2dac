// What the shell says after a rescue, and of repairs. For the shell.
#pragma once

#include "kernel/interface/rescue_notes.hpp"
#include "kernel/shell/print.hpp"

namespace pagelab::shell {

/// The whole report, or its record. `command`: one was running and will be ended.
void report_rescue(Output& out, const interface::RescueReport& report, bool command, bool json);

/// What the audit at a command's end put right, because of which the command does not stand; or its record.
void report_repairs(Output& out, const interface::Repairs& repairs, bool json);

} // namespace pagelab::shell
