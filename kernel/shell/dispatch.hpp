// From the words of one command to its handler: options, prefixes, arguments counted.
// For the shell. Opens no transaction and prints no mark.
#pragma once

#include "kernel/shell/table.hpp"

#include <string_view>

namespace pagelab::shell {

/// Whether the command asks for JSON, so that its errors and faults are records too.
[[nodiscard]] bool wants_json(std::string_view command);

/// Runs one command without `repeat` and `time`, which the shell unrolls.
[[nodiscard]] Status dispatch(Invocation& invocation, std::string_view text);

} // namespace pagelab::shell
