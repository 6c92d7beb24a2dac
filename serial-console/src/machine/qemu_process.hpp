// Starts QEMU for a run, as a child in a session of its own. What becomes of it later is Session's business.
#pragma once

#include "serial-console/src/machine/command_line.hpp"
#include "serial-console/src/machine/machine_spec.hpp"
#include "serial-console/src/machine/process_identity.hpp"
#include "serial-console/src/machine/run_directory.hpp"

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

namespace pagelab::console::machine {

inline constexpr const char* kQemuProgram = "qemu-system-i386";

/// Does the run outlive the program that starts it?
enum class Lifetime { ours, detached };

/// Makes the run's sockets and starts QEMU on them, paused. It inherits the run's lock. With Lifetime::ours
/// it is killed when this process dies, however it dies. With a `log` it records, or replays.
[[nodiscard]] std::expected<ProcessIdentity, std::string>
start_qemu(const MachineSpec& machine, const RunDirectory& directory, const std::filesystem::path& kernel,
           Lifetime lifetime, const std::optional<ReplayLog>& log = {});

/// Where the program lies that PATH names; nothing if it is not installed.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name);

/// What QEMU wrote to its log, as one line without its own name in front; empty if nothing.
[[nodiscard]] std::string qemu_complaint(const RunDirectory& directory);

} // namespace pagelab::console::machine
