// The thread of QEMU that runs the virtual CPU: what it did, as the host's kernel counts it. Reads /proc
// only.
#pragma once

#include "serial-console/src/machine/watchdog.hpp"

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace pagelab::console::machine {

/// Out of a line of /proc/PID/task/TID/stat; `ticks_per_second` is the clock of its times.
[[nodiscard]] std::optional<VcpuTime> vcpu_time_of_stat(std::string_view stat, long ticks_per_second);

/// Nothing if the thread is gone.
[[nodiscard]] std::optional<VcpuTime> read_vcpu_time(pid_t process, pid_t thread);

} // namespace pagelab::console::machine
