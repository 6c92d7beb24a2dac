#include "serial-console/src/machine/replayer.hpp"

#include "serial-console/src/machine/moment_image.hpp"
#include "serial-console/src/machine/qemu_process.hpp"
#include "serial-console/src/machine/qmp_client.hpp"
#include "serial-console/src/machine/recording.hpp"
#include "serial-console/src/machine/session.hpp"
#include "serial-console/src/machine/signals.hpp"
#include "serial-console/src/machine/standard_streams.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <expected>
#include <fstream>
#include <optional>
#include <utility>

namespace pagelab::console::machine {
namespace {

constexpr milliseconds kStartPatience(20000);
constexpr milliseconds kAnswerPatience(5000);
constexpr milliseconds kEndPatience(3000);
/// A recording that is longer to replay is replayed without its length: it then can't be looked back from its
/// end. end.
constexpr milliseconds kCountPatience(60000);

/// A QEMU that replays, in a directory of its own. Both end with the object.
class Replay {
public:
    static std::expected<Replay, std::string> start(const RunBase& base, const Recording& recording) {
        auto directory = RunDirectory::claim_private(base);
        if (!directory) {
            return std::unexpected(directory.error());
        }
        Replay replay(std::move(*directory));
        if (auto begun = replay.begin(recording); !begun) {
            return std::unexpected(begun.error());
        }
        return replay;
    }

    Replay(Replay&& other) noexcept
        : directory_(std::exchange(other.directory_, std::nullopt)), process_(other.process_),
          control_(std::move(other.control_)) {}
    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;
    Replay& operator=(Replay&&) = delete;
    ~Replay() {
        if (!directory_) {
            return;
        }
        if (process_) {
            if (const auto running = ProcessHandle::open(*process_)) {
                end_process(*running, kEndPatience);
            }
            ::waitpid(process_->pid, nullptr, WNOHANG);
        }
        directory_->remove();
    }

    [[nodiscard]] std::filesystem::path gdb_socket() const { return directory_->file(run_file::kGdb); }

