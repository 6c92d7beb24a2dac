// Copies the directory and the tables that CR3 leads to: what one picture is drawn from.
// Any content gives a copy: what can't be read is left out.
#pragma once

#include "serial-console/src/guest/memory.hpp"
#include "serial-console/src/model/snapshot.hpp"

namespace pagelab::console::guest {

/// Fills `snapshot.tables` as `snapshot.lab.context` says; each frame is read once. Frames that are as in
/// `before`, an earlier snapshot or null, are shared with it.
void copy_tables(const Memory& memory, model::Snapshot& snapshot, const model::Snapshot* before = nullptr);

/// Whether both lead through the same directory and tables with the same words.
[[nodiscard]] bool same_tables(const model::Snapshot& one, const model::Snapshot& other);

} // namespace pagelab::console::guest
