// A running lab as its console sees it: the serial port, the monitor and the lab page of one QEMU.
// Plain, batch and picture all stand on it. It tells what happened to the guest; what to do then is theirs.
#pragma once

#include "serial-console/src/machine/host_word.hpp"
#include "serial-console/src/machine/lab_memory.hpp"
#include "serial-console/src/machine/machine_spec.hpp"
#include "serial-console/src/machine/qemu_process.hpp"
#include "serial-console/src/machine/qmp_client.hpp"
#include "serial-console/src/machine/registers.hpp"
#include "serial-console/src/machine/run_directory.hpp"
#include "serial-console/src/machine/snapshot_ring.hpp"
#include "serial-console/src/machine/unix_socket.hpp"
#include "serial-console/src/machine/watchdog.hpp"

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::machine {

/// Exit codes of a run.
inline constexpr int kExitOk = 0;
inline constexpr int kExitCommandFailed = 1;
inline constexpr int kExitUsage = 2; ///< also: what is needed is missing
inline constexpr int kExitGuestDied = 3;

/// Why an undo did not come about, where that is no fault of anybody's.
inline constexpr std::string_view kNoEarlierSnapshot = "there is no snapshot from before the last line";

/// Why something did not come about, and the exit code that this means.
struct Failure {
    std::string text;
    int status = kExitUsage;
};

enum class Happening {
    paused,    ///< something outside holds the guest: a debugger or the user's monitor
    resumed,   ///< it runs again
    rebooting, ///< the guest asked for a reset and stands still: drain the serial port, then revive()
    died,      ///< a triple fault; RAM and registers are still those of the death
    halted,    ///< the kernel ended the machine on purpose; QEMU is gone
    stopped,   ///< QEMU was ended from outside, as scripts/stop does
    broken,    ///< QEMU itself ended by mistake; told once, and what brings a death back starts another
};

struct Happened {
    Happening what = Happening::paused;
    std::string text; ///< one sentence for the user
};

class Session {
public:
    /// Starts a machine in `directory` and lets it run, recorded if there is a `log`. On failure QEMU is gone
    /// and the directory removed.
    [[nodiscard]] static std::expected<Session, Failure>
    launch(RunDirectory directory, const MachineSpec& machine, const std::filesystem::path& kernel,
           Lifetime lifetime, const std::optional<ReplayLog>& log = {});

    /// Takes over the console of a run that somebody else started.
    [[nodiscard]] static std::expected<Session, Failure> attach(const LiveRun& run);

    [[nodiscard]] const std::filesystem::path& directory() const { return path_; }
    [[nodiscard]] std::string name() const { return path_.filename().string(); }
    [[nodiscard]] std::uint64_t memory() const { return record_.memory; } ///< bytes of RAM
    [[nodiscard]] std::filesystem::path ram_file() const { return path_ / run_file::kRam; }

    /// Is it recorded? Then nothing may reach the guest but what QEMU keeps: the serial port's bytes.
    [[nodiscard]] bool recorded() const { return record_.recorded; }

    [[nodiscard]] int serial_descriptor() const { return serial_.get(); } ///< not blocking
    [[nodiscard]] int control_descriptor() const { return gone_ ? -1 : control_.descriptor(); }

    /// Call when either descriptor is readable. Serial bytes first: what the guest said before it died
    /// is then read before the death.
    [[nodiscard]] std::optional<Happened> next_happening();

    /// After Happening::rebooting: resets the machine and lets it boot.
    [[nodiscard]] std::expected<void, std::string> revive();

    /// Does the guest run, as far as QEMU has said? False while a debugger holds it.
    [[nodiscard]] bool running() const { return running_; }
    [[nodiscard]] const std::optional<LabMemory>& lab() const { return lab_; }
    [[nodiscard]] QmpClient& control() { return control_; }

    // --- a guest that died or hangs ------------------------------------------------------------------------
    /// Stops it for good, as a death does: then its memory and registers can be looked at.
    void freeze();
    /// How it died, in lines; after Happening::died or freeze().
    [[nodiscard]] std::vector<std::string> post_mortem();
    /// The machine is reset and boots. QEMU is started anew if it does not obey; `text` of the result says
    /// so.
    [[nodiscard]] std::expected<std::string, std::string> boot_afresh();

    // --- snapshots -----------------------------------------------------------------------------------------
    /// Takes a snapshot, where it can be had: before a command goes to the guest.
    void keep_moment();
    /// Why there are none; nothing if there are.
    [[nodiscard]] const std::optional<std::string>& no_snapshots() const { return no_snapshots_; }
    /// The same, once for each reason: for a console to tell its user.
    [[nodiscard]] std::optional<std::string> take_notice();
    /// The state to come back to from a death.
    [[nodiscard]] std::optional<Moment> last_moment() const { return snapshots_.newest(); }
    /// Makes it the machine's state. What was sent to the guest and not read yet is dropped.
    [[nodiscard]] std::expected<std::string, std::string> go_back(const Moment& moment);
    /// The state before the last command. If a command asks for it, `asking` is its number, and the one
    /// before it is the last.
    [[nodiscard]] std::expected<Moment, std::string> undo_last(std::optional<std::uint32_t> asking);
    /// Tells the kernel that its request can't be answered.
    void refuse_undo(std::uint32_t asking);
    [[nodiscard]] bool refused_undo(std::uint32_t asking) const { return refused_undo_ == asking; }

    // --- for the overseer ----------------------------------------------------------------------------------
    /// Writes the lab page's word `host` where it is not right.
    void show_host();
    [[nodiscard]] std::optional<VcpuTime> vcpu_time();
    /// Is the CPU in `hlt`? Nothing if QEMU does not answer.
    [[nodiscard]] std::optional<bool> halted();
    [[nodiscard]] bool debugger_connected();
    [[nodiscard]] bool really_running(); ///< asks QEMU
    [[nodiscard]] bool inject_nmi();

    /// Lets go of it: the machine goes on without a console.
    void release();

    /// Ends the machine and removes the run's directory.
    void end();

private:
    Session(std::filesystem::path path, ProcessIdentity process, RunRecord record, FileDescriptor serial,
            QmpClient control);

    [[nodiscard]] std::optional<Happened> on_event(const QmpEvent& event);
    [[nodiscard]] Happened on_shutdown();
    [[nodiscard]] Happened on_gone();
    [[nodiscard]] std::optional<CpuRegisters> ask_registers();
    [[nodiscard]] std::expected<void, std::string> reset(const Moment* then);
    [[nodiscard]] std::expected<void, std::string> relaunch(const Moment* then);
    [[nodiscard]] std::expected<std::string, std::string> restart(const Moment* then);
    [[nodiscard]] std::expected<void, std::string> execute(const char* command, nlohmann::json arguments);
    [[nodiscard]] bool prepare_state_image();
    void forget_own_events();
    void runs_again();
    void learn_state();
    void remove_directory();

    std::filesystem::path path_;
    ProcessIdentity process_;
    RunRecord record_;
    FileDescriptor serial_;
    QmpClient control_;
    std::optional<LabMemory> lab_;
    std::optional<HostWord> host_word_;
    std::optional<RunDirectory> directory_; ///< while this process holds the run's lock
    bool running_ = true;
    bool shut_down_ = false; ///< the guest was reset or died, and QEMU waits
    bool reviving_ = false;  ///< a reboot was granted and the page still tells of it
    bool ended_outside_ = false;
    bool gone_ = false;   ///< QEMU has ended, and that was told
    bool answers_ = true; ///< QEMU's monitor
    Lifetime lifetime_ = Lifetime::detached;
    std::optional<CpuRegisters> registers_; ///< of a guest that was stopped for good
    std::optional<pid_t> vcpu_thread_;
    SnapshotRing snapshots_;
    std::optional<std::string> no_snapshots_;
    bool notice_due_ = false;
    bool state_image_ = false; ///< QEMU has it
    std::optional<std::uint32_t> refused_undo_;
    std::optional<std::uint32_t> interrupted_command_; ///< the number of the one that an NMI was sent to
    std::optional<Happened> pending_;
};

} // namespace pagelab::console::machine
