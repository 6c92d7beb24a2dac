// A recording in other forms. Pure.
#pragma once

#include "serial-console/src/recording/player.hpp"

#include <string>

namespace pagelab::console::recording {

/// As asciicast v2 of the picture at that size, 256 colours: a line for each moment at which it changed, ten
/// a second at most.
[[nodiscard]] std::string to_cast(const Recording& recording, model::Size size);

} // namespace pagelab::console::recording
