// QEMU's command line, as a pure function of the machine and the run's files. Starts nothing.
#pragma once

#include "serial-console/src/machine/machine_spec.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pagelab::console::machine {

/// Makes a run's QEMU record, or replay what was recorded.
struct ReplayLog {
    enum class Mode { record, replay };
    Mode mode = Mode::record;
    std::string file;  ///< path of the log
    std::string image; ///< replay: path of an empty qcow2, in which QEMU keeps the moments to go back to
};

/// What a run gives its QEMU: descriptors of listening sockets, already open in the child, and paths.
struct QemuFiles {
    std::string name;                    ///< of the run
    std::string kernel;                  ///< path of the kernel's image
    std::string ram;                     ///< path of the shared memory file
    std::string serial_log;              ///< path of the log of COM1
    int serial_listener = -1;            ///< COM1
    int gdb_listener = -1;               ///< the gdbstub
    int qmp_listener = -1;               ///< the user's QMP monitor
    int control_listener = -1;           ///< the console's own QMP monitor
    int exercise = -1;                   ///< the student's image, open for reading; -1: none
    std::optional<std::string> firmware; ///< path of qboot; nothing means QEMU's own default
    std::optional<ReplayLog> replay_log;
};

/// The port of the debug exit, which the kernel's `halt` writes.
inline constexpr unsigned kDebugExitPort = 0xf4;
/// QEMU's exit status after the kernel wrote 0 there: 2 × 0 + 1.
inline constexpr int kHaltedStatus = 1;

/// The arguments after the program's name. The guest starts paused (`-S`): whoever launched it lets it go
/// when all sockets are connected, so no byte and no event is missed.
[[nodiscard]] std::vector<std::string> qemu_arguments(const MachineSpec& machine, const QemuFiles& files);

} // namespace pagelab::console::machine
