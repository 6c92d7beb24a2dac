#include "serial-console/src/machine/lifecycle.hpp"

#include "serial-console/src/machine/batch.hpp"
#include "serial-console/src/machine/batch_runner.hpp"
#include "serial-console/src/machine/recording.hpp"
#include "serial-console/src/machine/replayer.hpp"
#include "serial-console/src/machine/standard_streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>

namespace pagelab::console::machine {
namespace {

/// Until QEMU has ended and its console has cleaned up.
constexpr milliseconds kStopPatience(5000);

int refuse(const std::string& why, int status = kExitUsage) {
    complain(why);
    return status;
}

/// The exit status of a console that has ended; a signal that ended it ends this program, too.
int status_of(const ConsoleResult& result) {
    if (result.signal) {
        die_of(*result.signal);
    }
    return result.status;
}

/// Ends or lets go, and passes a signal on when everything is in order.
int finish(Session& session, const RunBase& base, const ConsoleResult& result, bool ours) {
    if (ours || result.machine_gone || result.status == kExitGuestDied) {
        session.end();
        base.remove_if_empty();
    } else {
        session.release();
    }
    return status_of(result);
}

std::expected<std::string, std::string> read_script(const std::string& file) {
    if (file == "-") {
        return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    }
    std::ifstream script(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(script)), std::istreambuf_iterator<char>());
    if (!script.is_open() || script.bad()) {
        return std::unexpected(fmt::format("--script {}: can't read it", file));
    }
    return text;
}

/// The commands of a batch; none for the other modes.
std::expected<std::vector<std::string>, std::string> commands_of(const RunRequest& request) {
    if (request.mode == RunRequest::Mode::exec) {
        return split_commands(request.text);
    }
    if (request.mode == RunRequest::Mode::script) {
        const auto text = read_script(request.text);
        return text ? split_commands(*text) : std::unexpected(text.error());
    }
    return std::vector<std::string>{};
}

ConsoleResult as_console_result(const BatchResult& result) {
    return {result.status, result.signal, result.machine_gone};
}

std::string recording_name(const RunRequest& request) {
    return request.name.value_or(std::string(kDefaultRunName));
}

/// Starts the machine of a request, in a directory of its own.
std::expected<Session, Failure> start(const RunRequest& request, const RunBase& base) {
    const bool batch = request.mode == RunRequest::Mode::exec || request.mode == RunRequest::Mode::script;
    auto directory =
        batch && !request.name
            ? RunDirectory::claim_private(base)
            : RunDirectory::claim(base, request.name.value_or(std::string(kDefaultRunName)), say);
    if (!directory) {
        return std::unexpected(Failure{directory.error(), kExitUsage});
    }
    const Lifetime lifetime = request.mode == RunRequest::Mode::detach ? Lifetime::detached : Lifetime::ours;
    std::filesystem::path kernel = request.kernel;
    std::optional<ReplayLog> log;
    if (request.rr) {
        const auto recording =
            Recording::make(base, recording_name(request), request.machine, request.kernel);
        if (!recording) {
            directory->remove();
            return std::unexpected(Failure{recording.error(), kExitUsage});
        }
        log = ReplayLog{ReplayLog::Mode::record, recording->log().string(), {}};
        kernel = recording->kernel(); // its path is part of what the guest reads when it boots
    }
    return Session::launch(std::move(*directory), request.machine, kernel, lifetime, log);
}

int write_or_refuse(const std::string& name, std::string_view text) {
    const auto written = write_file(name, text);
    return written ? kExitOk : refuse(written.error(), kExitCommandFailed);
}

/// Saves what the request asks for, if anything; the exit code.
int save_picture(const PictureRequest& request, const Sitter& sitter, const std::string& name,
                 const Consoles& consoles) {
    if (request.file.empty()) {
        return kExitOk;
    }
    const auto drawn = consoles.paint(sitter, name, request);
    return drawn ? write_or_refuse(request.file, *drawn) : refuse(drawn.error(), kExitCommandFailed);
}

/// A picture of the run under way; a batch that went well so far fails with it.
void save_picture(const RunRequest& request, const Session& session, const Consoles& consoles,
                  BatchResult& result) {
    if (!result.signal && !result.machine_gone && result.status != kExitGuestDied) {
        const int saved = save_picture(request.picture, session.directory(),
                                       request.name.value_or(std::string(kDefaultRunName)), consoles);
        result.status = std::max(result.status, saved);
    }
}

int detach(Session& session, const RunRequest& request, const RunBase& base, const SignalGuard& signals,
           const Consoles& consoles) {
    Batch nothing({}); // over at the first prompt
    BatchResult result = run_batch(session, nothing, signals);
    save_picture(request, session, consoles, result);
    const bool up = result.status == kExitOk && !result.signal && !result.machine_gone;
    const std::string directory = session.directory().string();
    const int status = finish(session, base, as_console_result(result), !up);
    if (up && !print(directory + "\n")) {
        return kExitCommandFailed;
    }
    return status;
}

int perform_one(const RunRequest& request, const Consoles& consoles) {
    auto commands = commands_of(request);
    if (!commands) {
        return refuse(commands.error());
    }
    std::error_code error;
    if (!std::filesystem::is_regular_file(request.kernel, error)) {
        return refuse(fmt::format("no kernel at '{}'; scripts/run builds it", request.kernel));
    }
    const auto base = RunBase::open();
    if (!base) {
        return refuse(base.error());
    }
    const SignalGuard signals;
    sweep(*base, say);
    auto session = start(request, *base);
    if (!session) {
        base->remove_if_empty();
        return refuse(session.error().text, session.error().status);
    }
    if (request.rr) {
        const std::string name = recording_name(request);
        say(fmt::format("records {0}; when it has ended, scripts/gdb --replay {0} replays it", name));
    }
    switch (request.mode) {
    case RunRequest::Mode::detach:
        return detach(*session, request, *base, signals, consoles);
    case RunRequest::Mode::exec:
    case RunRequest::Mode::script: {
        Batch batch(std::move(*commands));
        BatchResult result = run_batch(*session, batch, signals, request.keep_going);
        save_picture(request, *session, consoles, result);
        return finish(*session, *base, as_console_result(result), true);
    }
    case RunRequest::Mode::plain:
    case RunRequest::Mode::console: {
        const bool picture = request.mode == RunRequest::Mode::console && consoles.picture;
        const ConsoleResult result = (picture ? consoles.picture : consoles.plain)(
            *session, signals, {.ours = true, .keep_going = request.keep_going, .record = request.record});
        return finish(*session, *base, result, true);
    }
    }
    return kExitUsage;
}

std::string no_such_run(const std::string& name) {
    return fmt::format("no run named {}; --list shows those there are", name);
}

int perform_one(const AttachRequest& request, const Consoles& consoles) {
    const auto base = RunBase::open();
    if (!base) {
        return refuse(base.error());
    }
    const auto run = find_run(*base, request.name);
    if (!run) {
        sweep(*base, say);
        base->remove_if_empty();
        return refuse(no_such_run(request.name));
    }
    if (!request.picture.file.empty()) {
        return save_picture(request.picture, run->path, run->name(), consoles);
    }
    if (run->record.replayed) {
        return refuse(fmt::format("{} is a replay: nothing can be typed into it", run->name()));
    }
    const SignalGuard signals;
    auto session = Session::attach(*run);
    if (!session) {
        return refuse(session.error().text, session.error().status);
    }
    const bool picture = !request.plain && consoles.picture;
    const ConsoleResult result = (picture ? consoles.picture : consoles.plain)(
        *session, signals, {.ours = false, .record = request.record});
    const int status = finish(*session, *base, result, false);
    if (!result.machine_gone && status == kExitOk) {
        say(fmt::format("{} goes on; scripts/stop {} ends it", run->name(), run->name()));
    }
    return status;
}

int perform_one(const ListRequest&, const Consoles&) {
    const auto base = RunBase::open();
    if (!base) {
        return refuse(base.error());
    }
    sweep(*base, say);
    const std::vector<LiveRun> runs = list_runs(*base);
    std::string table;
    for (const LiveRun& run : runs) {
        const auto lab = LabMemory::open(run.file(run_file::kRam));
        const auto state = lab ? lab->state() : std::nullopt;
        table += fmt::format("{:<20}  {:<9}  {:>5}  {:<7}  {}\n", run.name(),
                             state ? interface::kLabStateNames[static_cast<std::size_t>(*state)] : "?",
                             memory_size_text(run.record.memory), run.record.machine, run.path.string());
    }
    if (runs.empty()) {
        say("no lab runs");
    }
    base->remove_if_empty();
    return print(table) ? kExitOk : kExitCommandFailed;
}

/// Ends one run. Its console, if one is there, removes the directory; else we do.
bool stop_run(const LiveRun& run) {
    const auto process = ProcessHandle::open(run.process);
    if (process && !end_process(*process, kStopPatience)) {
        complain(fmt::format("{}: its QEMU (process {}) does not end", run.name(), run.process.pid));
        return false;
    }
    const Deadline deadline(kStopPatience);
    std::error_code error;
    while (std::filesystem::exists(run.path, error)) {
        if (auto directory = RunDirectory::take_over(run.path)) {
            directory->remove();
            break;
        }
        if (deadline.passed()) {
            complain(fmt::format("{}: another program holds {}", run.name(), run.path.string()));
            return false;
        }
        ::usleep(2000);
    }
    say(fmt::format("stopped {}", run.name()));
    return true;
}

/// Ends the run of that name. One that had ended by itself and left its directory counts: the sweep takes it.
bool stop_named(const RunBase& base, const std::string& name) {
    if (const auto run = find_run(base, name)) {
        return stop_run(*run);
    }
    const std::filesystem::path path = base.path() / name;
    std::error_code error;
    const bool left = std::filesystem::exists(path / run_file::kLock, error);
    sweep(base, say);
    if (left && !std::filesystem::exists(path, error)) {
        return true;
    }
    complain(no_such_run(name));
    return false;
}

int perform_one(const StopRequest& request, const Consoles&) {
    const auto base = RunBase::open();
    if (!base) {
        return refuse(base.error());
    }
    bool all_well = true;
    if (request.all) {
        for (const LiveRun& run : list_runs(*base)) {
            all_well = stop_run(run) && all_well;
        }
        sweep(*base, say);
    } else {
        all_well = stop_named(*base, request.name);
    }
    base->remove_if_empty();
    return all_well ? kExitOk : kExitCommandFailed;
}

/// Does `then` with the run of that name, or refuses; the exit status.
template <class F>
int with_run(const std::string& name, F&& then) {
    const auto base = RunBase::open();
    if (!base) {
        return refuse(base.error());
    }
    const auto run = find_run(*base, name);
    if (!run) {
        base->remove_if_empty();
        return refuse(no_such_run(name), kExitCommandFailed);
    }
    return then(*run);
}

int perform_one(const WhereRequest& request, const Consoles&) {
    return with_run(request.name, [](const LiveRun& run) {
        return print(run.path.string() + "\n") ? kExitOk : kExitCommandFailed;
    });
}

int perform_one(const ReplayRequest& request, const Consoles&) {
    const auto base = RunBase::open();
    if (!base) {
        return refuse(base.error());
    }
    sweep(*base, say);
    const int status = replay(request, *base);
    base->remove_if_empty();
    return status;
}

int perform_one(const DrawRequest& request, const Consoles& consoles) {
    return with_run(request.name, [&](const LiveRun& run) {
        const auto drawn = consoles.draw(run, request);
        if (!drawn) {
            return refuse(drawn.error(), kExitCommandFailed);
        }
        if (request.svg.empty()) {
            return print(*drawn) ? kExitOk : kExitCommandFailed;
        }
        return write_or_refuse(request.svg, *drawn);
    });
}

int perform_one(const AskRequest& request, const Consoles& consoles) {
    const auto* const name = std::get_if<std::string>(&request.whom);
    if (name == nullptr) { // nobody of ours
        return consoles.ask(request, {});
    }
    return with_run(*name, [&](const LiveRun& run) { return consoles.ask(request, run.path); });
}

int perform_one(const WatchRequest& request, const Consoles& consoles) {
    if (!request.picture.file.empty()) {
        return save_picture(request.picture, request.guest, request.guest.monitor, consoles);
    }
    const SignalGuard signals;
    return status_of(consoles.watch(request, signals));
}

int perform_one(const PlayRequest& request, const Consoles& consoles) {
    const SignalGuard signals;
    return status_of(consoles.play(request, signals));
}

int perform_one(const ReportRequest& request, const Consoles& consoles) {
    return with_run(request.name, [&](const LiveRun& run) { return consoles.report(request, run); });
}

int perform_one(const HelpRequest& request, const Consoles&) {
    return print(request.text) ? kExitOk : kExitCommandFailed;
}

} // namespace

int perform(const Request& request, const Consoles& consoles) {
    return std::visit([&consoles](const auto& known) { return perform_one(known, consoles); }, request);
}

} // namespace pagelab::console::machine
