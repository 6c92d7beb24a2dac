#include "serial-console/src/machine/session.hpp"

#include "serial-console/src/machine/command_line.hpp"
#include "serial-console/src/machine/registers.hpp"

#include <fmt/format.h>

#include <sys/wait.h>

#include <algorithm>
#include <utility>

namespace pagelab::console::machine {
namespace {

using interface::LabState;

/// QEMU's start on a machine that is busy with other things; it takes some 50 ms else.
constexpr milliseconds kStartPatience(20000);
/// An answer of a monitor that is there.
constexpr milliseconds kAnswerPatience(5000);
/// A second client of the monitor waits in line; so long until that is taken for granted.
constexpr milliseconds kTakenPatience(2000);
/// Between SIGTERM and SIGKILL, and until the end after it.
constexpr milliseconds kEndPatience(3000);

/// The child's exit status, if it is our child and has exited by itself.
std::optional<int> exit_status(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid && WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    return std::nullopt;
}

/// Is somebody connected to the serial port? QEMU names a socket without a client `disconnected:…`.
bool serial_is_taken(QmpClient& control) {
    const auto devices =
        control.execute("query-chardev", nlohmann::json::object(), Deadline(kAnswerPatience));
    if (!devices || !devices->is_array()) {
        return false;
    }
    return std::ranges::any_of(*devices, [](const nlohmann::json& device) {
        return device.value("label", "") == "serial" &&
               !device.value("filename", "disconnected:").starts_with("disconnected:");
    });
}

void end_and_reap(const ProcessIdentity& identity) {
    if (const auto process = ProcessHandle::open(identity)) {
        end_process(*process, kEndPatience);
    }
    ::waitpid(identity.pid, nullptr, WNOHANG); // fails where it is not our child: nothing to reap then
}

} // namespace

Session::Session(std::filesystem::path path, ProcessIdentity process, RunRecord record, FileDescriptor serial,
                 QmpClient control)
    : path_(std::move(path)), process_(process), record_(std::move(record)), serial_(std::move(serial)),
      control_(std::move(control)), lab_(LabMemory::open(ram_file())) {}

std::expected<Session, Failure> Session::launch(RunDirectory directory, const MachineSpec& machine,
                                                const std::filesystem::path& kernel, Lifetime lifetime) {
    const auto fail = [&directory](std::string text) {
        directory.remove();
        return std::unexpected(Failure{std::move(text), kExitUsage});
    };
    if (const auto space = directory.check_space(machine.memory); !space) {
        return fail(space.error());
    }
    const auto process = start_qemu(machine, directory, kernel, lifetime);
    if (!process) {
        return fail(process.error());
    }
    auto serial = connect_to(directory.file(run_file::kSerial));
    auto control = QmpClient::connect(directory.file(run_file::kControl), Deadline(kStartPatience));
    if (!serial || !control) {
        end_and_reap(*process);
        const std::string complaint = qemu_complaint(directory);
        return fail(complaint.empty() ? (serial ? control.error() : serial.error())
                                      : fmt::format("QEMU: {}", complaint));
    }
    RunRecord record{std::string(machine_type_name(machine.type)), machine.cpu, machine.memory,
                     kernel.string()};
    write_record(directory, record, *process);
    Session session(directory.path(), *process, std::move(record), std::move(*serial), std::move(*control));
    session.directory_ = std::move(directory);
    const auto started =
        session.control_.execute("cont", nlohmann::json::object(), Deadline(kAnswerPatience));
    if (!started) {
        session.end();
        return std::unexpected(Failure{started.error(), kExitGuestDied});
    }
    return session;
}

std::expected<Session, Failure> Session::attach(const LiveRun& run) {
    auto control = QmpClient::connect(run.file(run_file::kControl), Deadline(kTakenPatience));
    if (!control) {
        return std::unexpected(Failure{
            fmt::format("another console is attached to {}; only one can be", run.name()), kExitUsage});
    }
    if (serial_is_taken(*control)) {
        return std::unexpected(Failure{
            fmt::format("another program has the serial port of {}; it takes one at a time", run.name()),
            kExitUsage});
    }
    auto serial = connect_to(run.file(run_file::kSerial));
    if (!serial) {
        return std::unexpected(Failure{serial.error(), kExitUsage});
    }
    Session session(run.path, run.process, run.record, std::move(*serial), std::move(*control));
    session.learn_state();
    return session;
}

/// What happened while nobody was listening.
void Session::learn_state() {
    const auto answer = control_.execute("query-status", nlohmann::json::object(), Deadline(kAnswerPatience));
    const std::string status = answer ? answer->value("status", "running") : "running";
    running_ = status == "running";
    if (status == "shutdown") {
        pending_ = on_shutdown();
    } else if (!running_) {
        pending_ = Happened{Happening::paused, "the guest is held by a debugger or a monitor"};
    }
}

std::optional<Happened> Session::next_happening() {
    if (pending_) {
        return std::exchange(pending_, std::nullopt);
    }
    if (reviving_ && lab_ && lab_->state() && lab_->state() != LabState::rebooting) {
        reviving_ = false;
    }
    while (const auto event = control_.next_event()) {
        if (auto happened = on_event(*event)) {
            return happened;
        }
    }
    if (control_.closed()) {
        return on_gone();
    }
    return std::nullopt;
}

std::optional<Happened> Session::on_event(const QmpEvent& event) {
    if (event.name == "SHUTDOWN") {
        if (event.data.value("guest", false)) {
            return on_shutdown();
        }
        ended_outside_ = true;
        return std::nullopt; // QEMU is about to end; its end is what counts
    }
    if (event.name == "STOP" && running_ && !shut_down_) {
        running_ = false;
        return Happened{Happening::paused, "the guest is held by a debugger or a monitor"};
    }
    if (event.name == "RESUME" && !running_) {
        running_ = true;
        shut_down_ = false;
        return Happened{Happening::resumed, "the guest runs again"};
    }
    return std::nullopt;
}

Happened Session::on_shutdown() {
    shut_down_ = true;
    running_ = false;
    const auto state = lab_ ? lab_->state() : std::nullopt;
    // The page says `rebooting` until the new kernel has written it: a death on the way there is a death.
    if (state == LabState::rebooting && !reviving_) {
        return {Happening::rebooting, "the guest reboots"};
    }
    return {Happening::died, fmt::format("the guest died of a triple fault: {}", where())};
}

std::expected<void, std::string> Session::revive() {
    const Deadline deadline(kAnswerPatience);
    const nlohmann::json none = nlohmann::json::object();
    for (const auto& [command, arguments] :
         {std::pair<const char*, nlohmann::json>{"set-action", {{"reboot", "reset"}}},
          {"system_reset", none},
          {"set-action", {{"reboot", "shutdown"}}},
          {"cont", none}}) {
        const auto answer = control_.execute(command, arguments, deadline);
        if (!answer) {
            return std::unexpected(answer.error());
        }
    }
    // What the reset itself made QEMU say is nobody else's doing.
    for (const std::string_view own : {"STOP", "RESET", "RESUME"}) {
        control_.forget(own);
    }
    running_ = true;
    shut_down_ = false;
    reviving_ = true;
    return {};
}

Happened Session::on_gone() {
    const auto process = ProcessHandle::open(process_);
    if (process && !process->wait_ended(Deadline(kEndPatience))) {
        return {Happening::broken, "QEMU closed its monitor"};
    }
    const std::optional<int> status = exit_status(process_.pid);
    const auto state = lab_ ? lab_->state() : std::nullopt;
    // A guest without a lab page is believed by the exit code alone.
    if (state == LabState::halted || (!state && status == kHaltedStatus)) {
        return {Happening::halted, "the guest halted"};
    }
    if (ended_outside_) {
        return {Happening::stopped, "the machine was stopped from outside"};
    }
    const std::string complaint = directory_ ? qemu_complaint(*directory_) : std::string();
    return {Happening::broken,
            complaint.empty() ? std::string("QEMU ended") : fmt::format("QEMU ended: {}", complaint)};
}

std::string Session::where() {
    const auto text = control_.human("info registers", Deadline(kAnswerPatience));
    const auto registers = text ? parse_registers(*text) : std::nullopt;
    return registers ? registers_text(*registers) : std::string("its registers can't be read");
}

std::string Session::freeze_and_describe() {
    static_cast<void>(control_.execute("stop", nlohmann::json::object(), Deadline(kAnswerPatience)));
    return where();
}

void Session::release() {
    serial_.reset();
    directory_.reset();
}

void Session::end() {
    serial_.reset();
    end_and_reap(process_);
    remove_directory();
}

void Session::remove_directory() {
    if (!directory_) {
        directory_ = RunDirectory::take_over(path_);
    }
    if (directory_) {
        directory_->remove();
        directory_.reset();
    }
}

} // namespace pagelab::console::machine
