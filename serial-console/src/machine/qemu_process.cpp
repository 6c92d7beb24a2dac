#include "serial-console/src/machine/qemu_process.hpp"

#include "serial-console/src/machine/command_line.hpp"
#include "serial-console/src/machine/unix_socket.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

namespace pagelab::console::machine {
namespace {

namespace fs = std::filesystem;

/// qboot's image, if QEMU's data has it and the machine takes it. microvm boots with it by itself.
std::optional<std::string> find_firmware(MachineType type, const fs::path& program) {
    if (type == MachineType::microvm) {
        return std::nullopt;
    }
    const std::array<fs::path, 3> places = {
        program.parent_path().parent_path() / "share/qemu/qboot.rom",
        "/usr/share/qemu/qboot.rom",
        "/usr/share/qboot/bios.bin",
    };
    std::error_code error;
    for (const fs::path& place : places) {
        if (fs::exists(place, error)) {
            return place.string();
        }
    }
    return std::nullopt;
}

/// What the child needs, all made before the fork: after it only system calls are allowed.
struct Child {
    std::vector<char*> arguments;
    std::vector<int> inherited;
    int null = -1;
    int log = -1;
    int complaint = -1; ///< closed by a successful exec; else it carries errno
    pid_t parent = 0;
    Lifetime lifetime = Lifetime::ours;
};

[[noreturn]] void run_child(const Child& child) {
    ::setsid();
    if (child.lifetime == Lifetime::ours) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != child.parent) {
            ::_exit(1); // the parent died before the line above took effect
        }
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(child.null, STDIN_FILENO);
    ::dup2(child.log, STDOUT_FILENO);
    ::dup2(child.log, STDERR_FILENO);
    for (const int descriptor : child.inherited) {
        ::fcntl(descriptor, F_SETFD, 0);
    }
    ::execvp(kQemuProgram, child.arguments.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(child.complaint, &error, sizeof(error));
    ::_exit(127);
}

/// Waits until the child has become QEMU; an error says why it could not.
std::expected<void, std::string> await_exec(int complaint) {
    int error = 0;
    ssize_t count = 0;
    while ((count = ::read(complaint, &error, sizeof(error))) < 0 && errno == EINTR) {
    }
    if (count == static_cast<ssize_t>(sizeof(error))) {
        return std::unexpected(fmt::format("can't start {}: {}", kQemuProgram, std::strerror(error)));
    }
    return {};
}

} // namespace

std::optional<fs::path> find_program(const std::string& name) {
    const char* const path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
    while (!rest.empty()) {
        const std::string_view directory = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
        fs::path candidate = fs::path(directory.empty() ? "." : directory) / name;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return std::nullopt;
}

std::expected<ProcessIdentity, std::string> start_qemu(const MachineSpec& machine,
                                                       const RunDirectory& directory, const fs::path& kernel,
                                                       Lifetime lifetime,
                                                       const std::optional<ReplayLog>& replay_log) {
    const auto program = find_program(kQemuProgram);
    if (!program) {
        return std::unexpected(
            fmt::format("{} is not installed; scripts/doctor says how to get it", kQemuProgram));
    }
    QemuFiles files;
    files.name = directory.name();
    files.kernel = kernel.string();
    files.ram = directory.file(run_file::kRam).string();
    files.serial_log = directory.file(run_file::kSerialLog).string();
    files.firmware = find_firmware(machine.type, *program);
    files.replay_log = replay_log;

    std::array<FileDescriptor, 4> listeners;
    const std::array names = {run_file::kSerial, run_file::kGdb, run_file::kQmp, run_file::kControl};
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto listener = listen_at(directory.file(names[i]));
        if (!listener) {
            return std::unexpected(listener.error());
        }
        listeners[i] = std::move(*listener);
    }
    files.serial_listener = listeners[0].get();
    files.gdb_listener = listeners[1].get();
    files.qmp_listener = listeners[2].get();
    files.control_listener = listeners[3].get();
    FileDescriptor exercise;
    if (!machine.exercise.empty()) {
        exercise = FileDescriptor(::open(machine.exercise.c_str(), O_RDONLY | O_CLOEXEC));
        if (!exercise) {
            return std::unexpected(fmt::format("{}: {}", machine.exercise, std::strerror(errno)));
        }
        files.exercise = exercise.get();
    }

    std::vector<std::string> arguments = qemu_arguments(machine, files);
    arguments.insert(arguments.begin(), kQemuProgram);
    std::array<int, 2> pipe_ends{};
    const FileDescriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const FileDescriptor log(::open(directory.file(run_file::kQemuLog).c_str(),
                                    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    if (!null || !log || ::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
        return std::unexpected(fmt::format("can't start {}: {}", kQemuProgram, std::strerror(errno)));
    }
    const FileDescriptor hears(pipe_ends[0]);
    FileDescriptor tells(pipe_ends[1]);

    Child child;
    for (std::string& argument : arguments) {
        child.arguments.push_back(argument.data());
    }
    child.arguments.push_back(nullptr);
    for (const FileDescriptor& listener : listeners) {
        child.inherited.push_back(listener.get());
    }
    child.inherited.push_back(directory.lock_descriptor());
    if (exercise) {
        child.inherited.push_back(exercise.get());
    }
    child.null = null.get();
    child.log = log.get();
    child.complaint = tells.get();
    child.parent = ::getpid();
    child.lifetime = lifetime;

    const pid_t pid = ::fork();
    if (pid < 0) {
        return std::unexpected(fmt::format("can't start {}: {}", kQemuProgram, std::strerror(errno)));
    }
    if (pid == 0) {
        run_child(child);
    }
    tells.reset();
    if (auto started = await_exec(hears.get()); !started) {
        return std::unexpected(started.error());
    }
    if (const auto identity = identify(pid)) {
        return *identity;
    }
    return std::unexpected(fmt::format("{} ended at once", kQemuProgram));
}

std::string qemu_complaint(const RunDirectory& directory) {
    std::ifstream log(directory.file(run_file::kQemuLog));
    std::string line;
    std::string complaint;
    while (std::getline(log, line)) {
        const std::string prefix = fmt::format("{}: ", kQemuProgram);
        if (line.starts_with(prefix)) {
            line.erase(0, prefix.size());
        }
        const bool noise =
            line.starts_with("terminating on signal") || line.starts_with("warning:") || line.empty();
        if (!noise && complaint.empty()) {
            complaint = line;
        }
    }
    return complaint;
}

} // namespace pagelab::console::machine
