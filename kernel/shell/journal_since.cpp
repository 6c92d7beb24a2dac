#include "kernel/shell/journal_since.hpp"

namespace pagelab::shell {
namespace {

using interface::JournalKind;
using interface::JournalRecord;
using interface::kJournalCapacity;

bool is_entry(const JournalRecord& record) {
    return record.kind == JournalKind::pde || record.kind == JournalKind::pte;
}

bool is_making(const JournalRecord& record) {
    return record.kind == JournalKind::space_new || record.kind == JournalKind::space_delete;
}

EntryKey first_of(const JournalRecord& record) {
    return {record.space, record.kind == JournalKind::pte, paging::VirtAddr{record.address}};
}

/// The place of an entry in the record's run, or of the first behind it; beyond its count if there is none.
std::uint32_t index_in(const JournalRecord& record, const EntryKey& entry) {
    return (entry.va.raw() - record.address) / entry.size();
}

/// The record's first entry behind `last`, if it has one.
std::optional<EntryKey> behind(const JournalRecord& record, const EntryKey& last) {
    EntryKey key = first_of(record);
    if (key > last) {
        return key;
    }
    if (key.space != last.space || key.table != last.table) {
        return std::nullopt;
    }
    const std::uint32_t index = index_in(record, last) + 1;
    if (index >= record.count) {
        return std::nullopt;
    }
    key.va = paging::VirtAddr{record.address + index * key.size()};
    return key;
}

} // namespace

JournalSince::JournalSince(const interface::JournalRing& ring, std::uint32_t first)
    : ring_(ring), first_(first), complete_(ring.next_sequence - first <= kJournalCapacity) {
    std::uint32_t begin = 0;
    for (std::uint32_t sequence = first; complete_ && sequence != ring.next_sequence; ++sequence) {
        const JournalRecord& at = record(sequence);
        if (at.kind == JournalKind::begin) {
            begin = at.new_value == 0 ? sequence : 0; // 1: undone
        } else if (at.kind == JournalKind::commit && begin != 0) {
            take_group(begin, sequence);
            begin = 0;
        } else if (at.kind == JournalKind::rollback) {
            begin = 0;
        }
    }
}

const JournalRecord& JournalSince::record(std::uint32_t sequence) const {
    return ring_.records[sequence % kJournalCapacity];
}

void JournalSince::take_group(std::uint32_t begin, std::uint32_t end) {
    bool changed = false;
    for (std::uint32_t sequence = begin; sequence != end; ++sequence) {
        const JournalRecord& at = record(sequence);
        const std::uint32_t slot = sequence % kJournalCapacity;
        stands_[slot / 32] |= 1u << slot % 32;
        changed = changed || is_change(at.kind);
        if (is_making(at)) {
            remade_ |= 1u << (at.address & 31);
        }
    }
    commands_ += changed ? 1 : 0;
}

template <class Visit>
void JournalSince::for_each(Visit visit) const {
    for (std::uint32_t sequence = first_; sequence != ring_.next_sequence; ++sequence) {
        const std::uint32_t slot = sequence % kJournalCapacity;
        if ((stands_[slot / 32] >> slot % 32 & 1) != 0 && !visit(record(sequence))) {
            return;
        }
    }
}

std::optional<EntryKey> JournalSince::next(const std::optional<EntryKey>& last) const {
    std::optional<EntryKey> nearest;
    for_each([&](const JournalRecord& at) {
        if (is_entry(at) && !remade(at.space)) {
            const auto key = last ? behind(at, *last) : first_of(at);
            if (key && (!nearest || *key < *nearest)) {
                nearest = key;
            }
        }
        return true;
    });
    return nearest;
}

std::uint32_t JournalSince::old_value(const EntryKey& entry) const {
    std::uint32_t value = 0;
    for_each([&](const JournalRecord& at) {
        const EntryKey first = is_entry(at) ? first_of(at) : EntryKey{.space = ~0u};
        if (first.space != entry.space || first.table != entry.table || first.va > entry.va ||
            index_in(at, entry) >= at.count) {
            return true;
        }
        const auto step =
            static_cast<std::uint32_t>(static_cast<std::int32_t>(at.old_step)) * paging::kPageSize;
        value = at.old_value + index_in(at, entry) * step;
        return false;
    });
    return value;
}

std::uint32_t JournalSince::old_directory(std::uint32_t space) const {
    std::uint32_t directory = 0;
    for_each([&](const JournalRecord& at) {
        if (!is_making(at) || (at.address & 31) != space) {
            return true;
        }
        directory = at.kind == JournalKind::space_delete ? at.old_value : 0;
        return false;
    });
    return directory;
}

} // namespace pagelab::shell
