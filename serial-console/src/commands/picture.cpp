#include "serial-console/src/commands/commands.hpp"

#include "serial-console/src/commands/subjects.hpp"
#include "serial-console/src/guest/subjects.hpp"

#include <variant>

namespace pagelab::console::commands {

std::expected<std::string, std::string> paint(const machine::Sitter& sitter, const std::string& name,
                                              const machine::PictureRequest& request) {
    const auto* const foreign = std::get_if<machine::ForeignRequest>(&sitter);
    const auto subject = foreign != nullptr ? guest::take_subject({foreign->monitor, foreign->ram})
                                            : guest::take_subject(std::get<std::filesystem::path>(sitter));
    return subject ? paint_subject(*subject, name, request) : std::unexpected(subject.error());
}

} // namespace pagelab::console::commands
