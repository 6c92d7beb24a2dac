// A command's changes: every write of an entry and every frame taken or given goes through here, is
// journaled before it is done, and can be taken back from static state alone.
// For the operations of this room. Checks nothing: that is their business and the guard's.
#pragma once

#include "kernel/memory/space_keeper.hpp"

#include <expected>

namespace pagelab::memory {

using machine::ChangeOptions;
using machine::ChangeReport;
using machine::OperationError;
using machine::Refusal;

template <Hardware H>
class Transaction {
public:
    constexpr Transaction(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables, Frames<H>& frames,
                          Flusher<H>& flusher, Journal& journal, Ownership<H>& owned, SpaceKeeper<H>& keeper,
                          Breath<H>& breath)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames), flusher_(flusher),
          journal_(journal), owned_(owned), keeper_(keeper), breath_(breath) {}

    // --- a command ---------------------------------------------------------------------------------------
    /// Opens the command `number`. Its group in the journal begins with its first record.
    void begin(std::uint32_t number) {
        number_ = number;
        open_ = false;
        breath_.begin();
        work_in(spaces_.loaded_number());
    }
    /// What follows is read, written and recorded in this space.
    void work_in(std::uint32_t space) {
        spaces_.work_in(space);
        journal_.work_in(static_cast<std::uint8_t>(space));
    }
    /// Closes the group, if there is one: the changes stand.
    void commit() { close(JournalKind::commit); }
    /// Takes every change of the group back and closes it. Works from the journal: any code may have been
    /// abandoned in any state before.
    void rollback() {
        if (open_) {
            take_back(journal_.group());
        }
        close(JournalKind::rollback);
    }
    [[nodiscard]] std::uint32_t number() const { return number_; }

    /// Makes sure that what is recorded next belongs to the command.
    void open() { ensure_group(); }

    /// Records something that happened in the command and can't be taken back (fault, flush by hand).
    void note(const JournalItem& item, std::uint32_t count = 1) {
        ensure_group();
        if (journal_.room() > 0) {
            journal_.note(item, count, hw_.ticks());
        }
    }

    // --- an operation within it --------------------------------------------------------------------------
    /// Where an operation starts; what follows does not fold into what was before.
    [[nodiscard]] std::uint32_t savepoint() {
        ensure_group();
        journal_.barrier();
        return journal_.next_sequence();
    }

    /// Writes a PDE. The window page that shows its table is flushed at once, if `flush`.
    [[nodiscard]] bool write_pde(std::uint32_t pdi, std::uint32_t value, bool flush = true) {
        const std::uint32_t old = tables_.pde(pdi).raw();
        const std::uint32_t va = VirtAddr::from_indices(pdi, 0).raw();
        if (!owned_.claim_for_pde(Pde{value})) {
            return false;
        }
        if (!journal_.add({JournalKind::pde, va, old, value}, hw_.ticks())) {
            return false;
        }
        apply_pde(pdi, old, value, flush);
        return true;
    }

    /// Writes the PTE of `va`, whose PDE must lead to a table.
    [[nodiscard]] bool write_pte(VirtAddr va, std::uint32_t value) {
        const std::uint32_t old = tables_.pte(va).raw();
        if (!breathe() || !owned_.claim_for_pte(va, Pte{value})) {
            return false;
        }
        if (!journal_.add({JournalKind::pte, va.page_base().raw(), old, value}, hw_.ticks())) {
            return false;
        }
        apply_pte(va, old, value);
        return true;
    }

    /// A PDE of a space that this command makes: counted, but not journaled, for the space goes as a whole.
    void write_new_pde(std::uint32_t pdi, std::uint32_t value) { apply_pde(pdi, 0, value, false); }
    /// A frame got its role outside of a journaled step; see Ownership.
    void shield(Frame frame) { owned_.shield(frame); }

    /// An entry was changed by a store of the user's, without a flush: the journal and the counts follow.
    [[nodiscard]] bool adopt_pde(std::uint32_t pdi, std::uint32_t old, std::uint32_t value) {
        ensure_group();
        if (!owned_.claim_for_pde(Pde{value}) ||
            !journal_.add({JournalKind::pde, VirtAddr::from_indices(pdi, 0).raw(), old, value},
                          hw_.ticks())) {
            return false;
        }
        owned_.pde_changed(Pde{old}, Pde{value});
        tables_.changed_behind(pdi, Pde{old}, Pde{value});
        flusher_.distrust_tables();
        return true;
    }
    [[nodiscard]] bool adopt_pte(VirtAddr va, std::uint32_t old, std::uint32_t value) {
        ensure_group();
        if (!owned_.claim_for_pte(va, Pte{value}) ||
            !journal_.add({JournalKind::pte, va.page_base().raw(), old, value}, hw_.ticks())) {
            return false;
        }
        owned_.pte_changed(va, Pte{old}, Pte{value});
        flusher_.distrust_tables();
        return true;
    }

