// Prints why the guard refuses, one reason a line, for the test that forces each of them.
#include "kernel/memory/guard_reasons.hpp"

#include <iostream>

int main() {
    for (const pagelab::memory::GuardRow& row : pagelab::memory::kGuardReasons) {
        std::cout << row.text << '\n';
    }
    return 0;
}
