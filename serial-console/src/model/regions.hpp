// The address space as the view `maps` lists it, and physical memory as `frames` lays it out. Pure.
#pragma once

#include "serial-console/src/model/snapshot.hpp"

#include <cstdint>
#include <vector>

namespace pagelab::console::model {

/// All regions in the order of addresses; those of a self-map slot are folded into one of 4 MiB.
[[nodiscard]] std::vector<paging::Region> folded_regions(const Snapshot& snapshot);

/// The place in `regions`, which is not empty, of the one that holds `va`, else of the last one before it.
[[nodiscard]] std::size_t region_at(const std::vector<paging::Region>& regions, paging::VirtAddr va);

/// How many frames a cell of the grid of 1,024 stands for, where there are `frames`: a power of two.
[[nodiscard]] std::uint64_t frames_per_cell(std::uint64_t frames);

} // namespace pagelab::console::model
