// What only force, a crash or the user's own code can break of what the kernel keeps: looked at behind these,
// not at the end of every command. For the audit, which has put right before what this stands on.
#pragma once

#include "kernel/memory/record_audit.hpp"
#include "kernel/memory/strategy_audit.hpp"

namespace pagelab::memory {

template <Hardware H>
class ThoroughAudit {
public:
    constexpr ThoroughAudit(H& hw, Scratch<H>& scratch, Spaces& spaces, Frames<H>& frames,
                            SpaceKeeper<H>& keeper, Recount<H>& recount)
        : scratch_(scratch), spaces_(spaces), strategies_(hw, scratch),
          records_(hw, scratch, spaces, frames, keeper, recount) {}

    void initialise(const KernelFacts& facts) { records_.initialise(facts); }

    /// Slots first, then what the tables behind them hold, and the books at last: they follow from all that.
    [[gnu::noinline]] void run(interface::Repairs& repairs) {
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number)) {
                check_empty_slots(spaces_[number], repairs);
                strategies_.run(spaces_[number], repairs);
            }
        }
        records_.run(repairs);
    }

private:
    /// The slots of the kernel's half that this space has no use for. Where an upper half is, its words stand
    /// there instead.
    void check_empty_slots(const Space& space, interface::Repairs& repairs) {
        namespace layout = interface::layout;
        const auto empty = [&](std::uint32_t slot) {
            const std::uint32_t before = scratch_.entry(space.directory, slot);
            if (before != 0) {
                scratch_.set_entry(space.directory, slot, 0);
                repairs.add({interface::RepairKind::space_entry, slot, before, 0});
            }
        };
        if (space.arena == 0) {
            empty(layout::kArenaSlot);
        }
        for (std::uint32_t slot = layout::kFirstDirectSlot + space.direct_tables;
             slot < layout::kLifelineSlot && space.strategy != Strategy::upper_half; ++slot) {
            empty(slot);
        }
        if (!is_foreign_window(scratch_.entry(space.directory, layout::kForeignSlot))) {
            empty(layout::kForeignSlot);
        }
    }
    /// Whether slot 1022 leads to a space, as it does while another one is in work.
    [[nodiscard]] bool is_foreign_window(std::uint32_t entry) const {
        bool found = false;
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            found = found || (spaces_.exists(number) &&
                              rescue::is_same_entry(entry, (spaces_[number].directory << 12) | kShown));
        }
        return found;
    }

    Scratch<H>& scratch_;
    Spaces& spaces_;
    StrategyAudit<H> strategies_;
    RecordAudit<H> records_;
};

} // namespace pagelab::memory
