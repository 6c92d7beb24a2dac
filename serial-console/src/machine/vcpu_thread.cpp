#include "serial-console/src/machine/vcpu_thread.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace pagelab::console::machine {

std::optional<VcpuTime> vcpu_time_of_stat(std::string_view stat, long ticks_per_second) {
    // The name in brackets may hold spaces and brackets; fields 3 and on follow the last one.
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos || ticks_per_second <= 0) {
        return std::nullopt;
    }
    std::istringstream fields{std::string(stat.substr(name_end + 1))};
    char state = 0;
    std::string skipped;
    std::int64_t user = -1;
    std::int64_t system = -1;
    fields >> state;
    for (int field = 4; field < 14; ++field) {
        fields >> skipped;
    }
    if (!(fields >> user >> system)) {
        return std::nullopt;
    }
    return VcpuTime{milliseconds((user + system) * 1000 / ticks_per_second), state == 'S'};
}

std::optional<VcpuTime> read_vcpu_time(pid_t process, pid_t thread) {
    std::ifstream file(fmt::format("/proc/{}/task/{}/stat", process, thread));
    std::string line;
    if (!std::getline(file, line)) {
        return std::nullopt;
    }
    return vcpu_time_of_stat(line, ::sysconf(_SC_CLK_TCK));
}

} // namespace pagelab::console::machine
