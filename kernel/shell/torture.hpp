// Random destructive commands, one after the other, and whether the lab survives them. For the command
// `torture` and the Shell, which runs each as a command of its own. The same seed on the same machine gives
// the same commands.
//
// Before the first one it maps witnesses: pages with known contents that no command names, neither by an
// address nor by a frame nor by an entry. What happens to them nobody asked for.
#pragma once

#include "kernel/interface/marks.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/shell/print.hpp"

#include <cstdint>
#include <string_view>

namespace pagelab::shell {

class Torture {
public:
    static constexpr std::uint32_t kMostCommands = 100'000'000;

    /// `options`: interface::torture_options. Maps the witnesses, within a command; the first command
    /// follows. Says why if it can't be.
    [[nodiscard]] const char* start(machine::Machine& machine, std::uint32_t seed, std::uint32_t count,
                                    std::uint32_t options);
    [[nodiscard]] static bool active(machine::Machine& machine) {
        return machine.lab_page().torture.active == interface::kTortureActive;
    }
    [[nodiscard]] static bool shows(machine::Machine& machine) {
        return (machine.lab_page().torture.options & interface::torture_options::kShow) != 0;
    }
    /// Makes the next command; false when all were run.
    [[nodiscard]] bool next(machine::Machine& machine);
    [[nodiscard]] std::string_view command() const { return command_.view(); }
    /// Goes on where the kernel's data was lost: the command that ran counts as rescued.
    void resume(machine::Machine& machine);
    /// The command has ended so; looks after the witnesses now and then.
    void note(machine::Machine& machine, interface::Status status);
    /// Ends it, within a command of its own: the witnesses are looked at and unmapped, the result is told.
    /// Ok if all of them were as they were.
    [[nodiscard]] interface::Status end(machine::Machine& machine, Output& out);

private:
    Text<96> command_;
    bool under_way_ = false;     // the command runs; false while torture itself begins
    std::uint32_t journal_ = 0;  // the first record of the command
    std::uint32_t refusals_ = 0; // counted before it
};

} // namespace pagelab::shell
