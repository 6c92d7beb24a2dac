// One frame of a running lab, taken without a terminal and without disturbing the guest: its state as the
// picture would show it to somebody who attaches. Opens no socket: reads the shared RAM and the serial log.
#pragma once

#include "serial-console/src/model/state.hpp"

#include <expected>
#include <filesystem>
#include <string>

namespace pagelab::console::guest {

/// `directory`: the run's. The error is a sentence; a kernel that is not up yet is none, the state says it.
[[nodiscard]] std::expected<model::State, std::string> take_still(const std::filesystem::path& directory,
                                                                  model::Size size);

} // namespace pagelab::console::guest