    /// Runs to the end of the recording; the number of its instructions. Nothing if QEMU does not come there,
    /// that takes too long, or a signal comes.
    std::optional<std::uint64_t> count(const SignalGuard& signals) {
        const Deadline deadline(kCountPatience);
        const nlohmann::json none = nlohmann::json::object();
        auto status = control_->execute("cont", none, deadline);
        while (status && !deadline.passed()) {
            status = control_->execute("query-status", none, deadline);
            if (status && status->value("status", "") != "running") {
                const auto replay = control_->execute("query-replay", none, deadline);
                return replay ? std::optional(replay->value("icount", std::uint64_t{0})) : std::nullopt;
            }
            // It tells when it stops.
            std::array<pollfd, 2> waiting = {
                {{control_->descriptor(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}}};
            ::poll(waiting.data(), waiting.size(), deadline.left_ms());
            if (waiting[1].revents != 0) {
                break;
            }
            while (control_->next_event()) {
            }
        }
        return std::nullopt;
    }

    /// Stands still before the last instruction: from the end itself QEMU does not go back.
    std::expected<void, std::string> stop_before_end(std::uint64_t length) {
        const auto set =
            control_->execute("replay-break", {{"icount", length - 1}}, Deadline(kAnswerPatience));
        return set ? std::expected<void, std::string>{} : std::unexpected(set.error());
    }

private:
    explicit Replay(RunDirectory directory) : directory_(std::move(directory)) {}

    std::expected<void, std::string> begin(const Recording& recording) {
        const MachineSpec& machine = recording.machine();
        if (auto space = directory_->check_space(machine.memory); !space) {
            return std::unexpected(space.error());
        }
        const std::filesystem::path image = directory_->file(run_file::kState);
        std::ofstream file(image, std::ios::binary);
        file << empty_qcow2();
        file.close();
        if (!file) {
            return std::unexpected(
                fmt::format("{}: can't write it: {}", image.string(), std::strerror(errno)));
        }
        const ReplayLog log{ReplayLog::Mode::replay, recording.log().string(), image.string()};
        const auto process = start_qemu(machine, *directory_, recording.kernel(), Lifetime::ours, log);
        if (!process) {
            return std::unexpected(process.error());
        }
        process_ = *process;
        auto control = QmpClient::connect(directory_->file(run_file::kControl), Deadline(kStartPatience));
        if (!control) {
            const std::string complaint = qemu_complaint(*directory_);
            return std::unexpected(complaint.empty() ? control.error() : fmt::format("QEMU: {}", complaint));
        }
        control_ = std::move(*control);
        write_record(*directory_,
                     {std::string(machine_type_name(machine.type)), machine.cpu, machine.memory,
                      recording.kernel().string(), false, true, true},
                     *process_);
        return {};
    }

    std::optional<RunDirectory> directory_;
    std::optional<ProcessIdentity> process_;
    std::optional<QmpClient> control_;
};

/// The length of a recording, counted by a replay of its own the first time that it is asked for.
std::optional<std::uint64_t> length_of(const RunBase& base, Recording& recording,
                                       const SignalGuard& signals) {
    if (recording.length()) {
        return recording.length();
    }
    say(fmt::format("counting the instructions of {}", recording.name()));
    auto counting = Replay::start(base, recording);
    if (!counting) {
        return std::nullopt;
    }
    if (const auto count = counting->count(signals); count && *count > 0) {
        recording.keep_length(*count);
    } else {
        say(fmt::format("QEMU did not replay {} to its end; what it replays until it gives up holds",
                        recording.name()));
    }
    return recording.length();
}

std::vector<std::string> filled_in(std::vector<std::string> command, const Replay& replay,
                                   const Recording& recording) {
    const std::array<std::pair<std::string, std::string>, 3> words = {{
        {"{connect}", fmt::format("target remote {}", replay.gdb_socket().string())},
        {"{kernel}", recording.kernel().string()},
        {"{end}", fmt::format("set $pagelab_recorded = {}ull", recording.length().value_or(0))},
    }};
    for (std::string& word : command) {
        for (const auto& [placeholder, meaning] : words) {
            if (word == placeholder) {
                word = meaning;
                break;
            }
        }
    }
    return command;
}

/// Runs a program on this terminal and waits for it; its exit code. Ctrl-C is the program's own business;
/// what ends us ends it first.
int run_program(std::vector<std::string> command, const SignalGuard& signals) {
    std::vector<char*> arguments;
    for (std::string& word : command) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        ::execvp(arguments.front(), arguments.data());
        ::_exit(127);
    }
    const auto identity = child < 0 ? std::nullopt : identify(child);
    const auto process = identity ? ProcessHandle::open(*identity) : std::nullopt;
    while (process && !process->wait_ended(Deadline(milliseconds(0)))) {
        std::array<pollfd, 2> waiting = {
            {{process->descriptor(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}}};
        ::poll(waiting.data(), waiting.size(), -1);
        if (const auto signal = signals.take(); signal && *signal != SIGINT) {
            process->signal(*signal);
        }
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) {
        complain(fmt::format("can't run {}: {}", command.front(), std::strerror(errno)));
        return kExitUsage;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        complain(fmt::format("can't run {}", command.front()));
        return kExitUsage;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

int replay(const ReplayRequest& request, const RunBase& base) {
    const SignalGuard signals;
    auto recording = Recording::open(base, request.name);
    if (!recording) {
        complain(recording.error());
        return kExitUsage;
    }
    const auto length = length_of(base, *recording, signals);
    if (const auto signal = signals.take()) {
        die_of(*signal);
    }
    auto replaying = Replay::start(base, *recording);
    if (!replaying) {
        complain(replaying.error());
        return kExitUsage;
    }
    if (length) {
        if (const auto set = replaying->stop_before_end(*length); !set) {
            complain(set.error());
            return kExitUsage;
        }
    }
    return run_program(filled_in(request.command, *replaying, *recording), signals);
}

} // namespace pagelab::console::machine
