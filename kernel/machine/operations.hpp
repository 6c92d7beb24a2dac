// What the shell can ask to be changed, what it is told of it, and why it may be refused. Values only.
// For the shell, which asks, and kernel/memory, which answers.
#pragma once

#include "kernel/paging/address.hpp"
#include "kernel/paging/flags.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::machine {

using paging::PhysAddr;
using paging::VirtAddr;

/// What the prefixes `noflush` and `force` of a command ask for.
struct ChangeOptions {
    /// Leave out the flush that the change needs: to show staleness, on purpose.
    bool flush = true;
    /// Replace what is there, and pass the guard.
    bool force = false;
};

/// Rights and cache bits of a leaf, in the bit positions of a PTE (R/W, U/S, PWT, PCD, PAT, G, AVL; never P,
/// A, D). For a 4 MiB page the PAT bit is moved where that page has it.
struct Attributes {
    std::uint32_t bits = paging::bits::kWritable;
    constexpr bool operator==(const Attributes&) const = default;
};
inline constexpr std::uint32_t kAttributeMask =
    paging::bits::kWritable | paging::bits::kUser | paging::bits::kWriteThrough |
    paging::bits::kCacheDisable | paging::bits::kPat | paging::bits::kGlobal | paging::bits::kAvail9 |
    paging::bits::kAvail10 | paging::bits::kAvail11;

/// `count` pages from `va` on; to consecutive frames from `pa`, or to new zeroed frames that the mapping
/// owns.
struct MapRequest {
    VirtAddr va;
    std::optional<PhysAddr> pa;
    Attributes attributes;
    bool large = false;
    std::uint32_t count = 1; // pages of the size in use
    ChangeOptions options;
};

/// Pages of whichever size lies at `va`; each of them must be present.
struct UnmapRequest {
    VirtAddr va;
    std::uint32_t count = 1;
    ChangeOptions options;
};

/// New bits = (old bits & ~clear) | set, both within kAttributeMask. Address, A and D stay.
struct ProtectRequest {
    VirtAddr va;
    std::uint32_t clear = 0;
    std::uint32_t set = 0;
    std::uint32_t count = 1;
    ChangeOptions options;
};

/// What an operation did.
struct ChangeReport {
    std::uint32_t entries_changed = 0;
    std::uint32_t tables_made = 0;
    std::uint32_t tables_freed = 0;
    std::uint32_t frames_taken = 0;  // data frames, without tables
    std::uint32_t frames_freed = 0;  // data frames, without tables
    std::uint32_t pages_flushed = 0; // invlpg executed
    bool all_flushed = false;        // CR3 was loaded again
    bool flush_left_out = false;     // a flush was needed and `noflush` left it out
    /// The first frame mapped, allocated or freed.
    std::optional<PhysAddr> first_frame;
    /// The old raw value of the first entry changed, and its new one.
    std::uint32_t first_old = 0;
    std::uint32_t first_new = 0;
};

struct UndoReport {
    std::uint32_t command = 0; // its number
    std::uint32_t entries_restored = 0;
    std::uint32_t frames_freed = 0;
    std::uint32_t frames_taken_again = 0;
    std::uint32_t registers_restored = 0; // control registers
    std::uint32_t spaces_restored = 0;    // made, deleted or loaded ones
    std::uint32_t first_record = 0;       // its first in the journal
};

enum class Refusal : std::uint8_t {
    unaligned,       // va or pa is not aligned to the page size in use
    past_end,        // the range would pass 4 GiB (va) or the physical addresses that an entry can hold
    present,         // something is mapped there; `value` is the entry
    not_present,     // nothing is mapped there
    no_table,        // set_pte: the PDE is not a table; `value` is the PDE
    large_page,      // a 4 MiB page is in the way, or would be split
    table_in_use,    // a 4 MiB page would replace a table that holds entries
    no_pse,          // 4 MiB pages need CR4.PSE
    no_pge,          // the CPU has no global pages
    no_frames,       // the pool has not as many; `value` is how many it has
    journal_full,    // more changes than one command can journal
    guarded,         // it would destroy what the kernel lives on
    not_ram,         // the physical address is beyond RAM, or in a hole
    not_allocated,   // free: the frame was not handed out by alloc
    still_mapped,    // free: something maps the frame
    nothing_to_undo, // no command changed anything
    out_of_reach,    // undo: its records were overwritten
    not_possible,    // touch: can't be tried without harm
    no_space,        // there is no space of this number; `value` is it
    no_number,       // every space number is taken
    space_in_use,    // delete: it is the current one, or that of boot
    interrupted,     // Ctrl-C came while it was done; all of it was taken back
};

/// Why nothing was done. `va` and `value` say where and what, as the refusal's comment states.
struct OperationError {
    Refusal refusal{};
    VirtAddr va;
    std::optional<PhysAddr> pa;
    std::uint32_t value = 0;
    /// For `guarded` and `not_possible`: what it would destroy, a constant text without a full stop.
    std::string_view reason;
};

} // namespace pagelab::machine
