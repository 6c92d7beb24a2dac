// What several subcommands need: who is asked or drawn, and where the result goes. For commands/ only.
#pragma once

#include "serial-console/src/ask/subject.hpp"
#include "serial-console/src/machine/options.hpp"

#include <expected>
#include <string>

namespace pagelab::console::commands {

/// The end of the recording in `file`; an error is a sentence that names it.
[[nodiscard]] std::expected<ask::Subject, std::string> recorded(const std::string& file);
/// The poster of a walk or the address space, as SVG or text.
[[nodiscard]] std::expected<std::string, std::string>
paint_subject(const ask::Subject& subject, const std::string& name, const machine::PictureRequest& request);
/// The exit code; an error, of `text` or of writing it, is told on stderr.
[[nodiscard]] int write_or_complain(const std::string& file,
                                    const std::expected<std::string, std::string>& text);

} // namespace pagelab::console::commands
