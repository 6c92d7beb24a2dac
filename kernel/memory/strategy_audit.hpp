// What the strategies keep beside the directory, checked against the directory: the pages and words of the
// arena, the words of the upper half, the direct map's tables. For the audit. Each of these words is a
// function of the user's PDEs, so no copy of them is needed. Works by physical addresses: what a strategy
// shows may be what is broken.
#pragma once

#include "kernel/memory/strategies.hpp"

namespace pagelab::memory {

template <Hardware H>
class StrategyAudit {
public:
    constexpr StrategyAudit(H& hw, Scratch<H>& scratch) : hw_(hw), scratch_(scratch) {}

    /// Puts right what is not as the PDEs of the space's user slots say.
    void run(const Space& space, interface::Repairs& repairs) {
        if (space.arena != 0) {
            check_arena(space, repairs);
        }
        if (space.direct_tables != 0) {
            check_direct(space, repairs);
        }
    }

private:
    using RepairKind = interface::RepairKind;

    void check_arena(const Space& space, interface::Repairs& repairs) {
        namespace layout = interface::layout;
        for (std::uint32_t index = layout::kArenaWords.table_index() + 1; index < paging::kEntryCount;
             ++index) {
            const VirtAddr page = VirtAddr::from_indices(layout::kArenaSlot, index);
            const bool shows =
                index >= layout::kArenaTables && index - layout::kArenaTables < space.user_slots();
            const Frame table = shows ? table_of(space, index - layout::kArenaTables) : 0;
            mend(space.arena, index, entry_of(table), {RepairKind::strategy_entry, page.raw() >> 12},
                 repairs);
        }
        for (std::uint32_t pdi = 0; pdi < space.user_slots(); ++pdi) {
            const VirtAddr page = VirtAddr::from_indices(layout::kArenaSlot, layout::kArenaTables + pdi);
            const std::uint32_t word = table_of(space, pdi) == 0 ? 0 : page.raw();
            if (space.words != 0) {
                mend(space.words, pdi, word, {RepairKind::strategy_word, pdi}, repairs);
            } else if (space.strategy == Strategy::upper_half && !displaced_index(pdi)) {
                const std::uint32_t slot = layout::kUpperHalfSlot + pdi;
                mend(space.directory, slot, word, {RepairKind::space_entry, slot}, repairs);
            }
        }
    }

    void check_direct(const Space& space, interface::Repairs& repairs) {
        // First what is there and should not be, then what is missing.
        for (Frame shown = 0; shown < space.direct_tables * paging::kEntryCount; ++shown) {
            if (scratch_.entry(own_table(space, shown), shown % paging::kEntryCount) != 0) {
                mend_direct(space, shown, is_led_to(space, shown), repairs);
            }
        }
        for (std::uint32_t pdi = 0; pdi < space.user_slots(); ++pdi) {
            const Frame table = table_of(space, pdi);
            if (table != 0 && table / paging::kEntryCount < space.direct_tables) {
                mend_direct(space, table, true, repairs);
            }
        }
    }
    void mend_direct(const Space& space, Frame shown, bool right, interface::Repairs& repairs) {
        const VirtAddr page{interface::layout::kDirectTables.raw() + (shown << 12)};
        mend(own_table(space, shown), shown % paging::kEntryCount, right ? entry_of(shown) : 0,
             {RepairKind::strategy_entry, page.raw() >> 12}, repairs);
    }
    [[nodiscard]] static Frame own_table(const Space& space, Frame shown) {
        return space.first_direct_table + shown / paging::kEntryCount;
    }
    [[nodiscard]] bool is_led_to(const Space& space, Frame table) {
        bool found = false;
        for (std::uint32_t pdi = 0; pdi < space.user_slots() && !found; ++pdi) {
            found = table_of(space, pdi) == table;
        }
        return found && table != 0;
    }

    [[nodiscard]] static constexpr std::uint32_t entry_of(Frame table) {
        return table == 0 ? 0 : (table << 12) | kShown;
    }

    /// The table of a user slot, or 0. The directory has a scratch page of its own, for its words and those
    /// that depend on them are read in turn.
    [[nodiscard]] Frame table_of(const Space& space, std::uint32_t pdi) {
        const VirtAddr directory = scratch_.open(ScratchPage::guard, space.directory);
        const Pde pde{hw_.load(VirtAddr{directory.raw() + pdi * paging::kEntrySize}, Unit::word)};
        return pde.kind(context(hw_)) == paging::EntryKind::table ? frame_of(pde.table()) : 0;
    }

    void mend(Frame frame, std::uint32_t index, std::uint32_t right, interface::Repair repair,
              interface::Repairs& repairs) {
        repair.before = scratch_.entry(frame, index);
        if (!rescue::is_same_entry(repair.before, right)) {
            scratch_.set_entry(frame, index, right);
            repair.after = right;
            repairs.add(repair);
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
};

} // namespace pagelab::memory
