// The verbs that can be asked from outside of the guest, answered with the shell's text and records: the
// words are those of kernel/paging. Pure.
#pragma once

#include "kernel/interface/marks.hpp"
#include "serial-console/src/ask/subject.hpp"

#include <string>
#include <string_view>

namespace pagelab::console::ask {

struct Answer {
    interface::Status status = interface::Status::ok;
    std::string text; // whole lines
};

/// Answers one command: a verb with its arguments and options, as the shell takes them. Bad input is a line
/// that begins with `error: `, or an error record with --json, and status `error`.
[[nodiscard]] Answer answer(const Subject& subject, std::string_view command);

/// The verbs with their arguments, a line for each.
[[nodiscard]] std::string verbs_help();

} // namespace pagelab::console::ask
