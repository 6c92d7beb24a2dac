// Options and wiring: which console serves which request.
#include "serial-console/src/guest/still.hpp"
#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/machine/plain.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/terminal/screen.hpp"
#include "serial-console/src/view/draw.hpp"
#include "serial-console/src/view/twins.hpp"

#include <sys/stat.h>

#include <expected>
#include <string>
#include <vector>

namespace {

namespace guest = pagelab::console::guest;
namespace machine = pagelab::console::machine;
namespace view = pagelab::console::view;

std::expected<std::string, std::string> draw(const machine::LiveRun& run,
                                             const machine::DrawRequest& request) {
    auto state = guest::take_still(run.path, {request.rows, request.columns});
    if (!state) {
        return std::unexpected(state.error());
    }
    if (!request.at.empty()) {
        const auto va = pagelab::console::model::parse_virtual_address(request.at);
        if (!va) {
            return std::unexpected(va.error());
        }
        state->cursor = *va;
    }
    return request.svg.empty() ? view::render_text(*state, state->size)
                               : view::render_svg(view::draw(*state, {view::ColourDepth::many, true}));
}

machine::Consoles consoles() {
    return {machine::run_plain, pagelab::console::terminal::run_picture, draw};
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
