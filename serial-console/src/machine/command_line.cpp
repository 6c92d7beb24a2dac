#include "serial-console/src/machine/command_line.hpp"

#include "kernel/interface/marks.hpp"

#include <fmt/format.h>

#include <string_view>

namespace pagelab::console::machine {
namespace {

/// QEMU's option syntax ends a value at a comma; two stand for one.
std::string option_value(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        out.append(letter == ',' ? 2 : 1, letter);
    }
    return out;
}

/// Everything a paging lab does not need is left out: it costs boot time and makes machines differ.
std::string_view machine_options(MachineType type) {
    switch (type) {
    case MachineType::pc:
        return "pc,acpi=off,hpet=off,usb=off";
    case MachineType::isapc:
        return "isapc";
    case MachineType::q35:
        return "q35,acpi=off,hpet=off,usb=off,sata=off,smbus=off";
    case MachineType::microvm:
        return "microvm,acpi=off,pic=on,pit=off,rtc=off,isa-serial=on";
    }
    return "pc";
}

/// A log is of one clock: both modes must count alike.
void add_replay_log(std::vector<std::string>& arguments, const ReplayLog& log) {
    const bool record = log.mode == ReplayLog::Mode::record;
    arguments.insert(arguments.end(),
                     {"-icount", fmt::format("shift=7,rr={},rrfile={}", record ? "record" : "replay",
                                             option_value(log.file))});
    if (!record) {
        arguments.insert(arguments.end(), {"-drive", fmt::format("file={},format=qcow2,if=none,id=moments",
                                                                 option_value(log.image))});
    }
}

std::string socket_device(std::string_view id, int listener) {
    return fmt::format("socket,id={},fd={},server=on,wait=off", id, listener);
}

bool replays(const QemuFiles& files) {
    return files.replay_log && files.replay_log->mode == ReplayLog::Mode::replay;
}

/// What a replay says goes nowhere but to the log: what it would wait for is not in the recording.
std::string serial_device(const QemuFiles& files) {
    return replays(files) ? "null,id=serial" : socket_device("serial", files.serial_listener);
}

} // namespace

std::vector<std::string> qemu_arguments(const MachineSpec& machine, const QemuFiles& files) {
    // With graphics=off SeaBIOS writes its greeting to COM1; qboot never says anything.
    const bool quiet = files.firmware.has_value() || machine.type == MachineType::microvm;
    const std::string size = fmt::format("{}K", machine.memory >> 10);
    std::vector<std::string> arguments = {
        "-S",
        "-name",
        fmt::format("pagelab-{}", files.name),
        "-accel",
        "tcg",
        "-cpu",
        machine.cpu,
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-vga",
        "none",
        "-net",
        "none",
        "-machine",
        fmt::format("{},graphics={},memory-backend=ram", machine_options(machine.type), quiet ? "off" : "on"),
        "-m",
        size,
        "-object",
        fmt::format("memory-backend-file,id=ram,share=on,mem-path={},size={}", option_value(files.ram), size),
        "-chardev",
        fmt::format("{},logfile={}", serial_device(files), option_value(files.serial_log)),
        "-serial",
        "chardev:serial",
        "-chardev",
        socket_device("gdb", files.gdb_listener),
        "-gdb",
        "chardev:gdb",
        "-chardev",
        socket_device("qmp", files.qmp_listener),
        "-mon",
        "chardev=qmp,mode=control",
        "-chardev",
        socket_device("control", files.control_listener),
        "-mon",
        "chardev=control,mode=control",
        // A reset and a triple fault both stop the machine with its RAM intact; the lab page tells them
        // apart.
        "-action",
        "reboot=shutdown,shutdown=pause",
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        "-kernel",
        files.kernel,
        // QEMU puts the kernel's path in front; the kernel reads what follows the first `--`.
        "-append",
        fmt::format("-- {}", interface::kBatchWord),
    };
    // Replayed, the guest stands still at its end instead of taking QEMU with it.
    if (!replays(files)) {
        arguments.insert(arguments.end(),
                         {"-device", fmt::format("isa-debug-exit,iobase={:#x},iosize=4", kDebugExitPort)});
    }
    if (files.replay_log) {
        add_replay_log(arguments, *files.replay_log);
    }
    if (files.firmware) {
        arguments.insert(arguments.end(), {"-bios", *files.firmware});
    }
    if (files.exercise >= 0) {
        // By its descriptor: QEMU takes what follows a blank in the path for the module's arguments.
        arguments.insert(arguments.end(), {"-initrd", fmt::format("/proc/self/fd/{}", files.exercise)});
    }
    if (machine.icount) {
        arguments.insert(arguments.end(),
                         {"-icount", fmt::format("shift=0,sleep={}", machine.interactive ? "on" : "off")});
    }
    return arguments;
}

} // namespace pagelab::console::machine
