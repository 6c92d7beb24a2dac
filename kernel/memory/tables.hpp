// Directory and tables of the space in work: of the loaded one by its strategy, of another one by a scratch
// page and the foreign window in slot 1022. For the transaction and the rooms beside it. Reads and writes
// words, keeps the windows coherent and the strategies' own tables in step; journals and checks nothing.
#pragma once

#include "kernel/memory/strategies.hpp"

#include <array>
#include <optional>

namespace pagelab::memory {

template <Hardware H>
class Tables {
public:
    constexpr Tables(H& hw, Scratch<H>& scratch, Spaces& spaces)
        : hw_(hw), scratch_(scratch), spaces_(spaces) {}

    /// As memory::context, with the directory of the space in work.
    [[nodiscard]] paging::PagingContext context() {
        paging::PagingContext now = memory::context(hw_);
        if (!spaces_.in_loaded()) {
            now.control.cr3 = spaces_.current().directory << 12;
        }
        return now;
    }

    /// The space in work.
    [[nodiscard]] const Space& space() const { return spaces_.current(); }
    [[nodiscard]] bool in_loaded() const { return spaces_.in_loaded(); }
    /// The slot of the loaded space whose window on the space in work is kept coherent here; 1024 if none is.
    [[nodiscard]] std::uint32_t kept_window() const {
        if (!spaces_.in_loaded()) {
            return interface::layout::kForeignSlot;
        }
        return spaces_.loaded().strategy == Strategy::recursive ? interface::layout::kSelfMapSlot
                                                                : paging::kEntryCount;
    }

    [[nodiscard]] Pde pde(std::uint32_t pdi) { return Pde{hw_.load(pde_address(pdi), Unit::word)}; }
    /// The PDE of the loaded space, whichever is in work.
    [[nodiscard]] Pde loaded_pde(std::uint32_t pdi) {
        return Pde{hw_.load(loaded_pde_address(pdi), Unit::word)};
    }

    /// Writes a PDE. Where one was present the window page of its table may be in the TLB (also as a table's
    /// that is no more): it is flushed at once, or, if `flush` is false, before the next use here.
    void write_pde(std::uint32_t pdi, std::uint32_t value, bool flush = true) {
        const Pde old = pde(pdi);
        hw_.store(pde_address(pdi), Unit::word, value);
        changed_behind(pdi, old, Pde{value});
        if (flush && spaces_.in_loaded()) {
            refresh_window(pdi);
        }
    }

    /// The PTE of `va`, whose PDE must lead to a table.
    [[nodiscard]] Pte pte(VirtAddr va) {
        const Pde directory_entry = pde(va.directory_index());
        const auto address = pte_address(directory_entry, va);
        return Pte{address ? hw_.load(*address, Unit::word)
                           : scratch_.load(physical_entry(directory_entry, va), Unit::word)};
    }

    /// Writes the PTE of `va`, whose PDE must lead to a table. R/W = 0 in the PDE makes a window page
    /// read-only too (SDM 3A 4.6.1, CR0.WP = 1): such a table is written by its physical address.
    void write_pte(VirtAddr va, std::uint32_t value) {
        const Pde directory_entry = pde(va.directory_index());
        const bool by_window = !spaces_.in_loaded() || spaces_.loaded().strategy == Strategy::recursive;
        const auto address = by_window && !directory_entry.writable() ? std::optional<VirtAddr>{}
                                                                      : pte_address(directory_entry, va);
        if (address) {
            hw_.store(*address, Unit::word, value);
        } else {
            scratch_.store(physical_entry(directory_entry, va), Unit::word, value);
        }
    }

    /// A PDE of the space in work was written, here or by somebody else.
    void changed_behind(std::uint32_t pdi, Pde old, Pde now) {
        keep_in_step(pdi, old, now);
        if (!spaces_.in_loaded()) {
            flush_foreign(pdi);
        } else if (old.present()) {
            stale_[pdi] = true;
        }
    }

    /// CR3 holds another space now. What the self-map's pages were may have stayed in the TLB where PDEs had
    /// G and global entries were not flushed.
    void space_loaded(bool global_flushed) { stale_.fill(!global_flushed); }

    /// Takes the foreign window out of the loaded directory, if it stands there.
    void close_foreign() {
        if (foreign_ == 0) {
            return;
        }
        foreign_ = 0;
        set_foreign_slot(slot_before_);
        for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
            flush_foreign(pdi);
        }
    }

private:
    static PhysAddr physical_entry(Pde pde, VirtAddr va) {
        return pde.table().plus(paging::entry_offset(va.table_index()));
    }

    VirtAddr loaded_pde_address(std::uint32_t pdi) {
        return spaces_.loaded().strategy == Strategy::recursive ? RecursiveStrategy::pde_at(pdi)
                                                                : ShownDirectory::pde_at(pdi);
    }
    VirtAddr pde_address(std::uint32_t pdi) {
        if (spaces_.in_loaded()) {
            return loaded_pde_address(pdi);
        }
        const VirtAddr page = scratch_.open(ScratchPage::foreign_directory, spaces_.current().directory);
        return VirtAddr{page.raw() + pdi * paging::kEntrySize};
    }

