// Options and wiring: which console serves which request.
#include "kernel/interface/tokenizer.hpp"
#include "serial-console/src/ask/arguments.hpp"
#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/guest/still.hpp"
#include "serial-console/src/guest/subjects.hpp"
#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/machine/options.hpp"
#include "serial-console/src/machine/plain.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/model/texts.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/picture/pictures.hpp"
#include "serial-console/src/recording/convert.hpp"
#include "serial-console/src/recording/report.hpp"
#include "serial-console/src/terminal/screen.hpp"
#include "serial-console/src/verbs/verbs.hpp"
#include "serial-console/src/view/draw.hpp"
#include "serial-console/src/view/twins.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace ask = pagelab::console::ask;
namespace guest = pagelab::console::guest;
namespace machine = pagelab::console::machine;
namespace model = pagelab::console::model;
namespace picture = pagelab::console::picture;
namespace recording = pagelab::console::recording;
namespace verbs = pagelab::console::verbs;
namespace view = pagelab::console::view;

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

std::expected<ask::Subject, std::string> recorded(const std::string& file) {
    const auto loaded = recording::Recording::load(file);
    auto subject = loaded ? recording::subject_of(*loaded) : std::unexpected(loaded.error());
    return subject ? std::move(subject) : std::unexpected(fmt::format("{} {}", file, subject.error()));
}

std::expected<ask::Subject, std::string> subject_of(const machine::AskRequest& request,
                                                    const std::filesystem::path& directory) {
    if (const auto* const foreign = std::get_if<machine::ForeignRequest>(&request.whom)) {
        return guest::take_subject({foreign->monitor, foreign->ram});
    }
    const auto* const file = std::get_if<machine::RecordingFile>(&request.whom);
    return file != nullptr ? recorded(file->file) : guest::take_subject(directory);
}

/// Answers each of the commands about one moment of the guest.
int ask_outside(const machine::AskRequest& request, const std::filesystem::path& directory) {
    const auto subject = subject_of(request, directory);
    if (!subject) {
        machine::complain(subject.error());
        return machine::kExitCommandFailed;
    }
    int status = machine::kExitOk;
    std::string_view rest = request.commands;
    while (const auto command = pagelab::interface::next_command(rest)) {
        const ask::Answer answer = ask::answer(*subject, *command);
        if (!machine::print(answer.text) || answer.status != pagelab::interface::Status::ok) {
            status = machine::kExitCommandFailed;
        }
    }
    return status;
}

/// The poster of a walk or the address space, as SVG or text.
std::expected<std::string, std::string> paint_subject(const ask::Subject& subject, const std::string& name,
                                                      const machine::PictureRequest& request) {
    const bool svg = request.file.ends_with(".svg");
    if (request.walk.empty()) {
        return svg ? picture::address_space_svg(*subject.snapshot, name)
                   : picture::address_space_text(*subject.snapshot, name);
    }
    const auto va = ask::parse_virtual(request.walk);
    if (!va) {
        return std::unexpected(va.error());
    }
    return svg ? picture::walk_svg(*subject.snapshot, *va) : picture::walk_text(*subject.snapshot, *va);
}

std::expected<std::string, std::string> paint(const machine::Sitter& sitter, const std::string& name,
                                              const machine::PictureRequest& request) {
    const auto* const foreign = std::get_if<machine::ForeignRequest>(&sitter);
    const auto subject = foreign != nullptr ? guest::take_subject({foreign->monitor, foreign->ram})
                                            : guest::take_subject(std::get<std::filesystem::path>(sitter));
    return subject ? paint_subject(*subject, name, request) : std::unexpected(subject.error());
}

int write_or_complain(const std::string& file, const std::expected<std::string, std::string>& text) {
    const auto written = text ? machine::write_file(file, *text) : std::unexpected(text.error());
    if (!written) {
        machine::complain(written.error());
        return machine::kExitCommandFailed;
    }
    return machine::kExitOk;
}

machine::ConsoleResult play(const machine::PlayRequest& request, const machine::SignalGuard& signals) {
    using Mode = machine::PlayRequest::Mode;
    const auto loaded = recording::Recording::load(request.file);
    if (!loaded) {
        machine::complain(fmt::format("{} {}", request.file, loaded.error()));
        return {.status = machine::kExitUsage, .signal = {}};
    }
    int status = machine::kExitOk;
    switch (request.mode) {
    case Mode::show:
        return pagelab::console::terminal::run_replay(*loaded, signals);
    case Mode::contents:
        status = machine::print(loaded->contents()) ? machine::kExitOk : machine::kExitCommandFailed;
        break;
    case Mode::cast:
        status =
            write_or_complain(request.cast, recording::to_cast(*loaded, {request.rows, request.columns}));
        break;
    case Mode::picture: {
        const auto subject = recorded(request.file);
        const auto name = loaded->facts().find("name");
        status = write_or_complain(
            request.picture.file,
            subject ? paint_subject(*subject, name == loaded->facts().end() ? request.file : name->second,
                                    request.picture)
                    : std::unexpected(subject.error()));
        break;
    }
    }
    return {.status = status, .signal = {}};
}

/// Shows what would be written, and asks unless told not to.
int report(const machine::ReportRequest& request, const machine::LiveRun& run) {
    auto bytes = recording::compose_report(run);
    const auto parsed = bytes ? recording::Recording::parse(*bytes) : std::unexpected(bytes.error());
    if (!parsed) {
        machine::complain(parsed.error());
        return machine::kExitCommandFailed;
    }
    const bool written = machine::print(fmt::format("{} will hold:\n{}", request.file, parsed->contents()));
    if (!request.yes && (!written || !machine::agree("Write it?"))) {
        machine::say("nothing was written; --yes writes without asking");
        return machine::kExitUsage;
    }
    return write_or_complain(request.file, bytes);
}

machine::Consoles consoles() {
    namespace terminal = pagelab::console::terminal;
    return {machine::run_plain,
            terminal::run_picture,
            draw,
            ask_outside,
            terminal::run_watch,
            paint,
            play,
            report};
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
