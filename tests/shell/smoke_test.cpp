#include "tests/shell/session.hpp"
#include <gtest/gtest.h>
#include <iostream>
using namespace pagelab::shell::test;
TEST(Smoke, Prints) {
    Session s;
    for (auto line : {"help",
                      "help map",
                      "help rights",
                      "map 0x40000000",
                      "walk 0x40000000",
                      "walk 0x40000000 --json",
                      "maps",
                      "dumppd",
                      "dumppt 256",
                      "find 0x400000",
                      "check",
                      "decode pde 0x4000e3",
                      "peek 0xc0100000 8",
                      "peek 0",
                      "fault",
                      "touch 0 w",
                      "map 0x40000123",
                      "map 0x40000000",
                      "map 0x50000000 0x101000",
                      "walk c0100000",
                      "wlak",
                      "undo",
                      "log",
                      "regs",
                      "frames",
                      "repeat 3 echo hi",
                      "time echo",
                      "info mem",
                      "showmappings 0xc0000000 0xc0001000",
                      "x/4wx 0xc0100000",
                      "map 0x60000000 rwx",
                      "protect 0x60000000 r-x",
                      "split 768:1:4",
                      "window 0",
                      "poke 0x60000000 1",
                      "fill 0xc0101000 1 4",
                      "history",
                      "unmap 0x60000000 --json"}) {
        std::cout << "> " << line << "\n" << s.text(line);
    }
}