    /// The same in a table that no directory leads to: nothing names its entries, so they can't be taken
    /// back, like the bytes of a page. The counts follow.
    void adopt_orphan(Frame table, Pte old, Pte value) {
        if (owned_.is_counting_table(table)) {
            owned_.hold(value);
            owned_.word_changed(table, old.raw(), value.raw());
        }
    }

    /// Takes a zeroed frame.
    [[nodiscard]] std::optional<Frame> take(FrameRecord as) {
        if (journal_.room() == 0) {
            return std::nullopt;
        }
        const auto frame = frames_.take(as);
        return frame && adopt(*frame, 1, as) ? frame : std::nullopt;
    }
    /// Takes `count` zeroed frames, wherever they lie. They are journaled in a row, so that they fold.
    [[nodiscard]] bool take_each(std::uint32_t count, FrameRecord as) {
        for (std::uint32_t i = 0; i < count; ++i) {
            if (!breathe() || !take(as)) {
                return false;
            }
        }
        return true;
    }
    /// Takes `count` zeroed consecutive frames, aligned to `alignment` frames.
    [[nodiscard]] std::optional<Frame> take_block(std::uint32_t count, std::uint32_t alignment,
                                                  FrameRecord as) {
        if (!has_room()) { // the block folds into one record, but for a first item that joins the last
            return std::nullopt;
        }
        const auto frame = frames_.take_block(count, alignment, as);
        return frame && adopt(*frame, count, as) ? frame : std::nullopt;
    }

    /// Takes those of the frames [first, first + count) that are free; see Ownership.
    [[nodiscard]] bool claim(std::uint64_t first, std::uint32_t count, FrameRole role) {
        return owned_.claim(first, count, role);
    }

    /// Gives a frame back. Its translations must have been flushed.
    [[nodiscard]] bool give(Frame frame) {
        const FrameRecord before = frames_.record(frame);
        const JournalItem item{JournalKind::frame_free, owned_.entries_sum(frame), frame << 12, before.raw()};
        if (!journal_.add(item, hw_.ticks())) {
            return false;
        }
        owned_.drop(frame);
        return true;
    }

    /// To be called in every loop over pages; see Breath.
    [[nodiscard]] bool breathe() { return breath_.take(); }
    [[nodiscard]] bool interrupted() const { return breath_.interrupted(); }

    /// Flushes what the entries changed since `from` need.
    void flush_since(std::uint32_t from) {
        const std::uint32_t end = journal_.next_sequence();
        journal_.barrier();
        for_each_item(from, end, [this](const JournalItem& item) { flush_after(item, item.old_value); });
    }

    /// Gives back the pages and tables that lost their last reference since `from`. After the flush only.
    [[nodiscard]] bool free_unreferenced_since(std::uint32_t from) {
        const std::uint32_t end = journal_.next_sequence();
        bool done = true;
        journal_.barrier();
        for_each_item(from, end, [&](const JournalItem& item) {
            if (is_entry(item.kind) && done) {
                done = free_unreferenced(item);
            }
        });
        return done;
    }

    /// Takes back what was done since `from`.
    void take_back(std::uint32_t from) {
        const std::uint32_t end = journal_.next_sequence();
        journal_.barrier();
        take_back_records(from, end);
        flush_reversed(from, end);
    }

    /// Applies the records [from, end) backwards; no record of it is made.
    void take_back_records(std::uint32_t from, std::uint32_t end) {
        const std::uint32_t before = spaces_.number();
        for (std::uint32_t sequence = end; sequence-- > from;) {
            const JournalRecord* const record = journal_.find(sequence);
            if (record == nullptr) {
                continue;
            }
            const JournalRecord copy = *record; // what is done here may write records
            if (is_of_spaces(copy.kind)) {
                reverse_space(copy);
            } else if (spaces_.exists(copy.space)) {
                work_in(copy.space);
                for (std::uint32_t i = copy.count; i-- > 0;) {
                    reverse(item_of(copy, i));
                }
            }
        }
        work_in(spaces_.exists(before) ? before : spaces_.loaded_number());
    }
    /// Flushes after take_back_records: what the new entries had translated.
    void flush_reversed(std::uint32_t from, std::uint32_t end) {
        flusher_.start_count(); // a CR3 load before this does not count
        for_each_item(from, end, [this](const JournalItem& item) { flush_after(item, item.new_value); });
    }

