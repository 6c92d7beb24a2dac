#include "serial-console/src/machine/session.hpp"

#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/machine/command_line.hpp"
#include "serial-console/src/machine/machine_state.hpp"
#include "serial-console/src/machine/post_mortem.hpp"
#include "serial-console/src/machine/vcpu_thread.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
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
/// A reset from outside is not in the log.
constexpr std::string_view kRecordingEnds =
    "its recording ends here; scripts/gdb --replay shows how it came to it";
/// Between SIGTERM and SIGKILL, and until the end after it.
constexpr milliseconds kEndPatience(3000);
/// A snapshot taken or loaded; it takes some milliseconds.
constexpr milliseconds kStatePatience(10000);
/// An answer of a QEMU that may be stuck.
constexpr milliseconds kStuckPatience(2000);

/// The child's exit status, if it is our child and has exited by itself.
std::optional<int> exit_status(pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid && WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    return std::nullopt;
}

/// Is somebody connected to that socket of QEMU's? It names one without a client `disconnected:…`.
bool is_connected(QmpClient& control, std::string_view label) {
    const auto devices =
        control.execute("query-chardev", nlohmann::json::object(), Deadline(kAnswerPatience));
    if (!devices || !devices->is_array()) {
        return false;
    }
    return std::ranges::any_of(*devices, [label](const nlohmann::json& device) {
        return device.value("label", "") == label &&
               !device.value("filename", "disconnected:").starts_with("disconnected:");
    });
}

/// Why no snapshots are taken of such a machine; nothing if they are.
std::optional<std::string> objection_to_snapshots(const RunRecord& record) {
    if (record.recorded) {
        return "no snapshots with --rr: a recording goes on from its start to its end";
    }
    if (record.icount) {
        return "no snapshots with --icount: two runs would not be equal";
    }
    if (record.memory > kMostSnapshotMemory) {
        return fmt::format("no snapshots above {} of RAM", memory_size_text(kMostSnapshotMemory));
    }
    return std::nullopt;
}

/// The machine as it was started, as far as the record tells.
MachineSpec spec_of(const RunRecord& record) {
    MachineSpec machine;
    machine.type = parse_machine_type(record.machine).value_or(MachineType::pc);
    machine.memory = record.memory;
    machine.cpu = record.cpu;
    machine.icount = record.icount;
    machine.exercise = record.exercise;
    return machine;
}

/// All zeros, and still the same file: whoever has it mapped sees the new machine's memory.
void clear_ram(const std::filesystem::path& ram) {
    const FileDescriptor file(::open(ram.c_str(), O_RDWR | O_CLOEXEC));
    std::error_code error;
    const auto bytes = static_cast<off_t>(std::filesystem::file_size(ram, error));
    if (file && !error) {
        static_cast<void>(::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes));
    }
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
      control_(std::move(control)), lab_(LabMemory::open(ram_file())),
      host_word_(record_.recorded ? std::nullopt : HostWord::open(ram_file())),
      no_snapshots_(objection_to_snapshots(record_)), notice_due_(no_snapshots_.has_value()) {}

