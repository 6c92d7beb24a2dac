// What can be asked of a guest that runs now, taken at one moment.
#pragma once

#include "serial-console/src/ask/subject.hpp"
#include "serial-console/src/guest/foreign.hpp"

#include <expected>
#include <filesystem>
#include <string>

namespace pagelab::console::guest {

/// Of the lab whose run has this directory. Opens no socket. The error is a sentence.
[[nodiscard]] std::expected<ask::Subject, std::string> take_subject(const std::filesystem::path& directory);

/// Of a guest in somebody else's QEMU.
[[nodiscard]] std::expected<ask::Subject, std::string> take_subject(const ForeignPlace& place);

} // namespace pagelab::console::guest
