// The frame records and the journal of a pagelab, copied out of its memory. Untrusted: any content gives
// records or none.
#pragma once

#include "serial-console/src/ask/subject.hpp"
#include "serial-console/src/guest/memory.hpp"

namespace pagelab::console::guest {

/// By the lab page and the tables of `snapshot`. What can't be read, or contradicts itself, is left out.
[[nodiscard]] ask::LabRecords read_lab_records(const Memory& memory, const model::Snapshot& snapshot);

/// Where RAM is by the word of the lab page, within what can be read.
[[nodiscard]] std::vector<paging::PhysRange> lab_ram(const Memory& memory);

} // namespace pagelab::console::guest
