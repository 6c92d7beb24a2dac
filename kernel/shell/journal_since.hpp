// What the journal tells of the time since one of its records: which entries were changed, what stood in them
// before, and how many commands that was. For restore and diff. Pure: reads the ring, changes nothing, and
// knows no page table.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/paging/address.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

namespace pagelab::shell {

/// An entry of a space's tables. In the order of a listing: by space, directory before tables, by address.
struct EntryKey {
    std::uint32_t space = 0;
    bool table = false; // an entry of a page table
    paging::VirtAddr va;

    /// Bytes that it translates.
    [[nodiscard]] constexpr std::uint32_t size() const {
        return table ? paging::kPageSize : paging::kLargePageSize;
    }
    constexpr auto operator<=>(const EntryKey&) const = default;
};

/// The records from `first` on of commands that stand: neither undone nor abandoned.
class JournalSince {
public:
    JournalSince(const interface::JournalRing& ring, std::uint32_t first);

    /// Whether the ring still holds all of them. Otherwise nothing below means anything.
    [[nodiscard]] bool complete() const { return complete_; }
    /// Commands that changed something.
    [[nodiscard]] std::uint32_t commands() const { return commands_; }
    /// The next entry behind `last`, or the first, that was written in a space that was there all the time.
    [[nodiscard]] std::optional<EntryKey> next(const std::optional<EntryKey>& last) const;
    /// What stood in it before the first of the records.
    [[nodiscard]] std::uint32_t old_value(const EntryKey& entry) const;
    /// Whether the space was made or deleted.
    [[nodiscard]] bool remade(std::uint32_t space) const { return (remade_ >> space & 1) != 0; }
    /// The directory of such a space before: an address, or 0 where there was no such space.
    [[nodiscard]] std::uint32_t old_directory(std::uint32_t space) const;

private:
    [[nodiscard]] const interface::JournalRecord& record(std::uint32_t sequence) const;
    /// Calls `visit(record)` for each record that stands, until it returns false.
    template <class Visit>
    void for_each(Visit visit) const;
    void take_group(std::uint32_t begin, std::uint32_t end);

    const interface::JournalRing& ring_;
    std::uint32_t first_;
    std::uint32_t commands_ = 0;
    std::uint32_t remade_ = 0; // a bit for each space
    bool complete_;
    std::array<std::uint32_t, interface::kJournalCapacity / 32> stands_{}; // a bit for each slot of the ring
};

} // namespace pagelab::shell
