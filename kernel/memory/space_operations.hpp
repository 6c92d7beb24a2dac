// The operations on whole address spaces: new, clone, cow, use, delete. Each checks first, then works through
// the transaction, which takes all of it back if it does not come to its end. For the lab.
#pragma once

#include "kernel/memory/sharing.hpp"

namespace pagelab::memory {

using machine::SpaceReport;
using SpaceResult = std::expected<SpaceReport, OperationError>;

template <Hardware H>
class SpaceOperations {
public:
    constexpr SpaceOperations(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables,
                              Frames<H>& frames, Flusher<H>& flusher, Transaction<H>& transaction,
                              SpaceKeeper<H>& keeper)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames), flusher_(flusher),
          transaction_(transaction), keeper_(keeper) {}

    [[nodiscard]] SpaceResult make(Strategy strategy) {
        const auto number = spaces_.free_number();
        if (!number) {
            return std::unexpected(error(Refusal::no_number, machine::kMaxSpaces));
        }
        if (keeper_.frames_needed(strategy) > frames_.counts().free) {
            return std::unexpected(error(Refusal::no_frames, frames_.counts().free));
        }
        const std::uint32_t start = transaction_.savepoint();
        if (!transaction_.make_space(*number, strategy)) {
            return give_up(start);
        }
        return report(*number);
    }

    /// A space with the pages of the one in work: copies of them, or the same ones until one side writes.
    [[nodiscard]] SpaceResult clone(bool share) {
        const std::uint32_t source = spaces_.number();
        const std::uint32_t start = transaction_.savepoint();
        auto made = make(spaces_.current().strategy);
        if (!made) {
            return made;
        }
        transaction_.work_in(source);
        flusher_.start_count();
        if (!clone_slots(*made, share)) {
            return give_up(start);
        }
        if (share) {
            spaces_[source].shares = spaces_[made->number].shares = true;
            transaction_.flush_since(start);
        }
        made->pages_flushed = flusher_.count().pages;
        made->all_flushed = flusher_.count().all;
        return made;
    }

    [[nodiscard]] SpaceResult use(std::uint32_t number, bool global) {
        if (!spaces_.exists(number)) {
            return std::unexpected(error(Refusal::no_space, number));
        }
        if (!transaction_.load_space(number, global)) {
            return std::unexpected(error(Refusal::journal_full, number));
        }
        SpaceReport done = report(number);
        done.all_flushed = true;
        done.global_flushed = global;
        return done;
    }

    [[nodiscard]] SpaceResult remove(std::uint32_t number) {
        if (!spaces_.exists(number)) {
            return std::unexpected(error(Refusal::no_space, number));
        }
        if (number == 0 || number == spaces_.loaded_number()) {
            return std::unexpected(error(Refusal::space_in_use, number));
        }
        SpaceReport done = report(number);
        done.tables = keeper_.info(number).tables;
        const auto freed = transaction_.free_space(number);
        if (!freed) {
            return std::unexpected(error(Refusal::journal_full, number));
        }
        done.frames_freed = *freed;
        return done;
    }

private:
    using EntryKind = paging::EntryKind;

    static OperationError error(Refusal refusal, std::uint32_t value) {
        return {.refusal = refusal, .va = VirtAddr{0}, .pa = std::nullopt, .value = value, .reason = {}};
    }
    [[nodiscard]] SpaceReport report(std::uint32_t number) const {
        return {.number = number,
                .strategy = spaces_[number].strategy,
                .directory = frame_address(spaces_[number].directory)};
    }
    [[nodiscard]] std::unexpected<OperationError> give_up(std::uint32_t start) {
        const Refusal why = transaction_.interrupted() ? Refusal::interrupted
                            : transaction_.has_room()  ? Refusal::no_frames
                                                       : Refusal::journal_full;
        transaction_.take_back(start);
        transaction_.forget_since(start);
        return std::unexpected(error(why, frames_.counts().free));
    }

    // --- clone
    // ----------------------------------------------------------------------------------------------- The
    // space in work is the source. Of the new one words are written by physical addresses, but for its PDEs,
    // which its strategy follows.

    [[nodiscard]] bool clone_slots(SpaceReport& done, bool share) {
        for (std::uint32_t pdi = 0; pdi < spaces_.current().user_slots(); ++pdi) {
            if (!transaction_.breathe() || !clone_slot(done, pdi, share)) {
                return false;
            }
        }
        return true;
    }

    [[nodiscard]] bool clone_slot(SpaceReport& done, std::uint32_t pdi, bool share) {
        const Pde pde = tables_.pde(pdi);
        const Frame table = frame_of(pde.table());
        switch (pde.kind(context(hw_))) {
        case EntryKind::page:
            return clone_large(done, pdi, pde, share);
        case EntryKind::table:
            if (table == spaces_.current().directory) {
                write_pde(done, pdi, with_frame(pde.raw(), spaces_[done.number].directory));
                return true;
            }
            if (frames_.record(table).role() != FrameRole::table || frames_.is_of_boot(table)) {
                write_pde(done, pdi, pde.raw()); // another directory, the kernel's, or memory of nobody's
                return true;
            }
            return clone_table(done, pdi, pde, share);
        default:
            if (pde.raw() != 0) {
                write_pde(done, pdi, pde.raw());
            }
            return true;
        }
    }

