// Which process a run's QEMU is: its number and the moment it started, since numbers are used again.
// The only place that signals a process by number, and only after both agree.
#pragma once

#include "serial-console/src/machine/deadline.hpp"
#include "serial-console/src/machine/file_descriptor.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::machine {

struct ProcessIdentity {
    pid_t pid = 0;
    std::uint64_t started = 0; ///< clock ticks after boot, field 22 of /proc/PID/stat

    friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// Field 22 of a line of /proc/PID/stat; the program's name in it may hold spaces and brackets.
[[nodiscard]] std::optional<std::uint64_t> start_time_of_stat(std::string_view stat);

/// The identity of a running process.
[[nodiscard]] std::optional<ProcessIdentity> identify(pid_t pid);

/// The text of a run's pid file: `PID STARTED`.
[[nodiscard]] std::string identity_text(const ProcessIdentity& identity);
[[nodiscard]] std::optional<ProcessIdentity> parse_identity(std::string_view text);

/// A handle on a process that stays the same process.
class ProcessHandle {
public:
    /// Nothing if it is gone, or if its number now belongs to another.
    [[nodiscard]] static std::optional<ProcessHandle> open(const ProcessIdentity& identity);

    [[nodiscard]] int descriptor() const { return descriptor_.get(); } ///< readable once it has ended
    void signal(int number) const;
    /// Has it ended, waiting until the deadline for that?
    [[nodiscard]] bool wait_ended(const Deadline& deadline) const;

private:
    explicit ProcessHandle(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
    FileDescriptor descriptor_;
};

/// SIGTERM, and SIGKILL when that does not help in time. True when it has ended.
bool end_process(const ProcessHandle& process, milliseconds patience);

} // namespace pagelab::console::machine
