#include "serial-console/src/machine/command_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pagelab::console::machine {
namespace {

QemuFiles files() {
    QemuFiles files;
    files.name = "lab";
    files.kernel = "/a b/pagelab.elf";
    files.ram = "/tmp/x,y/lab/ram";
    files.serial_log = "/tmp/x,y/lab/serial.log";
    files.serial_listener = 3;
    files.gdb_listener = 4;
    files.qmp_listener = 5;
    files.control_listener = 6;
    files.firmware = "/usr/share/qemu/qboot.rom";
    return files;
}

/// What follows the first `option`; empty if it is not there.
std::string after(const std::vector<std::string>& arguments, std::string_view option) {
    const auto found = std::ranges::find(arguments, option);
    return found == arguments.end() || found + 1 == arguments.end() ? std::string() : *(found + 1);
}

bool any_holds(const std::vector<std::string>& arguments, std::string_view part) {
    return std::ranges::any_of(arguments,
                               [part](const std::string& a) { return a.find(part) != std::string::npos; });
}

TEST(CommandLine, starts_paused_and_confined_without_default_devices) {
    const auto arguments = qemu_arguments({}, files());
    EXPECT_TRUE(std::ranges::count(arguments, "-S") == 1);
    EXPECT_TRUE(std::ranges::count(arguments, "-nodefaults") == 1);
    EXPECT_TRUE(std::ranges::count(arguments, "-no-user-config") == 1);
    EXPECT_TRUE(after(arguments, "-sandbox").starts_with("on,"));
    EXPECT_EQ(after(arguments, "-action"), "reboot=shutdown,shutdown=pause");
    EXPECT_EQ(after(arguments, "-cpu"), "max");
}

TEST(CommandLine, opens_no_network_and_no_tcp_port) {
    const auto arguments = qemu_arguments({}, files());
    EXPECT_EQ(after(arguments, "-net"), "none");
    EXPECT_FALSE(any_holds(arguments, "tcp:"));
    EXPECT_FALSE(any_holds(arguments, "host="));
}

TEST(CommandLine, doubles_commas_in_option_values_only) {
    const auto arguments = qemu_arguments({}, files());
    EXPECT_TRUE(any_holds(arguments, "mem-path=/tmp/x,,y/lab/ram,"));
    EXPECT_TRUE(any_holds(arguments, "logfile=/tmp/x,,y/lab/serial.log"));
    EXPECT_EQ(after(arguments, "-kernel"), "/a b/pagelab.elf");
}

TEST(CommandLine, gives_the_boot_word_behind_the_dashes) {
    EXPECT_EQ(after(qemu_arguments({}, files()), "-append"), "-- batch");
}

TEST(CommandLine, memory_file_and_machine_agree_on_the_size) {
    MachineSpec machine;
    machine.memory = std::uint64_t{3} << 30;
    const auto arguments = qemu_arguments(machine, files());
    EXPECT_EQ(after(arguments, "-m"), "3145728K");
    EXPECT_TRUE(any_holds(arguments, "size=3145728K"));
}

TEST(CommandLine, every_machine_shares_its_memory) {
    for (const MachineType type :
         {MachineType::pc, MachineType::isapc, MachineType::q35, MachineType::microvm}) {
        MachineSpec machine;
        machine.type = type;
        const std::string options = after(qemu_arguments(machine, files()), "-machine");
        EXPECT_TRUE(options.starts_with(machine_type_name(type))) << options;
        EXPECT_TRUE(options.ends_with(",memory-backend=ram")) << options;
    }
}

TEST(CommandLine, seabios_is_kept_off_the_serial_port) {
    QemuFiles without = files();
    without.firmware.reset();
    const auto arguments = qemu_arguments({}, without);
    EXPECT_EQ(after(arguments, "-bios"), "");
    EXPECT_TRUE(any_holds(arguments, "graphics=on"));
}

TEST(CommandLine, hands_over_a_students_image_by_its_descriptor) {
    EXPECT_EQ(after(qemu_arguments({}, files()), "-initrd"), "");
    QemuFiles with = files();
    with.exercise = 7;
    EXPECT_EQ(after(qemu_arguments({}, with), "-initrd"), "/proc/self/fd/7");
}

TEST(CommandLine, icount_sleeps_only_where_somebody_types) {
    MachineSpec machine;
    EXPECT_EQ(after(qemu_arguments(machine, files()), "-icount"), "");
    machine.icount = true;
    EXPECT_EQ(after(qemu_arguments(machine, files()), "-icount"), "shift=0,sleep=on");
    machine.interactive = false;
    EXPECT_EQ(after(qemu_arguments(machine, files()), "-icount"), "shift=0,sleep=off");
}

TEST(CommandLine, a_recorded_machine_and_its_replay_count_alike) {
    QemuFiles files_ = files();
    files_.replay_log = ReplayLog{ReplayLog::Mode::record, "/r,s/log", {}};
    const auto record = qemu_arguments({}, files_);
    EXPECT_EQ(after(record, "-icount"), "shift=7,rr=record,rrfile=/r,,s/log");
    EXPECT_EQ(after(record, "-drive"), "");
    EXPECT_TRUE(any_holds(record, "isa-debug-exit"));
    files_.replay_log = ReplayLog{ReplayLog::Mode::replay, "/r,s/log", "/x/state"};
    const auto replay = qemu_arguments({}, files_);
    EXPECT_EQ(after(replay, "-icount"), "shift=7,rr=replay,rrfile=/r,,s/log");
    EXPECT_EQ(after(replay, "-drive"), "file=/x/state,format=qcow2,if=none,id=moments");
    EXPECT_FALSE(any_holds(replay, "isa-debug-exit")) << "QEMU would end with the recording";
}

} // namespace
} // namespace pagelab::console::machine
