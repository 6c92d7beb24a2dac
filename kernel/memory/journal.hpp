// Writes the journal: records in order, runs folded into one, a command's records as a group.
// For the transaction and the undo. Works on the ring alone: touches no table and no frame.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/paging/address.hpp"

#include <cstdint>
#include <optional>

namespace pagelab::memory {

using interface::JournalKind;
using interface::JournalRecord;
using interface::JournalRing;

/// Bytes from one item of a run to the next; 0 where the kind has no address.
constexpr std::uint32_t address_step(JournalKind kind) {
    switch (kind) {
    case JournalKind::pde:
        return paging::kLargePageSize;
    case JournalKind::pte:
    case JournalKind::flush_page:
        return paging::kPageSize;
    default:
        return 0;
    }
}

/// Whether records of the kind fold into runs.
constexpr bool folds(JournalKind kind) {
    return kind == JournalKind::pde || kind == JournalKind::pte || kind == JournalKind::frame_take ||
           kind == JournalKind::frame_free || kind == JournalKind::flush_page;
}

/// One item of a run.
struct JournalItem {
    JournalKind kind{};
    std::uint32_t address = 0;
    std::uint32_t old_value = 0;
    std::uint32_t new_value = 0;
};

/// Item `index` of a record, below its count.
constexpr JournalItem item_of(const JournalRecord& record, std::uint32_t index) {
    const auto steps = [index](std::int8_t step) {
        return index * static_cast<std::uint32_t>(static_cast<std::int32_t>(step)) * paging::kPageSize;
    };
    return {record.kind, record.address + index * address_step(record.kind),
            record.old_value + steps(record.old_step), record.new_value + steps(record.new_step)};
}

/// The distance of two values in frames, if it is one that a run can have.
constexpr std::optional<std::int8_t> frame_step(std::uint32_t from, std::uint32_t to) {
    const auto bytes = static_cast<std::int32_t>(to - from);
    if (bytes % static_cast<std::int32_t>(paging::kPageSize) != 0) {
        return std::nullopt;
    }
    const std::int32_t frames = bytes / static_cast<std::int32_t>(paging::kPageSize);
    if (frames < -128 || frames > 127) {
        return std::nullopt;
    }
    return static_cast<std::int8_t>(frames);
}

class Journal {
public:
    /// Slots that a group leaves free for what must be recorded at its end: fault, rollback.
    static constexpr std::uint32_t kReserve = 4;

    explicit constexpr Journal(JournalRing& ring) : ring_(ring) {}

    [[nodiscard]] std::uint32_t next_sequence() const { return ring_.next_sequence; }

    /// The record with this sequence number, if it is still in the ring.
    [[nodiscard]] JournalRecord* find(std::uint32_t sequence) {
        JournalRecord& record = ring_.records[sequence % interface::kJournalCapacity];
        const bool valid = sequence != 0 && sequence < ring_.next_sequence && record.sequence == sequence;
        return valid ? &record : nullptr;
    }

    /// What is recorded from now on happens in this space.
    void work_in(std::uint8_t space) { space_ = space; }

    /// Drops the records from `sequence` on, of an operation that was taken back within its group.
    void forget_since(std::uint32_t sequence) {
        ring_.next_sequence = sequence;
        barrier();
    }

    /// From here on the records belong to one group, which must not overwrite itself.
    void open_group() {
        group_ = ring_.next_sequence;
        barrier();
    }
    void close_group() { group_ = 0; }
    /// The first record of the open group, or 0.
    [[nodiscard]] std::uint32_t group() const { return group_; }

    /// The next record starts afresh: nothing folds over this point.
    void barrier() { barrier_ = ring_.next_sequence; }

    /// Records that the open group may still write.
    [[nodiscard]] std::uint32_t room() const {
        const std::uint32_t used = group_ == 0 ? 0 : ring_.next_sequence - group_;
        const std::uint32_t limit = interface::kJournalCapacity - kReserve;
        return used < limit ? limit - used : 0;
    }

    /// Records one change; false if the group has no room, then nothing is recorded.
    [[nodiscard]] bool add(const JournalItem& item, std::uint64_t time) {
        if (fold(item)) {
            return true;
        }
        if (room() == 0) {
            return false;
        }
        write(item, 1, time);
        return true;
    }

    /// Records what is no change of state but must never be lost: uses the reserve.
    void note(const JournalItem& item, std::uint32_t count, std::uint64_t time) { write(item, count, time); }

private:
    [[nodiscard]] bool fold(const JournalItem& item) {
        const std::uint32_t last_sequence = ring_.next_sequence - 1;
        if (!folds(item.kind) || last_sequence < barrier_) {
            return false;
        }
        JournalRecord* const last = find(last_sequence);
        if (last == nullptr || last->kind != item.kind || last->space != space_ ||
            last->address + last->count * address_step(item.kind) != item.address) {
            return false;
        }
        if (last->count == 1) {
            const auto old_step = frame_step(last->old_value, item.old_value);
            const auto new_step = frame_step(last->new_value, item.new_value);
            if (!old_step || !new_step) {
                return false;
            }
            last->old_step = *old_step;
            last->new_step = *new_step;
        } else {
            const JournalItem expected = item_of(*last, last->count);
            if (expected.old_value != item.old_value || expected.new_value != item.new_value) {
                return false;
            }
        }
        last->count = last->count + 1;
        return true;
    }

    void write(const JournalItem& item, std::uint32_t count, std::uint64_t time) {
        const std::uint32_t sequence = ring_.next_sequence;
        JournalRecord& record = ring_.records[sequence % interface::kJournalCapacity];
        record = {.sequence = sequence,
                  .time_low = static_cast<std::uint32_t>(time),
                  .time_high = static_cast<std::uint32_t>(time >> 32),
                  .kind = item.kind,
                  .space = space_,
                  .address = item.address,
                  .old_value = item.old_value,
                  .new_value = item.new_value,
                  .count = count};
        // A host may read the ring at any moment: the number comes after what it numbers.
        asm volatile("" ::: "memory");
        ring_.next_sequence = sequence + 1;
    }

    JournalRing& ring_;
    std::uint32_t group_ = 0;
    std::uint32_t barrier_ = 0;
    std::uint8_t space_ = 0;
};

} // namespace pagelab::memory
