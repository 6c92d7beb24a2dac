// The five ways to reach the page tables of the loaded space, as interchangeable policies.
// A policy says where in the address space an entry is; reading, writing, checks and flushes are the
// caller's. For Tables, which all operations go through, and for `strategy bench`, which measures them bare.
#pragma once

#include "kernel/memory/scratch.hpp"
#include "kernel/memory/space.hpp"
#include "kernel/paging/entry.hpp"
#include "kernel/paging/self_map.hpp"

#include <concepts>

namespace pagelab::memory {

using paging::Pde;
using paging::Pte;

/// `pde_at(pdi)`: where PDE `pdi` is. `pte_at(pde, va)`: where the PTE of `va` is, given its PDE, which leads
/// to a table of a user slot. Both are virtual and stay right until the next call.
template <class S>
concept AccessStrategy = requires(S& strategy, std::uint32_t pdi, Pde pde, VirtAddr va) {
    { strategy.pde_at(pdi) } -> std::same_as<VirtAddr>;
    { strategy.pte_at(pde, va) } -> std::same_as<VirtAddr>;
};

/// What an entry of the strategies' own has besides its frame.
inline constexpr std::uint32_t kShown = paging::bits::kPresent | paging::bits::kWritable;

/// The directory is a page table of itself: the CPU's own walk through slot 1023 ends in a table or in the
/// directory. Nothing to keep, nothing to look up.
struct RecursiveStrategy {
    [[nodiscard]] static VirtAddr pde_at(std::uint32_t pdi) {
        return VirtAddr{interface::layout::kDirectoryWindow.raw() + pdi * paging::kEntrySize};
    }
    [[nodiscard]] static VirtAddr pte_at(Pde, VirtAddr va) {
        return VirtAddr{interface::layout::kTableWindow.raw() + (va.raw() >> 12) * paging::kEntrySize};
    }
};

/// Where the directory of a space without self-map is shown.
struct ShownDirectory {
    [[nodiscard]] static VirtAddr pde_at(std::uint32_t pdi) {
        constexpr VirtAddr kPage = interface::layout::scratch_page(ScratchPage::directory);
        return VirtAddr{kPage.raw() + pdi * paging::kEntrySize};
    }
    [[nodiscard]] static VirtAddr entry_of(std::uint32_t table, VirtAddr va) {
        return VirtAddr{table + va.table_index() * paging::kEntrySize};
    }
};

/// A page beside the directory holds the virtual address of each table.
template <Hardware H>
struct TableStrategy : ShownDirectory {
    H& hw;
    [[nodiscard]] VirtAddr pte_at(Pde, VirtAddr va) {
        const VirtAddr word{interface::layout::kArenaWords.raw() + va.directory_index() * paging::kEntrySize};
        return entry_of(hw.load(word, Unit::word), va);
    }
};

/// MMURTL: slot 512 + n of the directory holds the virtual address of slot n's table. A page-aligned address
/// has P = 0, so that the CPU takes it for a PDE that is not present. Where a PDE of the kernel stands in the
/// place the word is kept in the space's record.
template <Hardware H>
struct UpperHalfStrategy : ShownDirectory {
    H& hw;
    const Space& space; // the loaded one
    [[nodiscard]] VirtAddr pte_at(Pde, VirtAddr va) {
        const std::uint32_t pdi = va.directory_index();
        std::uint32_t word = hw.load(pde_at(interface::layout::kUpperHalfSlot + pdi), Unit::word);
        if (word == 0 || (word & paging::bits::kPresent) != 0) [[unlikely]] {
            word = space.displaced[displaced_index(pdi).value_or(0)];
        }
        return entry_of(word, va);
    }
};

/// One page of the kernel's is set to the table for each access.
template <Hardware H>
struct WindowStrategy : ShownDirectory {
    Scratch<H>& scratch;
    [[nodiscard]] VirtAddr pte_at(Pde pde, VirtAddr va) {
        return entry_of(scratch.remap(ScratchPage::window_strategy, frame_of(pde.table())).raw(), va);
    }
};

/// A part of the address space shows all tables, each at a fixed distance from its frame.
struct DirectStrategy : ShownDirectory {
    [[nodiscard]] static VirtAddr pte_at(Pde pde, VirtAddr va) {
        const auto table = static_cast<std::uint32_t>(pde.table().raw());
        return entry_of(interface::layout::kDirectTables.raw() + table, va);
    }
};

} // namespace pagelab::memory
