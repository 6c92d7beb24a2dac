// A shell on a simulated lab: the kernel's own shell and memory room over a CPU whose TLB keeps every
// translation until it is flushed. For the tests of this folder.
#pragma once

#include "kernel/shell/shell.hpp"
#include "tests/memory/bench.hpp"

#include <memory>
#include <string>

namespace pagelab::shell::test {

/// Type a line, read what comes.
struct SimulatedShell {
    explicit SimulatedShell(std::uint32_t frames = 4096) : bench(frames) {}

    simulation::Bench bench;
    std::unique_ptr<Shell> shell = std::make_unique<Shell>(bench.lab);

    std::string run(const std::string& line) {
        bench.machine.output.clear();
        const std::string keys = line + "\r";
        bench.machine.input.assign(keys.begin(), keys.end());
        for (;;) {
            try {
                shell->run();
                return bench.machine.output;
            } catch (const simulation::Fault& fault) {
                shell->abandon({.vector = 14, .code = fault.code, .cr2 = fault.cr2});
            }
        }
    }
};

} // namespace pagelab::shell::test
