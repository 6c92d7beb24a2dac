#include "serial-console/src/commands/commands.hpp"

#include "serial-console/src/commands/subjects.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/recording/convert.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/terminal/screen.hpp"

#include <fmt/format.h>

namespace pagelab::console::commands {

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
        return terminal::run_replay(*loaded, signals);
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

} // namespace pagelab::console::commands
