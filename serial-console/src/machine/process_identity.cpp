#include "serial-console/src/machine/process_identity.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <iterator>

namespace pagelab::console::machine {
namespace {

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

// Called by number: glibc 2.36 declares its wrappers without C linkage.
int open_process(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

} // namespace

std::optional<std::uint64_t> start_time_of_stat(std::string_view stat) {
    // `PID (NAME) STATE …`: the name may hold anything, so count from the last bracket; STATE is field 3.
    const std::size_t bracket = stat.rfind(')');
    if (bracket == std::string_view::npos) {
        return std::nullopt;
    }
    constexpr int kFirstField = 3;
    constexpr int kStartTime = 22;
    std::string_view rest = stat.substr(bracket + 1);
    for (int field = kFirstField; !rest.empty(); ++field) {
        const std::size_t first = rest.find_first_not_of(" \n");
        if (first == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(first);
        const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
        if (field == kStartTime) {
            return number_of<std::uint64_t>(word);
        }
        rest.remove_prefix(word.size());
    }
    return std::nullopt;
}

std::optional<ProcessIdentity> identify(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    const std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::optional<std::uint64_t> started = start_time_of_stat(stat);
    if (!started) {
        return std::nullopt;
    }
    return ProcessIdentity{pid, *started};
}

std::string identity_text(const ProcessIdentity& identity) {
    return fmt::format("{} {}\n", identity.pid, identity.started);
}

std::optional<ProcessIdentity> parse_identity(std::string_view text) {
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) {
        return std::nullopt;
    }
    const auto pid = number_of<pid_t>(text.substr(0, space));
    const auto started = number_of<std::uint64_t>(text.substr(space + 1));
    if (!pid || !started || *pid <= 1) {
        return std::nullopt;
    }
    return ProcessIdentity{*pid, *started};
}

std::optional<ProcessHandle> ProcessHandle::open(const ProcessIdentity& identity) {
    FileDescriptor descriptor(open_process(identity.pid));
    // The handle first, then the comparison: it holds on to whichever process the comparison saw.
    if (!descriptor || identify(identity.pid) != identity) {
        return std::nullopt;
    }
    ProcessHandle handle(std::move(descriptor));
    if (handle.wait_ended(Deadline(milliseconds(0)))) {
        return std::nullopt;
    }
    return handle;
}

void ProcessHandle::signal(int number) const {
    ::syscall(SYS_pidfd_send_signal, descriptor_.get(), number, nullptr, 0);
}

bool ProcessHandle::wait_ended(const Deadline& deadline) const {
    while (true) {
        pollfd waiting{descriptor_.get(), POLLIN, 0};
        const int ready = ::poll(&waiting, 1, deadline.left_ms());
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            return false;
        }
    }
}

bool end_process(const ProcessHandle& process, milliseconds patience) {
    process.signal(SIGTERM);
    if (process.wait_ended(Deadline(patience))) {
        return true;
    }
    process.signal(SIGKILL);
    return process.wait_ended(Deadline(patience));
}

} // namespace pagelab::console::machine
