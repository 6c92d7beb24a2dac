// The shell's questions, answered from outside: the same lines in, the same text out, while the guest runs.
// The shell's own code answers, on the lab as its RAM shows it; commands that change something are refused.
#pragma once

#include "kernel/interface/marks.hpp"
#include "serial-console/src/guest/capture.hpp"

#include <array>
#include <string>
#include <string_view>

namespace pagelab::console::verbs {

/// What is answered; `in N` may stand before each.
inline constexpr std::array<std::string_view, 12> kVerbs = {
    "walk", "split", "window", "maps", "find", "check", "decode", "fault", "dumppd", "dumppt", "diff", "log"};

struct Answer {
    std::string text; // lines; an error is one line that begins with `error: `, or its record
    interface::Status status = interface::Status::ok;
};

/// Asked again if the kernel changed tables meanwhile; `policy` says whether it stands still in a change.
[[nodiscard]] Answer ask(const guest::Ram& ram, std::string_view line, guest::MidChange policy);

} // namespace pagelab::console::verbs
