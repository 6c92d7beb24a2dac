// What Tab offers. For the line editor. Pure: knows the table and the topics only.
#pragma once

#include "kernel/shell/line_editor.hpp"

namespace pagelab::shell {

/// All that could stand at the end of `line`.
[[nodiscard]] Completions complete(std::string_view line);

} // namespace pagelab::shell
