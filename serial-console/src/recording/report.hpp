// A report: all that is known of a running lab in one recording, for somebody who was not there.
#pragma once

#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/machine/run_directory.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::recording {

/// The bytes of the report. The error is a sentence.
[[nodiscard]] std::expected<std::string, std::string> compose_report(const machine::LiveRun& run);

/// The commands that a serial log shows behind prompts, the last of them at the end; at most `most`. Pure.
[[nodiscard]] std::vector<std::string> last_commands(std::string_view serial_log, std::size_t most);

} // namespace pagelab::console::recording