    /// Nothing where the strategy does not reach the table: the kernel's own tables, and frames beyond the
    /// direct strategy's part of the address space.
    std::optional<VirtAddr> pte_address(Pde pde, VirtAddr va) {
        if (!spaces_.in_loaded()) {
            return foreign_pte_address(va);
        }
        const Space& space = spaces_.loaded();
        if (space.strategy == Strategy::recursive) {
            refresh_window(va.directory_index());
            return RecursiveStrategy::pte_at(pde, va);
        }
        if (va.directory_index() >= space.user_slots()) {
            return std::nullopt;
        }
        switch (space.strategy) {
        case Strategy::table:
            return TableStrategy<H>{{}, hw_}.pte_at(pde, va);
        case Strategy::upper_half:
            return UpperHalfStrategy<H>{{}, hw_, space}.pte_at(pde, va);
        case Strategy::window:
            return WindowStrategy<H>{{}, scratch_}.pte_at(pde, va);
        default:
            return direct_slot(space, pde.table()) ? std::optional{DirectStrategy::pte_at(pde, va)}
                                                   : std::nullopt;
        }
    }

    void refresh_window(std::uint32_t pdi) {
        if (stale_[pdi] && spaces_.loaded().strategy == Strategy::recursive) {
            stale_[pdi] = false;
            hw_.invlpg(VirtAddr::from_indices(interface::layout::kSelfMapSlot, pdi));
        }
    }

    // --- the foreign window ------------------------------------------------------------------------------
    VirtAddr foreign_pte_address(VirtAddr va) {
        const Frame directory = spaces_.current().directory;
        if (foreign_ != directory) {
            close_foreign();
            slot_before_ = loaded_pde(interface::layout::kForeignSlot).raw();
            set_foreign_slot((directory << 12) | paging::bits::kPresent | paging::bits::kWritable);
            foreign_ = directory;
        }
        foreign_used_[va.directory_index()] = true;
        return paging::pte_window(interface::layout::kForeignSlot, va);
    }
    /// What was used through the window is all that the TLB can hold of it: a flush of each of these pages is
    /// what a new target needs, also where the other space's PDE had G, which outlives a CR3 load.
    void flush_foreign(std::uint32_t pdi) {
        if (foreign_used_[pdi]) {
            foreign_used_[pdi] = false;
            hw_.invlpg(VirtAddr::from_indices(interface::layout::kForeignSlot, pdi));
        }
    }
    void set_foreign_slot(std::uint32_t value) {
        hw_.store(loaded_pde_address(interface::layout::kForeignSlot), Unit::word, value);
        stale_[interface::layout::kForeignSlot] = true;
        refresh_window(interface::layout::kForeignSlot);
    }

    // --- what strategies keep beside the directory
    // -----------------------------------------------------------
    void keep_in_step(std::uint32_t pdi, Pde old, Pde now) {
        Space& space = spaces_.current();
        if (pdi >= space.user_slots()) {
            return;
        }
        const paging::PagingContext how = memory::context(hw_);
        const bool leads = now.kind(how) == paging::EntryKind::table;
        if (space.strategy == Strategy::table || space.strategy == Strategy::upper_half) {
            show_in_arena(space, pdi, leads ? frame_of(now.table()) : 0);
        } else if (space.strategy == Strategy::direct) {
            if (old.kind(how) == paging::EntryKind::table && !is_table_of_another(space, old.table())) {
                show_directly(space, old.table(), 0);
            }
            if (leads) {
                show_directly(space, now.table(), kShown);
            }
        }
    }

    /// The arena's page for slot `pdi`, and the word that holds its address. Frame 0: no table.
    void show_in_arena(Space& space, std::uint32_t pdi, Frame table) {
        namespace layout = interface::layout;
        const VirtAddr page = VirtAddr::from_indices(layout::kArenaSlot, layout::kArenaTables + pdi);
        const std::uint32_t word = table == 0 ? 0 : page.raw();
        set_page(space, space.arena, page, table == 0 ? 0 : (table << 12) | kShown);
        if (space.strategy == Strategy::table) {
            scratch_.set_entry(space.words, pdi, word);
        } else if (const auto index = displaced_index(pdi)) {
            space.displaced[*index] = word;
        } else {
            hw_.store(pde_address(layout::kUpperHalfSlot + pdi), Unit::word, word);
        }
    }

    void show_directly(const Space& space, PhysAddr table, std::uint32_t bits) {
        if (const auto slot = direct_slot(space, table)) {
            const Frame own = frame_of(pde(*slot).table());
            const auto at = static_cast<std::uint32_t>(table.raw());
            set_page(space, own, VirtAddr{interface::layout::kDirectTables.raw() + at},
                     bits == 0 ? 0 : at | bits);
        }
    }
    /// The slot of the direct strategy that shows this frame.
    static std::optional<std::uint32_t> direct_slot(const Space& space, PhysAddr table) {
        const auto index = static_cast<std::uint32_t>(table.raw() >> 22);
        return index < space.direct_tables ? std::optional{interface::layout::kFirstDirectSlot + index}
                                           : std::nullopt;
    }
    bool is_table_of_another(const Space& space, PhysAddr table) {
        const paging::PagingContext how = memory::context(hw_);
        for (std::uint32_t pdi = 0; pdi < space.user_slots(); ++pdi) {
            const Pde other = pde(pdi);
            if (other.kind(how) == paging::EntryKind::table && other.table() == table) {
                return true;
            }
        }
        return false;
    }

    /// Writes the PTE of a page of the strategy's own, in its table `own`.
    void set_page(const Space& space, Frame own, VirtAddr page, std::uint32_t value) {
        const Pte old{scratch_.entry(own, page.table_index())};
        scratch_.set_entry(own, page.table_index(), value);
        if (old.present() && &space == &spaces_.loaded()) {
            hw_.invlpg(page);
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    /// PDEs of the loaded space that changed since their window page was flushed.
    std::array<bool, paging::kEntryCount> stale_{};
    /// The directory that the foreign window shows, or 0, and what its slot held before.
    Frame foreign_ = 0;
    std::uint32_t slot_before_ = 0;
    std::array<bool, paging::kEntryCount> foreign_used_{};
};

} // namespace pagelab::memory
