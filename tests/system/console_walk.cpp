// The console's third face for tests: walks the addresses on stdin over a running lab's shared RAM and prints
// the records. Usage: console_walk RUN_DIRECTORY < addresses
#include "kernel/paging/walk_text.hpp"
#include "serial-console/src/guest/capture.hpp"

#include <iostream>
#include <string>

namespace {

struct Line {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

} // namespace

int main(int count, char** arguments) {
    using namespace pagelab;
    if (count != 2) {
        std::cerr << "usage: console_walk RUN_DIRECTORY < addresses\n";
        return 2;
    }
    const auto ram = console::guest::Ram::open(std::string(arguments[1]) + "/ram");
    if (!ram) {
        std::cerr << "error: " << ram.error() << '\n';
        return 1;
    }
    const auto snapshot = console::guest::capture(*ram, console::guest::MidChange::refuse);
    if (!snapshot) {
        std::cerr << "error: " << console::guest::reason_text(snapshot.error()) << '\n';
        return 1;
    }
    for (std::string address; std::getline(std::cin, address);) {
        const paging::VirtAddr va{static_cast<std::uint32_t>(std::stoul(address, nullptr, 16))};
        Line line;
        paging::write_json(line, (*snapshot)->walk(va));
        std::cout << line.text << '\n';
    }
    return 0;
}