    /// Drops the records of an operation that was taken back.
    void forget_since(std::uint32_t from) { journal_.forget_since(from); }
    [[nodiscard]] bool has_room() const { return journal_.room() >= 2; }
    [[nodiscard]] std::uint32_t end() const { return journal_.next_sequence(); }

    /// Visits entries, frames and flushes, each while its own space is in work.
    template <class F>
    void for_each_item(std::uint32_t from, std::uint32_t end, F&& visit) {
        const std::uint32_t before = spaces_.number();
        for (std::uint32_t sequence = from; sequence < end; ++sequence) {
            const JournalRecord* const record = journal_.find(sequence);
            if (record == nullptr || !folds(record->kind) || !spaces_.exists(record->space)) {
                continue;
            }
            work_in(record->space);
            for (std::uint32_t i = 0; i < record->count; ++i) {
                visit(item_of(*record, i));
            }
        }
        work_in(spaces_.exists(before) ? before : spaces_.loaded_number());
    }

    [[nodiscard]] static bool is_entry(JournalKind kind) {
        return kind == JournalKind::pde || kind == JournalKind::pte;
    }

    [[nodiscard]] static bool is_of_spaces(JournalKind kind) {
        return kind == JournalKind::space || kind == JournalKind::space_new ||
               kind == JournalKind::space_delete;
    }

    // --- spaces ------------------------------------------------------------------------------------------
    /// Makes an empty space; nothing of it is left if this fails for want of frames or room.
    [[nodiscard]] bool make_space(std::uint32_t number, Strategy strategy) {
        ensure_group();
        if (!has_room()) {
            return false;
        }
        const auto directory = keeper_.take_directory();
        if (!directory) {
            return false;
        }
        static_cast<void>(journal_.add({JournalKind::space_new, number, 0, *directory << 12}, hw_.ticks()));
        return keeper_.build(number, strategy, *directory);
    }
    /// Loads a space; work goes on in it.
    [[nodiscard]] bool load_space(std::uint32_t number, bool global) {
        ensure_group();
        const std::uint32_t numbers = spaces_.loaded_number() << 16 | number;
        if (!journal_.add({JournalKind::space, numbers, hw_.cr3(), spaces_[number].directory << 12},
                          hw_.ticks())) {
            return false;
        }
        keeper_.load(number, global);
        work_in(number);
        return true;
    }
    /// Frees a space that is not loaded. Says how many frames that were.
    [[nodiscard]] std::optional<std::uint32_t> free_space(std::uint32_t number) {
        ensure_group();
        const Space& space = spaces_[number];
        const std::uint32_t facts =
            number | static_cast<std::uint32_t>(space.strategy) << 8 | (space.shares ? kSharesFact : 0);
        if (!journal_.add({JournalKind::space_delete, facts, space.directory << 12, frames_.taken()},
                          hw_.ticks())) {
            return std::nullopt;
        }
        return keeper_.destroy(number);
    }
    /// Whether a deleted space's frames still hold what they held.
    [[nodiscard]] bool is_intact(const JournalRecord& deleted) const {
        return deleted.new_value == frames_.taken();
    }

    /// Changes CR0 (`number` 0) or CR4 (4), journaled.
    [[nodiscard]] bool write_control(std::uint32_t number, std::uint32_t value) {
        const std::uint32_t old = number == 0 ? hw_.cr0() : hw_.cr4();
        ensure_group();
        if (!journal_.add({JournalKind::control, number, old, value}, hw_.ticks())) {
            return false;
        }
        set_control(number, value);
        return true;
    }

private:
    static constexpr std::uint32_t kSharesFact = 1u << 16;

    void reverse_space(const JournalRecord& record) {
        const std::uint32_t number = record.address & 0xff;
        switch (record.kind) {
        case JournalKind::space:
            keeper_.load(record.address >> 16, true);
            break;
        case JournalKind::space_new:
            keeper_.destroy(number);
            break;
        default:
            keeper_.adopt(number, static_cast<Strategy>((record.address >> 8) & 0xff),
                          (record.address & kSharesFact) != 0, record.old_value >> 12);
            break;
        }
    }

