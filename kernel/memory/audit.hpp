// What the kernel stands on, checked before a command's changes are kept: the slots that all directories
// share, the direct map's part over the image, the scratch pages, what spaces have of their own, the tables
// of lifeline and rescue, registers. For the lab. Knows what each word must be (kernel/rescue/tables.hpp) and
// reaches all of them by scratch pages, never by a window that may be broken itself. Puts right and says
// what; takes nothing back: that is the transaction's.
#pragma once

#include "kernel/memory/frames.hpp"
#include "kernel/memory/space.hpp"
#include "kernel/memory/thorough_audit.hpp"
#include "kernel/rescue/tables.hpp"

namespace pagelab::memory {

template <Hardware H>
class Audit {
public:
    /// How much of it: what any command could break, or also what only force or a crash can reach.
    enum class Depth : std::uint8_t { usual, thorough };

    constexpr Audit(H& hw, Scratch<H>& scratch, Spaces& spaces, Frames<H>& frames, ThoroughAudit<H>& thorough)
        : hw_(hw), scratch_(scratch), spaces_(spaces), frames_(frames), thorough_(thorough) {}

    void initialise(const KernelFacts& facts) { image_ = facts.image; }

    /// What was wrong the last time.
    [[nodiscard]] const interface::Repairs& repairs() const { return repairs_; }

    /// Checks all, and flushes all if anything was wrong. True if nothing was.
    bool run(Depth depth) {
        repairs_ = {};
        hw_.mend_registers(spaces_.loaded().directory << 12, repairs_);
        scratch_.mend(repairs_);
        check_directory(spaces_.loaded());
        check(image_.scratch_table, rescue::kScratchSelf, rescue::scratch_self(image_),
              RepairKind::scratch_entry, rescue::kScratchSelf);
        check_table(image_.kernel_table, image_.first, image_.end, RepairKind::kernel_entry, 1,
                    [this](std::uint32_t frame) { return rescue::kernel_entry(image_, frame); });
        frames_.for_each_record_page([this](std::uint32_t index, std::uint32_t entry) {
            check(image_.record_table, index, entry, RepairKind::record_entry, index);
        });
        check_table(image_.lifeline_table, 0, paging::kEntryCount, RepairKind::lifeline, 4,
                    [this](std::uint32_t i) { return rescue::lifeline_entry(image_, i); });
        check_rescue();
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number)) {
                check_directory(spaces_[number]);
            }
        }
        if (depth == Depth::thorough) {
            thorough_.run(repairs_);
            hw_.mend_input(repairs_);
        }
        hw_.mend_lifeline(repairs_);
        if (repairs_.total == 0) {
            return true;
        }
        flush_everything(hw_);
        return false;
    }

private:
    using Repairs = interface::Repairs;
    using RepairKind = interface::RepairKind;
    static constexpr std::uint32_t kTableBits = paging::bits::kPresent | paging::bits::kWritable;

    /// What decides whether a PDE leads to its table, writably.
    static constexpr std::uint32_t kLeads =
        paging::bits::kFrameMask | paging::bits::kPresent | paging::bits::kWritable | paging::bits::kLarge;

    void check(Frame table, std::uint32_t index, std::uint32_t right, RepairKind kind, std::uint32_t name) {
        const std::uint32_t before = scratch_.entry(table, index);
        if (!rescue::is_same_entry(before, right)) {
            scratch_.set_entry(table, index, right);
            repairs_.add({kind, name, before, right});
        }
    }

    /// Entries [first, end) of a table whose right words are a function of the index; `scale` makes it the
    /// name.
    template <class F>
    void check_table(Frame table, std::uint32_t first, std::uint32_t end, RepairKind kind,
                     std::uint32_t scale, F&& right) {
        const VirtAddr page = scratch_.open(ScratchPage::physical, table);
        for (std::uint32_t i = first; i < end; ++i) {
            const VirtAddr at{page.raw() + i * paging::kEntrySize};
            const std::uint32_t before = hw_.load(at, Unit::word);
            if (!rescue::is_same_entry(before, right(i))) {
                hw_.store(at, Unit::word, right(i));
                repairs_.add({kind, i * scale, before, right(i)});
            }
        }
    }

    void check_directory(const Space& space) {
        namespace layout = interface::layout;
        for (const std::uint32_t slot : rescue::kSharedSlots) {
            check(space.directory, slot, rescue::shared_slot(image_, slot), RepairKind::directory_slot, slot);
        }
        // Who else may use them is the user's affair, and for `check` to tell.
        const auto own = [&](std::uint32_t slot, Frame frame) {
            const std::uint32_t before = scratch_.entry(space.directory, slot);
            const std::uint32_t right = (frame << 12) | kTableBits;
            if (((before ^ right) & kLeads) != 0) {
                check(space.directory, slot, right, RepairKind::space_entry, slot);
            }
        };
        if (space.strategy == Strategy::recursive) {
            own(layout::kSelfMapSlot, space.directory);
        }
        if (space.arena != 0) {
            own(layout::kArenaSlot, space.arena);
            check(space.arena, 0, (space.arena << 12) | kTableBits, RepairKind::space_entry,
                  layout::kArenaSlot);
        }
        if (space.words != 0) {
            check(space.arena, layout::kArenaWords.table_index(), (space.words << 12) | kTableBits,
                  RepairKind::space_entry, layout::kArenaSlot);
        }
        for (std::uint32_t i = 0; i < space.direct_tables; ++i) {
            own(layout::kFirstDirectSlot + i, space.first_direct_table + i);
        }
    }

    void check_rescue() {
        if (image_.rescue_directory == 0) {
            return;
        }
        check_table(image_.rescue_directory, 0, paging::kEntryCount, RepairKind::rescue, 1,
                    [this](std::uint32_t i) { return rescue::rescue_slot(image_, i); });
        check_table(image_.rescue_table, 0, rescue::kRescueWindow, RepairKind::rescue, 1,
                    [this](std::uint32_t i) { return rescue::rescue_entry(image_, i); });
        check_table(image_.rescue_table, rescue::kRescueWindow + 1, paging::kEntryCount, RepairKind::rescue,
                    1, [this](std::uint32_t i) { return rescue::rescue_entry(image_, i); });
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Frames<H>& frames_;
    ThoroughAudit<H>& thorough_;
    rescue::Image image_{};
    Repairs repairs_{};
};

} // namespace pagelab::memory
