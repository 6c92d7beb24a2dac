// What one page table holds, in runs: neighbours that lead to consecutive frames with the same flags. Pure.
// Regions, counts and the picture's colours are made of runs, so that a table is decoded only when it
// changed.
#pragma once

#include "kernel/paging/address.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace pagelab::console::model {

/// The words of one frame.
using TableWords = std::array<std::uint32_t, paging::kEntryCount>;

/// Present entries `first` to `first` + `count` - 1: entry i is `raw` + (i - first) pages, A and D aside.
struct TableRun {
    std::uint16_t first = 0;
    std::uint16_t count = 0;
    std::uint32_t raw = 0; // of the first entry, without A and D

    bool operator==(const TableRun&) const = default;
};

struct TableDigest {
    std::vector<TableRun> runs; // by index
    /// How many entries are present, and how many of these have US and RW set.
    std::uint16_t present = 0;
    std::uint16_t user = 0;
    std::uint16_t writable = 0;
};

/// Reads each word once. No run goes on where the frame's number would begin anew at 0.
[[nodiscard]] TableDigest digest(const TableWords& words);

} // namespace pagelab::console::model
