#include "serial-console/src/terminal/screen.hpp"

#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/machine/plain.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/model/layout.hpp"
#include "serial-console/src/terminal/curses_terminal.hpp"
#include "serial-console/src/terminal/picture_loop.hpp"
#include "serial-console/src/terminal/replay_loop.hpp"
#include "serial-console/src/terminal/terminfo.hpp"
#include "serial-console/src/terminal/watch_loop.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <utility>

namespace pagelab::console::terminal {
namespace {

using machine::ConsoleResult;

ConsoleResult fall_back(const std::string& why, machine::Session& session,
                        const machine::SignalGuard& signals, machine::Visit visit) {
    machine::say(fmt::format("{}; going on as with --plain", why));
    return machine::run_plain(session, signals, visit);
}

} // namespace

std::optional<std::string> why_not() {
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
        return "the picture needs a terminal";
    }
    const char* const type = std::getenv("TERM");
    if (type == nullptr || *type == '\0' || std::string_view{type} == "dumb") {
        return fmt::format("a terminal of type '{}' can't show the picture", type == nullptr ? "" : type);
    }
    if (!terminal_can_move_its_cursor()) {
        return fmt::format("nothing is known of terminals of type '{}'", type);
    }
    const model::Size size = terminal_size();
    if (size.rows < model::kLeastSize.rows || size.columns < model::kLeastSize.columns) {
        return fmt::format("the picture needs a terminal of {}x{}, this one has {}x{}",
                           model::kLeastSize.columns, model::kLeastSize.rows, size.columns, size.rows);
    }
    return std::nullopt;
}

ConsoleResult run_picture(machine::Session& session, const machine::SignalGuard& signals,
                          machine::Visit visit) {
    if (const auto why = why_not()) {
        // Without any terminal nobody expects a picture.
        return ::isatty(STDOUT_FILENO) == 0 || ::isatty(STDIN_FILENO) == 0
                   ? machine::run_plain(session, signals, visit)
                   : fall_back(*why, session, signals, visit);
    }
    auto ram = guest::Ram::open(session.ram_file());
    if (!ram) {
        return fall_back(fmt::format("no picture: {}", ram.error()), session, signals, visit);
    }
    PictureResult result;
    {
        auto terminal = CursesTerminal::open();
        if (!terminal) {
            return fall_back(terminal.error(), session, signals, visit);
        }
        PictureLoop loop{session, signals, *ram, **terminal, visit.ours};
        auto taps = recording::Taps::open(visit.record, session.name(), (*terminal)->size());
        if (!taps) {
            terminal->reset();
            machine::complain(taps.error());
            return {.status = machine::kExitUsage, .signal = {}};
        }
        loop.tap(std::move(*taps));
        result = loop.run();
    }
    if (!result.farewell.empty()) {
        result.console.status == machine::kExitOk ? machine::say(result.farewell)
                                                  : machine::complain(result.farewell);
    }
    return result.console;
}

ConsoleResult run_watch(const machine::WatchRequest& request, const machine::SignalGuard& signals) {
    if (const auto why = why_not()) {
        machine::complain(fmt::format("{}; `ask` and `--picture` need none", *why));
        return {.status = machine::kExitUsage, .signal = {}};
    }
    auto taps = recording::Taps::open(request.record, request.guest.monitor, terminal_size());
    auto terminal = taps ? CursesTerminal::open() : std::unexpected(taps.error());
    if (!terminal) {
        machine::complain(terminal.error());
        return {.status = machine::kExitUsage, .signal = {}};
    }
    WatchLoop loop{request.guest, signals, **terminal, std::move(*taps)};
    const ConsoleResult result = loop.run();
    terminal->reset();
    if (!loop.complaint().empty()) {
        machine::complain(loop.complaint());
    }
    return result;
}

ConsoleResult run_replay(const recording::Recording& recording, const machine::SignalGuard& signals) {
    if (const auto why = why_not()) {
        machine::complain(fmt::format("{}; --contents, --cast and --picture need none", *why));
        return {.status = machine::kExitUsage, .signal = {}};
    }
    auto terminal = CursesTerminal::open();
    if (!terminal) {
        machine::complain(terminal.error());
        return {.status = machine::kExitUsage, .signal = {}};
    }
    return ReplayLoop{recording, signals, **terminal}.run();
}

} // namespace pagelab::console::terminal
