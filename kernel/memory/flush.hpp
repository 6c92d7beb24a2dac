// What a changed entry needs flushed, and no less (SDM 3A 4.10.4): pages that a leaf translated, all pages
// of a table, the window pages that a PDE translated as a PTE. For the transaction.
#pragma once

#include "kernel/memory/frames.hpp"
#include "kernel/memory/journal.hpp"
#include "kernel/memory/tables.hpp"

namespace pagelab::memory {

template <Hardware H>
class Flusher {
public:
    constexpr Flusher(H& hw, Scratch<H>& scratch, Tables<H>& tables, Frames<H>& frames, Journal& journal)
        : hw_(hw), scratch_(scratch), tables_(tables), frames_(frames), journal_(journal) {}

    /// Pages flushed one by one since the last `start_count`, and whether CR3 was loaded.
    struct Count {
        std::uint32_t pages = 0;
        bool all = false;
    };
    void start_count() { count_ = {}; }
    [[nodiscard]] const Count& count() const { return count_; }

    /// The PTE of `va` was `old`. A present one may be cached under each address that its table translates in
    /// the loaded space; a global one also under its own from when its space was loaded.
    void after_pte(VirtAddr va, std::uint32_t old) {
        if (!Pte{old}.present()) {
            return;
        }
        const bool loaded = tables_.in_loaded();
        if (loaded || (Pte{old}.global() && (hw_.cr4() & paging::cr4::kPge) != 0)) {
            page(va);
        }
        const Pde directory_entry = tables_.pde(va.directory_index());
        if (directory_entry.kind(context(hw_)) != paging::EntryKind::table ||
            !may_be_shared(directory_entry.table())) {
            return;
        }
        for_each_loaded_slot(directory_entry.table(), [&](std::uint32_t slot) {
            if (!loaded || slot != va.directory_index()) {
                page(VirtAddr::from_indices(slot, va.table_index()));
            }
        });
    }

    /// The same for a change of the kernel's own, which is neither counted nor journaled.
    void quietly_after_pte(VirtAddr va, std::uint32_t old) {
        quiet_ = true;
        after_pte(va, old);
        quiet_ = false;
    }

    /// The PDE `pdi` was `old`: everything that it translated as a PDE, and, for a table, the page that it
    /// translated as a PTE in each slot that shows its directory. In a space that is not loaded only what is
    /// global can still be cached of the first.
    void after_pde(std::uint32_t pdi, std::uint32_t old) {
        const Pde before{old};
        const bool loaded = tables_.in_loaded();
        const bool global = (hw_.cr4() & paging::cr4::kPge) != 0;
        switch (before.kind(context(hw_))) {
        case paging::EntryKind::page:
        case paging::EntryKind::reserved:
            if (loaded || (global && before.global())) {
                page(VirtAddr::from_indices(pdi, 0)); // one INVLPG drops all of a large page
            }
            break;
        case paging::EntryKind::table:
            if (loaded || may_hold_global(before)) {
                whole_table(pdi, before);
            }
            break;
        default:
            return;
        }
        windows(pdi);
    }

    /// INVLPG of one page.
    void page(VirtAddr va) {
        hw_.invlpg(va);
        if (quiet_) {
            return;
        }
        count_.pages += 1;
        // What is recorded of a flush may be lost when the group is full; nothing is taken back by it.
        static_cast<void>(journal_.add({JournalKind::flush_page, va.page_base().raw(), 0, 0}, hw_.ticks()));
    }

    /// Loads CR3 again; with `global` by way of CR4.PGE, which drops global entries too.
    void all(bool global) {
        if (global) {
            drop_global();
        }
        hw_.set_cr3(hw_.cr3());
        count_.all = true;
        static_cast<void>(journal_.add({JournalKind::flush_all, 0, 0, global ? 1u : 0u}, hw_.ticks()));
    }

    /// Drops all entries, global ones too, by way of CR4.PGE (SDM 3A 4.10.4.1), and keeps no record of it.
    void drop_global() {
        const std::uint32_t cr4 = hw_.cr4();
        if ((cr4 & paging::cr4::kPge) != 0) {
            hw_.set_cr4(cr4 & ~paging::cr4::kPge);
            hw_.set_cr4(cr4);
        }
        global_left_out_ = false;
    }

    /// A flush was left out on purpose, or a PDE held G, which its window page sees as a global leaf: from
    /// now on no table tells which of its translations outlive a CR3 load.
    void distrust_tables() { global_left_out_ = true; }
    /// A change of CR4.PSE or CR4.PGE dropped everything.
    void everything_flushed() { global_left_out_ = false; }

private:
    /// Whether other PDEs may lead to the same table. Only frames that are known as tables are counted; those
    /// of the kernel are in every directory.
    [[nodiscard]] bool may_be_shared(PhysAddr table) {
        const FrameRecord record = frames_.record(table.frame());
        return record.role() != FrameRole::table || record.references() > 1 || !tables_.in_loaded();
    }

    void whole_table(std::uint32_t pdi, Pde before) {
        if (!may_hold_global(before)) {
            if (!count_.all) {
                all(false);
            }
            return;
        }
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            page(VirtAddr::from_indices(pdi, pti));
        }
    }

    /// Whether a TLB entry made through this table may outlive a CR3 load. The table's frame still holds
    /// what it held: tables are freed after the flush.
    [[nodiscard]] bool may_hold_global(Pde before) {
        if ((hw_.cr4() & paging::cr4::kPge) == 0) {
            return false;
        }
        if (global_left_out_ || !frames_.map().is_ram(before.table().frame())) {
            return true;
        }
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            const Pte pte{scratch_.entry(frame_of(before.table()), pti)};
            if (pte.present() && pte.global()) {
                return true;
            }
        }
        return false;
    }

    /// The pages of PDE `pdi` in the slots that show its directory, but for those that Tables keeps coherent.
    void windows(std::uint32_t pdi) {
        const std::uint32_t kept = tables_.kept_window();
        for_each_loaded_slot(tables_.context().control.directory(), [&](std::uint32_t slot) {
            if (slot != kept) {
                page(VirtAddr::from_indices(slot, pdi));
            }
        });
    }

    template <class F>
    void for_each_loaded_slot(PhysAddr table, F&& visit) {
        for (std::uint32_t slot = 0; slot < paging::kEntryCount; ++slot) {
            const Pde pde = tables_.loaded_pde(slot);
            if (pde.kind(context(hw_)) == paging::EntryKind::table && pde.table() == table) {
                visit(slot);
            }
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Journal& journal_;
    Count count_{};
    bool global_left_out_ = false;
    bool quiet_ = false;
};

} // namespace pagelab::memory
