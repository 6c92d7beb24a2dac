// The directory that a run lives in, its lock and its cleaning. All that is known about runs is in these
// directories: there is no daemon and no registry.
// The lock is held by QEMU itself, which inherits its descriptor: the run lives exactly as long as it is
// held.
#pragma once

#include "serial-console/src/machine/file_descriptor.hpp"
#include "serial-console/src/machine/process_identity.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::machine {

/// Longest path of a run's directory, in bytes: a socket's path ends at 108.
inline constexpr std::size_t kLongestRunPath = 80;
inline constexpr std::string_view kDefaultRunName = "lab";

/// Is `name` of the form [A-Za-z0-9._-]{1,32}, and neither `.` nor `..`?
[[nodiscard]] bool is_run_name(std::string_view name);

/// Says one line to the user; the launcher's own words never go to stdout.
using Say = std::function<void(const std::string&)>;

/// Where runs live: /tmp/pagelab-UID, or PAGELAB_DIR.
class RunBase {
public:
    /// Finds it and makes it where it is missing; an error names what is wrong and the remedy.
    [[nodiscard]] static std::expected<RunBase, std::string> open();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Removes the base again if it is empty and was made by this program (or is the default one).
    void remove_if_empty() const;

private:
    RunBase(std::filesystem::path path, bool removable) : path_(std::move(path)), removable_(removable) {}

    std::filesystem::path path_;
    bool removable_;
};

/// A run's directory that this process holds the lock of.
class RunDirectory {
public:
    /// Makes the directory of a new run. Refused if the name is in use or the place is not ours.
    /// What an ended run of that name left is removed, and said.
    [[nodiscard]] static std::expected<RunDirectory, std::string>
    claim(const RunBase& base, std::string_view name, const Say& say);
    /// The same under a fresh name that nobody else has.
    [[nodiscard]] static std::expected<RunDirectory, std::string> claim_private(const RunBase& base);

    /// Takes over the directory of a run whose QEMU has ended; nothing while the lock is held elsewhere.
    [[nodiscard]] static std::optional<RunDirectory> take_over(const std::filesystem::path& path);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string name() const { return path_.filename().string(); }
    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return path_ / name; }
    [[nodiscard]] int lock_descriptor() const { return lock_.get(); }

    /// Is there room for that many bytes of guest RAM? An error says where not, and what to do.
    [[nodiscard]] std::expected<void, std::string> check_space(std::uint64_t bytes) const;

    /// Removes the files of the run and the directory; files that are not a run's stay, and it with them.
    void remove();

private:
    RunDirectory(std::filesystem::path path, FileDescriptor lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    FileDescriptor lock_;
};

/// Names of the files in a run's directory.
namespace run_file {
inline constexpr std::string_view kSerial = "serial.sock";
inline constexpr std::string_view kGdb = "gdb.sock";
inline constexpr std::string_view kQmp = "qmp.sock";
inline constexpr std::string_view kControl = "control.sock";
inline constexpr std::string_view kRam = "ram";
inline constexpr std::string_view kState = "state"; ///< snapshots of the machine
inline constexpr std::string_view kSerialLog = "serial.log";
inline constexpr std::string_view kQemuLog = "qemu.log";
inline constexpr std::string_view kLock = "lock";
inline constexpr std::string_view kPid = "pid";
inline constexpr std::string_view kRecord = "run.json";
} // namespace run_file

/// What is written down of a run for those who come later.
struct RunRecord {
    std::string machine;      ///< as after --machine
    std::string cpu;          ///< as after --cpu
    std::uint64_t memory = 0; ///< bytes of RAM
    std::string kernel;       ///< path of the kernel's image
    bool icount = false;      ///< as --icount
    bool recorded = false;    ///< as --rr
    bool replayed = false;    ///< this is the replay of a recording
    std::string exercise;     ///< as --exercise
};

/// A run that somebody started and that still lives.
struct LiveRun {
    std::filesystem::path path;
    ProcessIdentity process;
    RunRecord record;

    [[nodiscard]] std::string name() const { return path.filename().string(); }
    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return path / name; }
};

void write_record(const RunDirectory& directory, const RunRecord& record, const ProcessIdentity& process);

/// The run of that name; nothing if there is none or it has ended.
[[nodiscard]] std::optional<LiveRun> find_run(const RunBase& base, std::string_view name);
/// All runs that live, by name.
[[nodiscard]] std::vector<LiveRun> list_runs(const RunBase& base);
/// Removes the directories of runs that were killed, and says so.
void sweep(const RunBase& base, const Say& say);

} // namespace pagelab::console::machine
