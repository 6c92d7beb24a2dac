#include "serial-console/src/commands/commands.hpp"

#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/guest/ram.hpp"
#include "serial-console/src/guest/still.hpp"
#include "serial-console/src/machine/run_directory.hpp"
#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/model/texts.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/verbs/verbs.hpp"
#include "serial-console/src/view/draw.hpp"
#include "serial-console/src/view/twins.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

namespace pagelab::console::commands {
namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + '\n';
    }
    return text;
}

/// What the shell would answer; with `error: ` in front it is an error.
std::expected<std::string, std::string> shell_answer(const machine::LiveRun& run, std::string_view line) {
    const auto ram = guest::Ram::open(run.path / machine::run_file::kRam);
    if (!ram) {
        return std::unexpected(ram.error());
    }
    return verbs::ask(*ram, line, guest::MidChange::refuse).text;
}

/// The state with a view as a user would see it.
std::expected<void, std::string> show_view(const machine::LiveRun& run, model::State& state,
                                           std::string_view name) {
    const auto view = model::view_of_name(name);
    if (!view) {
        return std::unexpected(
            fmt::format("no view '{}'; directory table walk maps frames log check regs", name));
    }
    const auto tell = [&](auto what) { return model::update(state, {state.now, std::move(what)}); };
    static_cast<void>(tell(model::KeyPressed{model::Key::f(6)}));
    static_cast<void>(tell(model::KeyPressed{model::Key::of(U'1' + static_cast<char32_t>(*view))}));
    if (*view == model::View::check) {
        const auto text = shell_answer(run, "check");
        if (!text) {
            return std::unexpected(text.error());
        }
        static_cast<void>(tell(model::Answered{model::View::check, "check", model::split_lines(*text)}));
    }
    return {};
}

} // namespace

std::expected<std::string, std::string> draw(const machine::LiveRun& run,
                                             const machine::DrawRequest& request) {
    if (!request.ask.empty()) {
        return shell_answer(run, request.ask);
    }
    auto state = guest::take_still(run.path, {request.rows, request.columns});
    if (!state) {
        return std::unexpected(state.error());
    }
    if (!request.at.empty()) {
        const auto va = model::parse_virtual_address(request.at);
        if (!va) {
            return std::unexpected(va.error());
        }
        state->cursor = *va;
    }
    if (!request.view.empty()) {
        if (const auto shown = show_view(run, *state, request.view); !shown) {
            return std::unexpected(shown.error());
        }
        if (request.svg.empty()) {
            return joined(model::view_lines(*state, state->view));
        }
    }
    return request.svg.empty() ? view::render_text(*state, state->size)
                               : view::render_svg(view::draw(*state, {view::ColourDepth::many, true}));
}

} // namespace pagelab::console::commands
