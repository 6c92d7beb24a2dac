// The recursive strategy: directory and tables through the self-map in slot 1023.
// For the transaction. Reads and writes words and keeps the window itself coherent; journals and checks
// nothing.
#pragma once

#include "kernel/interface/layout.hpp"
#include "kernel/memory/hardware.hpp"
#include "kernel/memory/scratch.hpp"
#include "kernel/paging/entry.hpp"
#include "kernel/paging/self_map.hpp"

#include <array>

namespace pagelab::memory {

using paging::Pde;
using paging::Pte;

template <Hardware H>
class Tables {
public:
    constexpr Tables(H& hw, Scratch<H>& scratch) : hw_(hw), scratch_(scratch) {}

    [[nodiscard]] Pde pde(std::uint32_t pdi) { return Pde{hw_.load(pde_address(pdi), Unit::word)}; }

    /// Writes a PDE. Where one was present its window page may be in the TLB (also as a table's that is no
    /// more): it is flushed at once, or, if `flush` is false, before the next use here.
    void write_pde(std::uint32_t pdi, std::uint32_t value, bool flush = true) {
        const bool was_present = pde(pdi).present();
        hw_.store(pde_address(pdi), Unit::word, value);
        if (was_present) {
            stale_[pdi] = true;
        }
        if (flush) {
            refresh_window(pdi);
        }
    }

    /// The PTE of `va`, whose PDE must lead to a table.
    [[nodiscard]] Pte pte(VirtAddr va) {
        refresh_window(va.directory_index());
        return Pte{hw_.load(pte_address(va), Unit::word)};
    }

    /// Writes the PTE of `va`, whose PDE must lead to a table. R/W = 0 in the PDE makes the window page
    /// read-only too (SDM 3A 4.6.1, CR0.WP = 1): such a table is written by its physical address.
    void write_pte(VirtAddr va, std::uint32_t value) {
        const Pde directory_entry = pde(va.directory_index());
        if (directory_entry.writable()) {
            refresh_window(va.directory_index());
            hw_.store(pte_address(va), Unit::word, value);
        } else {
            scratch_.store(directory_entry.table().plus(va.table_index() * paging::kEntrySize), Unit::word,
                           value);
        }
    }

    /// The PDE was written by somebody else.
    void changed_behind(std::uint32_t pdi) { stale_[pdi] = true; }

private:
    static VirtAddr pde_address(std::uint32_t pdi) {
        return paging::pde_window(interface::layout::kSelfMapSlot, VirtAddr::from_indices(pdi, 0));
    }
    static VirtAddr pte_address(VirtAddr va) {
        return paging::pte_window(interface::layout::kSelfMapSlot, va);
    }
    void refresh_window(std::uint32_t pdi) {
        if (stale_[pdi]) {
            stale_[pdi] = false;
            hw_.invlpg(VirtAddr::from_indices(interface::layout::kSelfMapSlot, pdi));
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    /// PDEs that changed since their window page was flushed. A CR3 load is no end of it: G in the PDE makes
    /// its window page global.
    std::array<bool, paging::kEntryCount> stale_{};
};

} // namespace pagelab::memory