    [[nodiscard]] bool clone_table(SpaceReport& done, std::uint32_t pdi, Pde pde, bool share) {
        if (const auto twin = slot_of_table(pde.table(), pdi)) {
            const std::uint32_t there = scratch_.entry(spaces_[done.number].directory, *twin);
            write_pde(done, pdi, with_frame(pde.raw(), there >> 12));
            return true;
        }
        const auto table = frames_.take(FrameRecord{FrameRole::table, 0});
        if (!table) {
            return false;
        }
        scratch_.zero(*table);
        transaction_.shield(*table);
        write_pde(done, pdi, with_frame(pde.raw(), *table));
        done.tables += 1;
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            const VirtAddr va = VirtAddr::from_indices(pdi, pti);
            std::uint32_t leaf = tables_.pte(va).raw();
            if ((leaf & paging::bits::kPresent) != 0 && !clone_leaf(done, va, leaf, share)) {
                return false;
            }
            if (leaf != 0) {
                scratch_.set_entry(*table, pti, leaf);
                refer(leaf);
            }
        }
        return true;
    }

    /// `leaf` is the present PTE of `va` and becomes that of the new space. False if a frame or the journal's
    /// room is wanting.
    [[nodiscard]] bool clone_leaf(SpaceReport& done, VirtAddr va, std::uint32_t& leaf, bool share) {
        const Frame frame = leaf >> 12;
        if (!is_private(frame)) {
            return true;
        }
        if (share) {
            done.pages_shared += 1;
            const std::uint32_t old = leaf;
            leaf = shared_leaf(old);
            return leaf == old || transaction_.write_pte(va, leaf);
        }
        Frame target = copied_already(done, frame, va);
        if (target == 0) {
            const auto copy = transaction_.breathe() ? frames_.take(FrameRecord{FrameRole::data, 0})
                                                     : std::optional<Frame>{};
            if (!copy) {
                return false;
            }
            target = *copy;
            scratch_.copy(frame, target);
            done.pages_copied += 1;
        }
        leaf = unshared_leaf(with_frame(leaf, target));
        return true;
    }

    [[nodiscard]] bool clone_large(SpaceReport& done, std::uint32_t pdi, Pde pde, bool share) {
        const PhysAddr first = pde.large_frame(context(hw_));
        if (first.frame() >= frames_.mark() || !is_private(frame_of(first))) {
            write_pde(done, pdi, pde.raw());
            return true;
        }
        if (share) {
            done.pages_shared += 1;
            const std::uint32_t shared = shared_leaf(pde.raw());
            if (shared != pde.raw() && !transaction_.write_pde(pdi, shared)) {
                return false;
            }
            write_pde(done, pdi, shared);
            return true;
        }
        const auto block =
            frames_.take_block(paging::kEntryCount, paging::kEntryCount, FrameRecord{FrameRole::data, 0});
        if (!block) {
            return false;
        }
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            scratch_.copy(frame_of(first) + i, *block + i);
        }
        done.pages_copied += 1;
        write_pde(done, pdi,
                  unshared_leaf((pde.raw() & ~paging::bits::kLargeFrameMask & ~kPse36Bits) | *block << 12));
        return true;
    }

    /// Whether a frame is the space's own to copy: not handed out by alloc, no table, not the kernel's.
    [[nodiscard]] bool is_private(Frame frame) const {
        const FrameRecord record = frames_.record(frame);
        return record.role() == FrameRole::data && !record.held();
    }

    /// The slot below `end` that leads to this table.
    [[nodiscard]] std::optional<std::uint32_t> slot_of_table(PhysAddr table, std::uint32_t end) {
        for (std::uint32_t pdi = 0; pdi < end && frames_.record(table.frame()).references() > 1; ++pdi) {
            const Pde pde = tables_.pde(pdi);
            if (pde.kind(context(hw_)) == EntryKind::table && pde.table() == table) {
                return pdi;
            }
        }
        return std::nullopt;
    }
    /// The new space's copy of this frame, if a page below `end` leads to it as well; else 0.
    [[nodiscard]] Frame copied_already(const SpaceReport& done, Frame frame, VirtAddr end) {
        if (frames_.record(frame).references() <= 1) {
            return 0;
        }
        for (std::uint32_t pdi = 0; pdi <= end.directory_index(); ++pdi) {
            const Pde pde = tables_.pde(pdi);
            const bool own = pde.kind(context(hw_)) == EntryKind::table &&
                             frames_.record(pde.table().frame()).role() == FrameRole::table;
            const std::uint32_t entries =
                pdi == end.directory_index() ? end.table_index() : paging::kEntryCount;
            for (std::uint32_t pti = 0; own && pti < entries; ++pti) {
                const Pte pte{scratch_.entry(frame_of(pde.table()), pti)};
                if (pte.present() && frame_of(pte.frame()) == frame) {
                    const std::uint32_t there = scratch_.entry(spaces_[done.number].directory, pdi);
                    return scratch_.entry(there >> 12, pti) >> 12;
                }
            }
            static_cast<void>(transaction_.breathe());
        }
        return 0;
    }

    /// A PDE of the new space: counted, and its strategy's words with it.
    void write_pde(const SpaceReport& done, std::uint32_t pdi, std::uint32_t value) {
        const std::uint32_t source = spaces_.number();
        spaces_.work_in(done.number);
        transaction_.write_new_pde(pdi, value);
        spaces_.work_in(source);
    }
    void refer(std::uint32_t pte) {
        if ((pte & paging::bits::kPresent) != 0) {
            frames_.refer(pte >> 12, +1);
        }
    }
    static std::uint32_t with_frame(std::uint32_t entry, Frame frame) {
        return (entry & ~paging::bits::kFrameMask) | frame << 12;
    }
    static constexpr std::uint32_t kPse36Bits = 0x001fe000;

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Flusher<H>& flusher_;
    Transaction<H>& transaction_;
    SpaceKeeper<H>& keeper_;
};

} // namespace pagelab::memory
