// Where the kernel's fixed things lie, in virtual and physical memory.
// For kernel, console and tests. Addresses only; the formats have headers of their own.
#pragma once

#include "kernel/paging/address.hpp"

#include <cstdint>

namespace pagelab::interface::layout {

using paging::PhysAddr;
using paging::VirtAddr;

/// The kernel's image begins here, physically; the linker script says the same.
inline constexpr PhysAddr kKernelLoad{0x00100000};
/// The lab page's frame: fixed by the linker script, never searched for.
inline constexpr PhysAddr kLabPage{0x00101000};

/// Slot 768: the direct map of the first 4 MiB of physical memory. va = kDirectMap + pa.
inline constexpr VirtAddr kDirectMap{0xc0000000};
inline constexpr std::uint32_t kDirectMapBytes = paging::kLargePageSize;
/// Slot 769: frame records, one word for each frame, backed as the high-water mark rises.
inline constexpr VirtAddr kFrameRecords{0xc0400000};
/// Slot 770: the kernel's scratch pages, each with a PTE of its own and a hole after it. Its last page shows
/// the slot's own table: so scratch pages can be set in every space, whatever its strategy.
inline constexpr VirtAddr kScratch{0xc0800000};
inline constexpr VirtAddr kScratchTable{0xc0bff000};

/// The scratch pages. One purpose each, so that none is open twice.
enum class ScratchPage : std::uint32_t {
    guard,
    physical,
    zeroing,
    window_strategy,
    foreign_directory,
    directory, // the current space's, where no self-map shows it
    copy,      // where a page is copied to
    fetch,
    user_code // the only one that ring 3 may see, and only during its access
};
inline constexpr std::uint32_t kScratchPageCount = static_cast<std::uint32_t>(ScratchPage::user_code) + 1;
inline constexpr VirtAddr scratch_page(ScratchPage page) {
    return VirtAddr{kScratch.raw() + static_cast<std::uint32_t>(page) * 2 * paging::kPageSize};
}

/// In slot 770 as well: the student's file of a lab session, where one was loaded beside the kernel.
inline constexpr VirtAddr kExercise{0xc0900000};
inline constexpr std::uint32_t kExerciseBytes = 0x00100000;

inline constexpr std::uint32_t kFirstKernelSlot = 768;
/// Slot 771, of spaces whose strategy keeps a table of addresses: the arena, where their page tables appear.
/// Its page 0 is the arena's own table, page 1 the table of addresses, page 256 + n the table of slot n.
inline constexpr std::uint32_t kArenaSlot = 771;
inline constexpr VirtAddr kArena = VirtAddr::from_indices(kArenaSlot, 0);
inline constexpr VirtAddr kArenaWords = VirtAddr::from_indices(kArenaSlot, 1);
inline constexpr std::uint32_t kArenaTables = 256;
/// Slots 772 to 1020, of spaces of the direct strategy: page tables at a fixed distance from their frames,
/// va = kDirectTables + pa, and nothing else.
inline constexpr std::uint32_t kFirstDirectSlot = 772;
inline constexpr std::uint32_t kDirectSlots = 249;
inline constexpr VirtAddr kDirectTables = VirtAddr::from_indices(kFirstDirectSlot, 0);
/// Where the words of MMURTL's upper half begin: slot 512 + n has the address of slot n's table.
inline constexpr std::uint32_t kUpperHalfSlot = 512;
/// Slot 1021: the lifeline, what kernel and rescue share. Each directory shows the same few pages there, 64
/// KiB apart, so that what runs away over one of them meets a hole before the next.
inline constexpr std::uint32_t kLifelineSlot = 1021;
inline constexpr VirtAddr kLifeline = VirtAddr::from_indices(kLifelineSlot, 0);
/// The lifeline's pages, by their index in its table.
enum class LifelinePage : std::uint32_t {
    vectors = 0,      // IDT, GDT and TSSs: the rescue sees it at the same address
    table = 16,       // the lifeline's own table
    notes = 32,       // RescueNotes
    directory = 48,   // the directory of space 0
    kernel_table = 64 // the table of slot 768
};
inline constexpr VirtAddr lifeline_page(LifelinePage page) {
    return VirtAddr::from_indices(kLifelineSlot, static_cast<std::uint32_t>(page));
}
/// Slot 1022: the foreign window, where another space's tables appear.
inline constexpr std::uint32_t kForeignSlot = 1022;
/// Slot 1023: the self-map. Tables appear at 0xffc00000, the directory at 0xfffff000.
inline constexpr std::uint32_t kSelfMapSlot = 1023;
inline constexpr VirtAddr kTableWindow = VirtAddr::from_indices(kSelfMapSlot, 0);
inline constexpr VirtAddr kDirectoryWindow = VirtAddr::from_indices(kSelfMapSlot, kSelfMapSlot);

/// The VGA hole of a PC: unmapped in the direct map.
inline constexpr PhysAddr kVgaHoleFirst{0x000a0000};
inline constexpr PhysAddr kVgaHoleEnd{0x00100000};

} // namespace pagelab::interface::layout