std::expected<Session, Failure> Session::launch(RunDirectory directory, const MachineSpec& machine,
                                                const std::filesystem::path& kernel, Lifetime lifetime,
                                                const std::optional<ReplayLog>& log) {
    const auto fail = [&directory](std::string text) {
        directory.remove();
        return std::unexpected(Failure{std::move(text), kExitUsage});
    };
    if (const auto space = directory.check_space(machine.memory); !space) {
        return fail(space.error());
    }
    const auto process = start_qemu(machine, directory, kernel, lifetime, log);
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
    RunRecord record{std::string(machine_type_name(machine.type)),
                     machine.cpu,
                     machine.memory,
                     kernel.string(),
                     machine.icount,
                     log.has_value(),
                     false,
                     machine.exercise};
    write_record(directory, record, *process);
    Session session(directory.path(), *process, std::move(record), std::move(*serial), std::move(*control));
    session.directory_ = std::move(directory);
    session.lifetime_ = lifetime;
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
    if (is_connected(*control, "serial")) {
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
    if (control_.closed() && !gone_) {
        gone_ = true;
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
    registers_ = ask_registers();
    return {Happening::died, fmt::format("the guest died of a triple fault: {}",
                                         registers_ ? registers_text(*registers_)
                                                    : std::string("its registers can't be read"))};
}

std::expected<void, std::string> Session::revive() {
    if (record_.recorded) {
        return std::unexpected(std::string(kRecordingEnds));
    }
    auto done = reset(nullptr);
    if (done) {
        snapshots_.clear();
        runs_again();
        reviving_ = true;
    }
    return done;
}

std::expected<void, std::string> Session::execute(const char* command, nlohmann::json arguments) {
    const auto answer = control_.execute(command, arguments, Deadline(kAnswerPatience));
    return answer ? std::expected<void, std::string>{} : std::unexpected(answer.error());
}

/// Resets the machine, or gives it another state, and lets it run.
std::expected<void, std::string> Session::reset(const Moment* then) {
    const nlohmann::json none = nlohmann::json::object();
    auto done = execute("set-action", {{"reboot", "reset"}});
    if (done) {
        done = execute("system_reset", none);
    }
    if (done && then != nullptr) {
        done = load_state(control_, then->tag, Deadline(kStatePatience));
    }
    if (done) {
        done = execute("set-action", {{"reboot", "shutdown"}});
    }
    return done ? execute("cont", none) : done;
}

/// Ends this QEMU and starts another on the same run: for one that does not obey any more.
std::expected<void, std::string> Session::relaunch(const Moment* then) {
    serial_.reset();
    if (const auto process = ProcessHandle::open(process_)) {
        process->signal(SIGKILL);
        static_cast<void>(process->wait_ended(Deadline(kEndPatience)));
    }
    ::waitpid(process_.pid, nullptr, WNOHANG);
    if (!directory_) {
        directory_ = RunDirectory::take_over(path_);
    }
    if (!directory_) {
        return std::unexpected("another program holds the run");
    }
    for (const std::string_view name :
         {run_file::kSerial, run_file::kGdb, run_file::kQmp, run_file::kControl}) {
        ::unlink(directory_->file(name).c_str());
    }
    clear_ram(ram_file());
    const auto process = start_qemu(spec_of(record_), *directory_, record_.kernel, lifetime_);
    if (!process) {
        return std::unexpected(process.error());
    }
    process_ = *process;
    vcpu_thread_.reset();
    state_image_ = false;
    auto control = QmpClient::connect(directory_->file(run_file::kControl), Deadline(kStartPatience));
    auto serial = connect_to(directory_->file(run_file::kSerial));
    if (!control || !serial) {
        return std::unexpected(control ? serial.error() : control.error());
    }
    control_ = std::move(*control);
    serial_ = std::move(*serial);
    answers_ = true;
    write_record(*directory_, record_, process_);
    if (then != nullptr) {
        const Deadline deadline(kStatePatience);
        auto done = open_state_image(control_, directory_->file(run_file::kState), deadline);
        if (done) {
            done = load_state(control_, then->tag, deadline);
        }
        if (!done) {
            return done;
        }
        state_image_ = true;
    }
    return execute("cont", nlohmann::json::object());
}

/// By a reset if QEMU obeys, else by another QEMU.
std::expected<std::string, std::string> Session::restart(const Moment* then) {
    const bool gone = gone_;
    if (answers_) {
        if (const auto done = reset(then)) {
            runs_again();
            return "";
        }
    }
    if (const auto done = relaunch(then); !done) {
        return std::unexpected(done.error());
    }
    runs_again();
    return gone ? "QEMU was started anew" : "QEMU did not answer any more and was started anew";
}

std::expected<std::string, std::string> Session::boot_afresh() {
    if (record_.recorded) {
        return std::unexpected(std::string(kRecordingEnds));
    }
    if (lab_) {
        lab_->await_boot();
    }
    auto done = restart(nullptr);
    snapshots_.clear();
    return done;
}

std::expected<std::string, std::string> Session::go_back(const Moment& moment) {
    std::expected<std::string, std::string> done;
    if (running_ && answers_ && load_state(control_, moment.tag, Deadline(kStatePatience))) {
        runs_again();
    } else {
        done = restart(&moment);
    }
    if (done) {
        // What lies in the socket was meant for a machine that will never have been.
        if (auto serial = connect_to(path_ / run_file::kSerial)) {
            serial_ = std::move(*serial);
        }
        snapshots_.went_back_to(moment);
    }
    return done;
}

std::expected<Moment, std::string> Session::undo_last(std::optional<std::uint32_t> asking) {
    if (no_snapshots_) {
        return std::unexpected(*no_snapshots_);
    }
    if (!running_ || debugger_connected()) {
        return std::unexpected("a debugger holds the guest");
    }
    const std::uint32_t begun = asking.value_or(lab_ ? lab_->commands() : 0);
    const auto moment = snapshots_.before_last(begun, asking ? 2 : 1);
    if (!moment) {
        return std::unexpected(std::string(kNoEarlierSnapshot));
    }
    if (const auto done = go_back(*moment); !done) {
        return std::unexpected(done.error());
    }
    return *moment;
}

void Session::refuse_undo(std::uint32_t asking) {
    refused_undo_ = asking;
    show_host();
}

void Session::show_host() {
    if (!host_word_ || !lab_ || !lab_->state()) {
        return;
    }
    const auto asked = lab_->undo_request();
    const bool refused = asked && refused_undo_ == asked;
    if (!asked) {
        refused_undo_.reset();
    }
    if (interrupted_command_ && (lab_->commands() != *interrupted_command_ || !lab_->at_work())) {
        interrupted_command_.reset();
    }
    host_word_->set((no_snapshots_ || refused ? 0 : interface::host_bits::kSnapshots) |
                    (interrupted_command_ ? interface::host_bits::kInterrupts : 0));
}

bool Session::prepare_state_image() {
    if (!state_image_) {
        const auto made = create_state_image(control_, path_ / run_file::kState, Deadline(kStatePatience));
        state_image_ = made.has_value();
        if (!made) {
            no_snapshots_ = fmt::format("no snapshots: {}", made.error());
            notice_due_ = true;
        }
    }
    return state_image_;
}

void Session::keep_moment() {
    if (no_snapshots_ || !running_ || shut_down_ || debugger_connected() || !really_running() ||
        !prepare_state_image()) {
        return;
    }
    const std::uint32_t commands = lab_ ? lab_->commands() : 0;
    const std::string tag = snapshots_.tag_for(commands);
    const auto saved = save_state(control_, tag, Deadline(kStatePatience));
    forget_own_events();
    if (saved) {
        snapshots_.add({tag, commands});
    } else {
        no_snapshots_ = fmt::format("no snapshots any more: {}", saved.error());
        notice_due_ = true;
        snapshots_.clear();
    }
    if (!really_running()) { // whoever stopped it meanwhile was forgotten with our own stop
        running_ = false;
        pending_ = Happened{Happening::paused, "the guest is held by a debugger or a monitor"};
    }
}

std::optional<std::string> Session::take_notice() {
    return std::exchange(notice_due_, false) ? no_snapshots_ : std::nullopt;
}

/// What the reset or the snapshot itself made QEMU say is nobody else's doing.
void Session::forget_own_events() {
    for (const std::string_view own : {"STOP", "RESET", "RESUME"}) {
        control_.forget(own);
    }
}

void Session::runs_again() {
    forget_own_events();
    running_ = true;
    shut_down_ = false;
    reviving_ = false;
    gone_ = false;
    registers_.reset();
    pending_.reset();
}

std::optional<VcpuTime> Session::vcpu_time() {
    if (!vcpu_thread_) {
        const auto cpus =
            control_.execute("query-cpus-fast", nlohmann::json::object(), Deadline(kAnswerPatience));
        if (!cpus || !cpus->is_array() || cpus->empty()) {
            return std::nullopt;
        }
        vcpu_thread_ = cpus->front().value("thread-id", 0);
    }
    return read_vcpu_time(process_.pid, *vcpu_thread_);
}

std::optional<bool> Session::halted() {
    const auto registers = ask_registers();
    return registers ? std::optional(registers->halted) : std::nullopt;
}

bool Session::debugger_connected() {
    return answers_ && is_connected(control_, "gdb");
}

bool Session::really_running() {
    const auto status = control_.execute("query-status", nlohmann::json::object(), Deadline(kAnswerPatience));
    return status && status->value("status", "") == "running";
}

bool Session::inject_nmi() {
    if (lab_) {
        interrupted_command_ = lab_->commands();
        show_host(); // first: who is hit asks at once
    }
    return execute("inject-nmi", nlohmann::json::object()).has_value();
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
    running_ = false;
    shut_down_ = true;
    answers_ = false;
    serial_.reset();
    const std::string complaint = directory_ ? qemu_complaint(*directory_) : std::string();
    return {Happening::broken,
            complaint.empty() ? std::string("QEMU ended") : fmt::format("QEMU ended: {}", complaint)};
}

std::optional<CpuRegisters> Session::ask_registers() {
    if (!answers_) {
        return std::nullopt;
    }
    const auto text = control_.human("info registers", Deadline(kStuckPatience));
    answers_ = text.has_value();
    return text ? parse_registers(*text) : std::nullopt;
}

void Session::freeze() {
    registers_ = ask_registers(); // a CPU that is stuck can't be stopped, but looked at
    if (answers_ && running_) {
        answers_ = control_.execute("stop", nlohmann::json::object(), Deadline(kStuckPatience)).has_value();
        if (const auto stopped = ask_registers()) {
            registers_ = stopped;
        }
    }
    forget_own_events();
    running_ = false;
    shut_down_ = true;
}

std::vector<std::string> Session::post_mortem() {
    const auto ram = guest::Ram::open(ram_file());
    if (gone_) {
        return {"the registers went with it"};
    }
    if (!registers_ || !ram) {
        return {registers_ ? ram.error() : std::string("QEMU does not tell the registers")};
    }
    const auto read = [&ram](paging::PhysAddr address) { return ram->word(address); };
    return machine::post_mortem(*registers_, lab_ ? lab_->copy() : std::nullopt, read);
}

void Session::release() {
    if (host_word_ && lab_ && lab_->state()) {
        host_word_->set(0);
    }
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
