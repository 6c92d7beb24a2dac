// Takes back the last command that changed something, from its records in the journal.
// For the lab.
#pragma once

#include "kernel/memory/transaction.hpp"

namespace pagelab::memory {

template <Hardware H>
class Undo {
public:
    constexpr Undo(Frames<H>& frames, Journal& journal, Transaction<H>& transaction)
        : frames_(frames), journal_(journal), transaction_(transaction) {}

    /// Takes back the newest command that changed something and still stands. Its entries get their old
    /// words, its frames go back or come back; the bytes in them are what they are by now. A table whose
    /// words are others by now comes back empty.
    [[nodiscard]] std::expected<machine::UndoReport, OperationError> run() {
        const auto group = find();
        if (!group) {
            return std::unexpected(group.error());
        }
        transaction_.open(); // the flushes below are records of this command
        machine::UndoReport report{.command = group->number, .first_record = group->first};
        for (std::uint32_t sequence = group->first; sequence < group->end; ++sequence) {
            if (const JournalRecord* const record = journal_.find(sequence)) {
                count(report, *record);
            }
        }
        transaction_.take_back_records(group->first, group->end);
        transaction_.flush_reversed(group->first, group->end);
        if (JournalRecord* const begin = journal_.find(group->first)) {
            begin->new_value = kUndone;
        }
        transaction_.note({JournalKind::undo, 0, 0, 0}, group->number);
        return report;
    }

    /// How many groups can be taken back one after the other, up to `limit`.
    [[nodiscard]] std::uint32_t reach(std::uint32_t limit) const {
        std::uint32_t count = 0;
        for_each_standing([&](const Group& group) { return is_reachable(group) && ++count < limit; });
        return count;
    }

private:
    static constexpr std::uint32_t kUndone = 1;

    struct Group {
        std::uint32_t first = 0; ///< its `begin`
        std::uint32_t end = 0;   ///< its `commit`
        std::uint32_t number = 0;
    };

    static OperationError refuse(Refusal refusal) {
        return {.refusal = refusal, .va = VirtAddr{0}, .pa = std::nullopt, .value = 0, .reason = {}};
    }

    /// The newest group whose change stands.
    [[nodiscard]] std::expected<Group, OperationError> find() {
        std::optional<Group> newest;
        const bool all_read = for_each_standing([&](const Group& group) {
            newest = group;
            return false;
        });
        if (newest && is_reachable(*newest)) {
            return *newest;
        }
        return std::unexpected(
            refuse(all_read && !newest ? Refusal::nothing_to_undo : Refusal::out_of_reach));
    }

    /// Searches backwards: commit, changes, begin. `visit` returns false to stop. False if the ring ends
    /// within what was searched: a group whose begin was overwritten can't be taken back.
    template <class F>
    bool for_each_standing(F&& visit) const {
        Group group;
        bool changed = false;
        for (std::uint32_t sequence = journal_.next_sequence(); sequence-- > 1;) {
            const JournalRecord* const record = journal_.find(sequence);
            if (record == nullptr) {
                return false;
            }
            if (record->kind == JournalKind::commit) {
                group = {.first = 0, .end = sequence, .number = record->count};
                changed = false;
            } else if (record->kind == JournalKind::rollback) {
                group = {};
                changed = false;
            } else if (record->kind == JournalKind::begin) {
                group.first = sequence;
                const bool stands = record->new_value != kUndone && group.end != 0 && changed;
                if (stands && !visit(group)) {
                    return true;
                }
                group = {};
                changed = false;
            } else {
                changed = changed || interface::is_change(record->kind);
            }
        }
        return true;
    }

    /// Once what came after it is taken back: the frames that the command gave back must be free, those of a
    /// space that it deleted untouched.
    [[nodiscard]] bool is_reachable(const Group& group) const {
        for (std::uint32_t sequence = group.first; sequence < group.end; ++sequence) {
            const JournalRecord* const record = journal_.find(sequence);
            if (record == nullptr) {
                return false;
            }
            if (record->kind == JournalKind::space_delete && !transaction_.is_intact(*record)) {
                return false;
            }
            const std::uint32_t frames = record->kind == JournalKind::frame_free ? record->count : 0;
            for (std::uint32_t i = 0; i < frames; ++i) {
                const Frame frame = item_of(*record, i).old_value >> 12;
                if (!frames_.is_free(frame) && !is_taken_after(group, frame)) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Whether a command that stands took the frame from the pool after the group gave it back. What a new
    /// space took is not recorded: then the answer is no, until that command is taken back.
    [[nodiscard]] bool is_taken_after(const Group& group, Frame frame) const {
        bool taken = false;
        for_each_standing([&](const Group& newer) {
            if (newer.first <= group.first) {
                return false;
            }
            for (std::uint32_t sequence = newer.first; sequence < newer.end; ++sequence) {
                const JournalRecord* const record = journal_.find(sequence);
                if (record != nullptr && record->kind == JournalKind::frame_take) {
                    for (std::uint32_t i = 0; i < record->count && !taken; ++i) {
                        taken = item_of(*record, i).old_value >> 12 == frame;
                    }
                }
            }
            return !taken;
        });
        return taken;
    }

    static void count(machine::UndoReport& report, const JournalRecord& record) {
        switch (record.kind) {
        case JournalKind::pde:
        case JournalKind::pte:
            report.entries_restored += record.count;
            break;
        case JournalKind::frame_take:
            report.frames_freed += record.count;
            break;
        case JournalKind::frame_free:
            report.frames_taken_again += record.count;
            break;
        case JournalKind::control:
            report.registers_restored += 1;
            break;
        default:
            report.spaces_restored += Transaction<H>::is_of_spaces(record.kind) ? 1 : 0;
            break;
        }
    }

    Frames<H>& frames_;
    Journal& journal_;
    Transaction<H>& transaction_;
};

} // namespace pagelab::memory
