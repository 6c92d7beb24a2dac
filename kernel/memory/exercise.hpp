// The student's file of a lab session: maps its image, calls its functions, serves them frames, and takes
// over what they changed in the tables, so that journal, counts and undo know of it. For the lab. What the
// student's code changes is not flushed here: a forgotten flush must stay one.
#pragma once

#include "kernel/memory/kept_bytes.hpp"
#include "kernel/memory/transaction.hpp"

#include <array>

namespace pagelab::memory {

template <Hardware H>
class ExerciseRoom {
public:
    constexpr ExerciseRoom(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables, Frames<H>& frames,
                           Transaction<H>& transaction, KeptBytes<H>& kept)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), frames_(frames),
          transaction_(transaction), kept_(kept) {}

    void initialise(const KernelFacts& facts) {
        facts_ = facts;
        if (!is_loaded()) {
            return;
        }
        for (std::uint32_t i = 0; i < interface::kExerciseServices; ++i) {
            scratch_.store(header_word(offsetof(interface::ExerciseHeader, services) + i * 4), Unit::word,
                           hw_.service(static_cast<interface::ExerciseService>(i)).raw());
        }
        map_image();
    }
    [[nodiscard]] bool is_loaded() const { return facts_.exercise_end != 0; }

    /// Keeps what the tables of the current space hold, then calls. False if the pool has no frames for that.
    [[nodiscard]] bool run(VirtAddr address, const machine::CallArguments& arguments,
                           machine::CallReport& report) {
        map_image();
        given_count_ = 0;
        taken_ = 0;
        shows_kernel_ = false;
        if (!keep_tables()) {
            return false;
        }
        called_ = true;
        report.result = hw_.call(address, arguments);
        const PhysAddr calls = header_word(offsetof(interface::ExerciseHeader, calls));
        scratch_.store(header_word(offsetof(interface::ExerciseHeader, result)), Unit::word, report.result);
        scratch_.store(calls, Unit::word, scratch_.load(calls, Unit::word) + 1);
        take_over(report);
        return true;
    }
    /// Whether the last call left an entry that leads to the kernel's own memory.
    [[nodiscard]] bool shows_kernel() const { return shows_kernel_; }
    /// Whether a call was made since this was asked last.
    [[nodiscard]] bool take_called() {
        const bool was = called_;
        called_ = false;
        return was;
    }
    /// Whether entries changed in a way that references have to be counted anew for.
    [[nodiscard]] bool take_contradicted() {
        const bool was = contradicted_;
        contradicted_ = false;
        return was;
    }

    // --- services: called by the student's code, within run
    // --------------------------------------------------
    /// The physical address of a frame full of garbage, 0 if there is none.
    [[nodiscard]] std::uint32_t frame_alloc() {
        transaction_.open();
        const auto frame = transaction_.take(FrameRecord{FrameRole::data, FrameRecord::kHeld});
        if (!frame) {
            return 0;
        }
        taken_ += 1;
        const VirtAddr page = scratch_.open(ScratchPage::zeroing, *frame);
        for (std::uint32_t offset = 0; offset < paging::kPageSize; offset += 4) {
            hw_.store(VirtAddr{page.raw() + offset}, Unit::word, interface::kExerciseGarbage);
        }
        scratch_.close(ScratchPage::zeroing);
        return *frame << 12;
    }
    /// Is done when the call has returned: only then it is known what still leads to the frame.
    void frame_free(std::uint32_t pa) {
        if (given_count_ < given_.size()) {
            given_[given_count_] = pa;
            given_count_ += 1;
        }
    }

private:
    static constexpr std::uint32_t kAccessedDirty = paging::bits::kAccessed | paging::bits::kDirty;

    [[nodiscard]] PhysAddr header_word(std::uint32_t offset) const {
        return frame_address(facts_.exercise_first).plus(offset);
    }

    /// The scratch slot's own entries; a rescue may have lost them.
    void map_image() {
        const std::uint32_t read_only =
            scratch_.load(header_word(offsetof(interface::ExerciseHeader, read_only_bytes)), Unit::word) >>
            12;
        const std::uint32_t first = interface::layout::kExercise.table_index();
        for (std::uint32_t page = 0; page < facts_.exercise_end - facts_.exercise_first; ++page) {
            const std::uint32_t entry = ((facts_.exercise_first + page) << 12) | paging::bits::kPresent |
                                        (page < read_only ? 0 : paging::bits::kWritable);
            const std::uint32_t before = scratch_.entry(facts_.scratch_table, first + page);
            if (!rescue::is_same_entry(before, entry)) {
                scratch_.set_entry(facts_.scratch_table, first + page, entry);
                hw_.invlpg(VirtAddr{interface::layout::kExercise.raw() + (page << 12)});
            }
        }
    }

