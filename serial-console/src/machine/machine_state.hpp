// QEMU's internal snapshots: all of the machine's state in one image in the run's directory, made and loaded
// over the monitor. The image is QEMU's own work: no other program is needed, and the sandbox stays on.
#pragma once

#include "serial-console/src/machine/deadline.hpp"
#include "serial-console/src/machine/qmp_client.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>

namespace pagelab::console::machine {

/// Snapshots are taken of machines with at most this much RAM: each costs time and room in proportion.
inline constexpr std::uint64_t kMostSnapshotMemory = std::uint64_t{64} << 20;

/// Makes the image at `path`, empty, and gives it to QEMU, unless an earlier console of the run has done so.
[[nodiscard]] std::expected<void, std::string>
create_state_image(QmpClient& control, const std::filesystem::path& path, const Deadline& deadline);
/// Gives it to another QEMU, with what it holds.
[[nodiscard]] std::expected<void, std::string>
open_state_image(QmpClient& control, const std::filesystem::path& path, const Deadline& deadline);

/// Stops the machine for a few milliseconds; one that ran runs on.
[[nodiscard]] std::expected<void, std::string> save_state(QmpClient& control, const std::string& tag,
                                                          const Deadline& deadline);
/// The machine as it was then. It runs on if it ran.
[[nodiscard]] std::expected<void, std::string> load_state(QmpClient& control, const std::string& tag,
                                                          const Deadline& deadline);

} // namespace pagelab::console::machine
