// The journal's layout: a ring of records of every change of an entry, every flush, fault and switch.
// Written by kernel/memory, read by `log`, the GDB plugin and the console. Layout only.
#pragma once

#include <array>
#include <cstdint>

namespace pagelab::interface {

enum class JournalKind : std::uint8_t {
    none,
    begin,        // a command starts; `count` is its number, new_value 1 once it was undone
    commit,       // it ended and its changes stand
    rollback,     // it was abandoned and its changes were taken back
    pde,          // directory entries: address = first address translated, step 4 MiB
    pte,          // table entries: address = first page, step 4 KiB
    frame_take,   // frames left the pool: old_value = first frame's address, new_value = its record then
    frame_free,   // frames went back to it: old_value = first frame's address, new_value = its record before,
                  // address = of a table a sum of the words that stood in it, 0 if none did
    flush_page,   // invlpg of `count` pages from address
    flush_all,    // CR3 was loaded again; new_value 1 if global pages went too
    fault,        // address = CR2, old_value = EIP, new_value = vector << 16 | error code
    control,      // a control register changed: address = its number
    space,        // the current space changed: old_value, new_value = CR3; address = its old and new number
                  // (bits 31:16 and 15:0)
    undo,         // a command was taken back; `count` is its number
    space_new,    // a space was made: address = its number, new_value = its directory's address
    space_delete, // it was deleted: address = its number, old_value = its directory's address, new_value =
                  // what the kernel needs to bring it back
    rescue,       // the kernel was brought back: address = CR2, old_value = EIP, new_value = vector << 16 |
                  // words put right
};

inline constexpr std::array<const char*, 17> kJournalKindNames = {
    "none",       "begin",      "commit",     "rollback",     "pde",   "pte",
    "frame-take", "frame-free", "flush-page", "flush-all",    "fault", "control",
    "space",      "undo",       "space-new",  "space-delete", "rescue"};

/// What an undo takes back; the other kinds tell what happened besides.
constexpr bool is_change(JournalKind kind) {
    switch (kind) {
    case JournalKind::pde:
    case JournalKind::pte:
    case JournalKind::frame_take:
    case JournalKind::frame_free:
    case JournalKind::control:
    case JournalKind::space:
    case JournalKind::space_new:
    case JournalKind::space_delete:
        return true;
    default:
        return false;
    }
}

/// One record, 32 bytes. A run of `count` items is one record: item i has address + i × the kind's step and
/// the values old_value + i × old_step × 4096 and new_value + i × new_step × 4096.
struct JournalRecord {
    std::uint32_t sequence = 0; // from 1; a slot whose sequence is not the expected one was overwritten
    std::uint32_t time_low = 0; // TSC, or 0 where the CPU has none
    std::uint32_t time_high = 0;
    JournalKind kind = JournalKind::none;
    std::uint8_t space = 0;
    std::int8_t old_step = 0; // in frames
    std::int8_t new_step = 0; // in frames
    std::uint32_t address = 0;
    std::uint32_t old_value = 0;
    std::uint32_t new_value = 0;
    std::uint32_t count = 1;
};
static_assert(sizeof(JournalRecord) == 32);

/// Records in the ring. Record `sequence` stands in slot sequence % kJournalCapacity.
inline constexpr std::uint32_t kJournalCapacity = 1024;

/// The ring as it lies in memory, physically contiguous.
struct JournalRing {
    std::uint32_t capacity = kJournalCapacity;
    std::uint32_t next_sequence = 1; // written after the record that it numbers
    std::uint32_t reserved[6] = {};
    JournalRecord records[kJournalCapacity] = {};
};
static_assert(sizeof(JournalRing) == 32 + 32 * kJournalCapacity);

} // namespace pagelab::interface
