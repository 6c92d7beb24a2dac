// What the program does for each request: from the first check to the last file removed.
#pragma once

#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/machine/session.hpp"
#include "serial-console/src/machine/signals.hpp"

#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>

namespace pagelab::console::machine {

/// How a console ended.
struct ConsoleResult {
    int status = kExitOk;
    std::optional<int> signal; ///< it was asked to end by this one
    bool machine_gone = false; ///< QEMU has ended
};

/// How a user came to a lab.
struct Visit {
    bool ours = true;        ///< leaving ends the machine
    bool keep_going = false; ///< a pipe goes on after a death of the guest
    RecordRequest record{};  ///< of the picture
};

/// Shows the lab to a user until she leaves it.
using Console = std::function<ConsoleResult(Session& session, const SignalGuard& signals, Visit visit)>;

/// Draws the picture of a run once: text or SVG, as asked. An error is a sentence.
using Draw =
    std::function<std::expected<std::string, std::string>(const LiveRun& run, const DrawRequest& request)>;

/// Answers from outside of a guest; `directory` is that of the run asked for, empty for somebody else's QEMU.
/// Prints the answers; the exit code.
using Ask = std::function<int(const AskRequest& request, const std::filesystem::path& directory)>;

/// Shows somebody else's guest until the user leaves it.
using Watch = std::function<ConsoleResult(const WatchRequest& request, const SignalGuard& signals)>;

/// Looks at a recorded session; the exit code or a signal.
using Play = std::function<ConsoleResult(const PlayRequest& request, const SignalGuard& signals)>;
/// Writes the report of a run that is in `directory`; the exit code.
using Report = std::function<int(const ReportRequest& request, const LiveRun& run)>;

/// Whose picture: a run's directory, or somebody else's QEMU.
using Sitter = std::variant<std::filesystem::path, ForeignRequest>;
/// Draws a picture of a guest as it is now, with `name` as its caption. An error is a sentence.
using Paint = std::function<std::expected<std::string, std::string>(
    const Sitter& sitter, const std::string& name, const PictureRequest& request)>;

/// The consoles that there are; which one serves is decided by the request and the terminal.
struct Consoles {
    Console plain;
    Console picture; ///< empty where the terminal is not fit for it
    Draw draw;
    Ask ask;
    Watch watch;
    Paint paint;
    Play play;
    Report report;
};

/// Does what is asked; the exit code. Signals that came are raised again once all is cleaned up.
[[nodiscard]] int perform(const Request& request, const Consoles& consoles);

} // namespace pagelab::console::machine
