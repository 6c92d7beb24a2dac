// Options and wiring: which console serves which request.
#include "serial-console/src/commands/commands.hpp"
#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/machine/plain.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/terminal/screen.hpp"

#include <sys/stat.h>

#include <string>
#include <vector>

namespace {

namespace machine = pagelab::console::machine;

machine::Consoles consoles() {
    namespace commands = pagelab::console::commands;
    namespace terminal = pagelab::console::terminal;
    return {machine::run_plain,  terminal::run_picture, commands::draw, commands::ask_outside,
            terminal::run_watch, commands::paint,       commands::play, commands::report};
}

} // namespace

int main(int count, char** arguments) {
    ::umask(077); // everything a run writes is its user's alone
    const auto request = machine::parse_request(std::vector<std::string>(arguments + 1, arguments + count));
    if (!request) {
        machine::complain(request.error());
        return machine::kExitUsage;
    }
    return machine::perform(*request, consoles());
}
