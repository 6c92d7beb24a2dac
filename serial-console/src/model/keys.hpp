// What each key does, in each pane. Pure; part of update().
#pragma once

#include "serial-console/src/model/update.hpp"

namespace pagelab::console::model {

[[nodiscard]] std::vector<Effect> press(State& state, const Key& key);

} // namespace pagelab::console::model
