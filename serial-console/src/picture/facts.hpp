// What a picture of an address space tells, before anything is drawn. Pure.
#pragma once

#include "kernel/paging/regions.hpp"
#include "serial-console/src/ask/subject.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pagelab::console::picture {

struct Facts {
    std::string name;                    // of the run or the guest
    std::vector<paging::Region> regions; // those in a self-map slot are one region for each slot
    std::size_t left_out = 0;            // smaller regions that find no room
    std::size_t tables = 0;              // page tables, the directory not counted
    std::uint64_t mapped = 0;            // bytes
    std::string summary;                 // one line: mode, CR3, self-map, counts
    std::string maps;                    // the answer of `maps`
};

/// At most `most` regions, the largest ones.
[[nodiscard]] Facts gather(const model::Snapshot& snapshot, std::string name, std::size_t most);

} // namespace pagelab::console::picture
