// Address spaces as the shell asks for them: what there is, what an operation on one did, what a way to reach
// page tables costs. Values only. For the shell and kernel/memory.
#pragma once

#include "kernel/paging/address.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::machine {

/// How the kernel reaches the page tables of a space while it is loaded.
enum class Strategy : std::uint8_t {
    recursive,  // slot 1023 holds the directory itself
    table,      // a page of the tables' virtual addresses beside the directory
    upper_half, // the directory's upper half holds these addresses (MMURTL); user space ends at 2 GiB
    window,     // one scratch PTE, set for each access
    direct,     // a part of the address space shows every table at a fixed distance from its frame
};
inline constexpr std::array<std::string_view, 5> kStrategyNames = {"recursive", "table", "upper-half",
                                                                   "window", "direct"};

/// Spaces are numbered from 0, the one of boot, to here.
inline constexpr std::uint32_t kMaxSpaces = 16;

/// What `space list` tells of a space.
struct SpaceInfo {
    std::uint32_t number = 0;
    Strategy strategy{};
    paging::PhysAddr directory;
    /// Page tables in its user slots, and pages in them (4 KiB and 4 MiB pages count one each).
    std::uint32_t tables = 0;
    std::uint32_t pages = 0;
    /// Pages that it shares until somebody writes.
    std::uint32_t shared_pages = 0;
    /// Bytes that the strategy costs beyond directory and tables.
    std::uint32_t extra_bytes = 0;
};

/// What an operation on spaces did.
struct SpaceReport {
    std::uint32_t number = 0; // the space made, loaded or deleted
    Strategy strategy{};
    paging::PhysAddr directory;
    std::uint32_t tables = 0;        // made or freed, in user slots
    std::uint32_t pages_copied = 0;  // clone
    std::uint32_t pages_shared = 0;  // cow: write-protected on both sides, or read-only as they were
    std::uint32_t frames_freed = 0;  // delete: all of them, also directory and tables
    std::uint32_t pages_flushed = 0; // INVLPG executed
    bool all_flushed = false;        // CR3 was loaded
    bool global_flushed = false;     // global entries were dropped too
};

/// Order of the addresses that `strategy bench` maps.
enum class Pattern : std::uint8_t { sequential, scattered };
inline constexpr std::array<std::string_view, 2> kPatternNames = {"sequential", "scattered"};

/// What one operation costs, summed over `pages` of them. `ticks` are those of the time stamp counter (under
/// instruction counting: instructions), without those of an empty loop.
struct BenchCost {
    std::uint64_t ticks = 0;
    std::uint32_t invlpgs = 0;
};
struct BenchReport {
    Strategy strategy{};
    Pattern pattern{};
    std::uint32_t pages = 0;
    BenchCost map, walk, unmap;
    std::uint32_t tables = 0;      // new tables that the pages needed; made before the clock starts
    std::uint32_t extra_bytes = 0; // beyond directory and tables
    /// The same pages by the command `map`, with guard, journal and frame records: ticks for all of them.
    std::uint64_t guarded_map_ticks = 0;
};

} // namespace pagelab::machine
