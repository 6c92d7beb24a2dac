// What the kernel stands on, checked before a command's changes are kept: the slots that all directories
// share, the direct map's part over the image, the scratch pages, what spaces have of their own, the tables
// of lifeline and rescue, registers. For the lab. Knows what each word must be (kernel/rescue/tables.hpp) and
// reaches all of them by scratch pages, never by a window that may be broken itself. Puts right and says
// what; takes nothing back: that is the transaction's.
#pragma once

#include "kernel/memory/frames.hpp"
#include "kernel/memory/space.hpp"
#include "kernel/rescue/tables.hpp"

namespace pagelab::memory {

template <Hardware H>
class Audit {
public:
    constexpr Audit(H& hw, Scratch<H>& scratch, Spaces& spaces, Frames<H>& frames)
        : hw_(hw), scratch_(scratch), spaces_(spaces), frames_(frames) {}

    void initialise(const KernelFacts& facts) { image_ = facts.image; }

    /// What was wrong the last time.
    [[nodiscard]] const interface::Repairs& repairs() const { return repairs_; }

    /// Checks all, and flushes all if anything was wrong. True if nothing was.
    bool run() {
        repairs_ = {};
        hw_.mend_registers(spaces_.loaded().directory << 12, repairs_);
        scratch_.mend(repairs_);
        check_directory(spaces_.loaded());
        check(image_.scratch_table, rescue::kScratchSelf, rescue::scratch_self(image_),
              RepairKind::scratch_entry, rescue::kScratchSelf);
        for (Frame frame = image_.first; frame < image_.end; ++frame) {
            check(image_.kernel_table, frame, rescue::kernel_entry(image_, frame), RepairKind::kernel_entry,
                  frame);
        }
        frames_.for_each_record_page([this](std::uint32_t index, std::uint32_t entry) {
            check(image_.record_table, index, entry, RepairKind::record_entry, index);
        });
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            check(image_.lifeline_table, i, rescue::lifeline_entry(image_, i), RepairKind::lifeline, i * 4);
        }
        check_rescue();
        for (std::uint32_t number = 0; number < machine::kMaxSpaces; ++number) {
            if (spaces_.exists(number)) {
                check_directory(spaces_[number]);
            }
        }
        hw_.mend_lifeline(repairs_);
        if (repairs_.total == 0) {
            return true;
        }
        flush();
        return false;
    }

private:
    using Repairs = interface::Repairs;
    using RepairKind = interface::RepairKind;
    static constexpr std::uint32_t kTableBits = paging::bits::kPresent | paging::bits::kWritable;

    void check(Frame table, std::uint32_t index, std::uint32_t right, RepairKind kind, std::uint32_t name) {
        const std::uint32_t before = scratch_.entry(table, index);
        if (!rescue::is_same_entry(before, right)) {
            scratch_.set_entry(table, index, right);
            repairs_.add({kind, name, before, right});
        }
    }

    void check_directory(const Space& space) {
        namespace layout = interface::layout;
        for (const std::uint32_t slot : rescue::kSharedSlots) {
            check(space.directory, slot, rescue::shared_slot(image_, slot), RepairKind::directory_slot, slot);
        }
        const auto own = [&](std::uint32_t slot, Frame frame) {
            check(space.directory, slot, (frame << 12) | kTableBits, RepairKind::space_entry, slot);
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
    }

    void check_rescue() {
        if (image_.rescue_directory == 0) {
            return;
        }
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            check(image_.rescue_directory, i, rescue::rescue_slot(image_, i), RepairKind::rescue, i);
        }
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            if (i != rescue::kRescueWindow) {
                check(image_.rescue_table, i, rescue::rescue_entry(image_, i), RepairKind::rescue, i);
            }
        }
    }

    /// Global translations too: the broken ones may be among them.
    void flush() {
        const std::uint32_t cr4 = hw_.cr4();
        if ((cr4 & paging::cr4::kPge) != 0) {
            hw_.set_cr4(cr4 & ~paging::cr4::kPge);
            hw_.set_cr4(cr4);
        }
        hw_.set_cr3(hw_.cr3());
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Frames<H>& frames_;
    rescue::Image image_{};
    Repairs repairs_{};
};

} // namespace pagelab::memory
