// What the teaching commands remember from one command to the next. In the Shell's static memory.
#pragma once

#include "kernel/shell/demo.hpp"
#include "kernel/shell/quiz.hpp"
#include "kernel/shell/tiny_computer.hpp"
#include "kernel/shell/torture.hpp"

namespace pagelab::shell {

struct Teaching {
    TinyComputer tiny;
    Quiz quiz;
    Demonstration demonstration;
    Torture torture;
    std::span<const Demo> demos = shell::demos();
};

} // namespace pagelab::shell
