// Options and wiring: which console serves which request.
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
    return {machine::run_plain, pagelab::console::terminal::run_picture};
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