    struct Words {
        std::uint32_t was = 0, is = 0;
    };
    /// A word as it was, 0 without a copy, and as it is. Each in a scratch page of its own, so that reading
    /// whole tables costs two mappings.
    [[nodiscard]] Words both(Frame copy, Frame table, std::uint32_t index) {
        const auto word = [&](ScratchPage page, Frame frame) {
            return hw_.load(VirtAddr{scratch_.open(page, frame).raw() + index * paging::kEntrySize},
                            Unit::word);
        };
        return {copy != 0 ? word(ScratchPage::copy, copy) : 0, word(ScratchPage::physical, table)};
    }

    [[nodiscard]] bool is_table(std::uint32_t pde) {
        return Pde{pde}.kind(context(hw_)) == paging::EntryKind::table;
    }
    [[nodiscard]] std::uint32_t user_slots() const { return spaces_.loaded().user_slots(); }

    [[nodiscard]] bool keep_tables() {
        const Frame directory = spaces_.loaded().directory;
        bool kept = kept_.keep(directory);
        for (std::uint32_t pdi = 0; pdi < user_slots() && kept; ++pdi) {
            const std::uint32_t pde = scratch_.entry(directory, pdi);
            const Frame table = frame_of(Pde{pde}.table());
            if (is_table(pde) && frames_.map().is_ram(table)) {
                kept = kept_.keep(table);
            }
        }
        return kept;
    }

    void take_over(machine::CallReport& report) {
        const Frame directory = spaces_.loaded().directory;
        Frame before = 0;
        kept_.for_each([&](Frame frame, Frame copy) { before = frame == directory ? copy : before; });
        for (std::uint32_t pdi = 0; pdi < user_slots(); ++pdi) {
            const auto [was, is] = both(before, directory, pdi);
            take_over_slot(pdi, was, is, report);
        }
        report.frames_taken = taken_;
        for (std::uint32_t i = 0; i < given_count_; ++i) {
            give(given_[i], report);
        }
    }

    void take_over_slot(std::uint32_t pdi, std::uint32_t old, std::uint32_t now,
                        machine::CallReport& report) {
        const bool same_table = is_table(old) && is_table(now) && Pde{old}.table() == Pde{now}.table();
        if (((old ^ now) & ~kAccessedDirty) != 0) {
            become_table(now);
            report.entries_changed += 1;
            note(transaction_.adopt_pde(pdi, old, now));
            contradicted_ = contradicted_ || (is_table(old) && !same_table);
        }
        const Frame table = frame_of(Pde{now}.table());
        if (!is_table(now) || !frames_.map().is_ram(table)) {
            return;
        }
        Frame copy = 0;
        if (same_table) {
            kept_.for_each([&](Frame frame, Frame kept) { copy = frame == table ? kept : copy; });
        }
        for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
            const auto [was, is] = both(copy, table, pti);
            // Garbage that nobody wrote on purpose is no change, and would fill the journal.
            if (((was ^ is) & ~kAccessedDirty) != 0 && (copy != 0 || is != interface::kExerciseGarbage)) {
                report.entries_changed += 1;
                const Pte entry{is};
                shows_kernel_ =
                    shows_kernel_ ||
                    (entry.present() && frames_.record(entry.frame().frame()).role() == FrameRole::kernel);
                note(transaction_.adopt_pte(VirtAddr::from_indices(pdi, pti), was, is));
            }
        }
    }

    /// A frame of frame_alloc() that a PDE leads to is a table from now on.
    void become_table(std::uint32_t pde) {
        const Frame frame = frame_of(Pde{pde}.table());
        if (!is_table(pde) || !frames_.map().is_ram(frame)) {
            return;
        }
        const FrameRecord record = frames_.record(frame);
        if (record.role() == FrameRole::data && record.references() == 0) {
            frames_.become_table(frame);
        }
    }

    void give(std::uint32_t pa, machine::CallReport& report) {
        const Frame frame = pa >> 12;
        const FrameRecord record = frames_.record(frame);
        const bool counted = record.role() == FrameRole::data || record.role() == FrameRole::table;
        if (!counted || pa % paging::kPageSize != 0 || frames_.is_of_boot(frame)) {
            report.first_not_taken = report.not_taken == 0 ? pa : report.first_not_taken;
            report.not_taken += 1;
        } else if (record.references() != 0) {
            report.first_mapped = report.still_mapped == 0 ? pa : report.first_mapped;
            report.still_mapped += 1;
        } else {
            transaction_.open();
            note(transaction_.give(frame));
            report.frames_given += 1;
        }
    }

    /// Without a place in the journal the counts are made anew, and undo does not know of it.
    void note(bool done) { contradicted_ = contradicted_ || !done; }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Transaction<H>& transaction_;
    KeptBytes<H>& kept_;
    KernelFacts facts_{};
    std::array<std::uint32_t, 64> given_{};
    std::uint32_t given_count_ = 0;
    std::uint32_t taken_ = 0;
    bool shows_kernel_ = false;
    bool called_ = false;
    bool contradicted_ = false;
};

} // namespace pagelab::memory
