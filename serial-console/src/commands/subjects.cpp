#include "serial-console/src/commands/subjects.hpp"

#include "serial-console/src/ask/arguments.hpp"
#include "serial-console/src/machine/session.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/picture/pictures.hpp"
#include "serial-console/src/recording/player.hpp"

#include <fmt/format.h>

namespace pagelab::console::commands {

std::expected<ask::Subject, std::string> recorded(const std::string& file) {
    const auto loaded = recording::Recording::load(file);
    auto subject = loaded ? recording::subject_of(*loaded) : std::unexpected(loaded.error());
    return subject ? std::move(subject) : std::unexpected(fmt::format("{} {}", file, subject.error()));
}

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

int write_or_complain(const std::string& file, const std::expected<std::string, std::string>& text) {
    const auto written = text ? machine::write_file(file, *text) : std::unexpected(text.error());
    if (!written) {
        machine::complain(written.error());
        return machine::kExitCommandFailed;
    }
    return machine::kExitOk;
}

} // namespace pagelab::console::commands