    void ensure_group() {
        if (!open_) {
            open_ = true;
            journal_.open_group();
            frames_.hold_given_frames(true);
            journal_.note({JournalKind::begin, 0, 0, 0}, number_, hw_.ticks());
        }
    }
    /// A group in which nothing is left but its beginning tells nothing: no record of it stays.
    void close(JournalKind how) {
        if (open_) {
            if (journal_.next_sequence() == journal_.group() + 1) {
                journal_.forget_since(journal_.group());
            } else {
                journal_.note({how, 0, 0, 0}, number_, hw_.ticks());
            }
            journal_.close_group();
            frames_.hold_given_frames(false);
            open_ = false;
        }
    }

    /// Frames just left the pool: journal, zero, hide from stray writes if they become tables.
    bool adopt(Frame first, std::uint32_t count, FrameRecord as) {
        for (Frame frame = first; frame < first + count; ++frame) {
            // The first record may need room, the rest fold into it.
            if (!journal_.add({JournalKind::frame_take, 0, frame << 12, as.raw()}, hw_.ticks())) {
                return false;
            }
            scratch_.zero(frame);
            owned_.shield(frame);
        }
        return true;
    }

    void apply_pde(std::uint32_t pdi, std::uint32_t old, std::uint32_t value, bool flush) {
        const Pde before{old};
        tables_.write_pde(pdi, value, flush);
        owned_.pde_changed(before, Pde{value});
        if (before.present() && before.global()) {
            flusher_.distrust_tables();
        }
    }
    void apply_pte(VirtAddr va, std::uint32_t old, std::uint32_t value) {
        tables_.write_pte(va, value);
        owned_.pte_changed(va, Pte{old}, Pte{value});
    }

    void flush_after(const JournalItem& item, std::uint32_t was) {
        const VirtAddr va{item.address};
        static_cast<void>(breathe());
        if (item.kind == JournalKind::pte) {
            flusher_.after_pte(va, was);
        } else if (item.kind == JournalKind::pde) {
            flusher_.after_pde(va.directory_index(), was);
        }
    }

    [[nodiscard]] bool free_unreferenced(const JournalItem& item) {
        if (item.kind == JournalKind::pte) {
            const Pte old{item.old_value};
            return !old.present() || free_if_unused(old.frame().frame());
        }
        const paging::PagingContext now = context(hw_);
        const Pde old{item.old_value};
        if (old.kind(now) == paging::EntryKind::table) {
            return free_if_unused(old.table().frame());
        }
        if (old.kind(now) != paging::EntryKind::page) {
            return true;
        }
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            if (!free_if_unused(old.large_frame(now).frame() + i)) {
                return false;
            }
        }
        return true;
    }
    [[nodiscard]] bool free_if_unused(std::uint64_t frame) {
        return !owned_.is_unused(frame) || give(static_cast<Frame>(frame));
    }

    void reverse(const JournalItem& item) {
        static_cast<void>(breathe());
        const VirtAddr va{item.address};
        switch (item.kind) {
        case JournalKind::pde:
            apply_pde(va.directory_index(), tables_.pde(va.directory_index()).raw(), item.old_value, true);
            break;
        case JournalKind::pte:
            if (tables_.pde(va.directory_index()).kind(context(hw_)) == paging::EntryKind::table) {
                apply_pte(va, tables_.pte(va).raw(), item.old_value);
            }
            break;
        case JournalKind::frame_take: {
            const Frame frame = item.old_value >> 12;
            if (Ownership<H>::is_counted(
                    frames_.record(frame).role())) { // else it was journaled and not done yet
                owned_.drop(frame);
            }
            break;
        }
        case JournalKind::frame_free:
            take_again(item);
            break;
        case JournalKind::control:
            set_control(item.address, item.old_value);
            break;
        default:
            break;
        }
    }

    void take_again(const JournalItem& freed) {
        const Frame frame = freed.old_value >> 12;
        const FrameRecord before{freed.new_value};
        if (before.role() == FrameRole::table) {
            owned_.take_table_again(frame, before, freed.address);
        } else {
            owned_.take_again(frame, before);
        }
    }

    void set_control(std::uint32_t number, std::uint32_t value) {
        if (number == 0) {
            hw_.set_cr0(value);
        } else {
            hw_.set_cr4(value);
            flusher_.everything_flushed();
        }
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Flusher<H>& flusher_;
    Journal& journal_;
    Ownership<H>& owned_;
    SpaceKeeper<H>& keeper_;
    Breath<H>& breath_;

    std::uint32_t number_ = 0;
    bool open_ = false;
};

} // namespace pagelab::memory
