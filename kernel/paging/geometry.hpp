// Two-level paging as one geometry with its numbers left open: the i386 is one instance, a computer of
// sixteen pages another. For the teaching commands and for tests, which hold VirtAddr and the self-map's
// windows to it. Pure arithmetic: knows no memory and no entry's bits.
#pragma once

#include <cstdint>

namespace pagelab::paging {

/// Addresses of `IndexBits` for the directory, as many for the table, and `OffsetBits` for the byte. A table
/// fills one page exactly, which is what lets a directory stand in for a table.
template <unsigned IndexBits, unsigned OffsetBits>
struct Geometry {
    static_assert(IndexBits > 0 && OffsetBits >= IndexBits && 2 * IndexBits + OffsetBits <= 32);

    /// Entries in a directory or table: groups in the address space, and pages in a group.
    static constexpr std::uint32_t kEntries = 1u << IndexBits;
    static constexpr std::uint32_t kPages = kEntries * kEntries;
    /// Bytes in a page or frame, and in an entry.
    static constexpr std::uint32_t kPageBytes = 1u << OffsetBits;
    static constexpr std::uint32_t kEntryBytes = kPageBytes / kEntries;

    /// The group of an address: which entry of the directory.
    static constexpr std::uint32_t directory_index(std::uint32_t address) {
        return (address >> (IndexBits + OffsetBits)) & (kEntries - 1);
    }
    /// The place in the group: which entry of the table.
    static constexpr std::uint32_t table_index(std::uint32_t address) {
        return (address >> OffsetBits) & (kEntries - 1);
    }
    static constexpr std::uint32_t offset(std::uint32_t address) { return address & (kPageBytes - 1); }
    /// Indices below kEntries, offset below kPageBytes.
    static constexpr std::uint32_t address(std::uint32_t group, std::uint32_t place,
                                           std::uint32_t offset = 0) {
        return (group << (IndexBits + OffsetBits)) | (place << OffsetBits) | offset;
    }
    /// The first byte of page `number`, counted from 0.
    static constexpr std::uint32_t page_address(std::uint32_t number) { return number << OffsetBits; }
    static constexpr std::uint32_t page_number(std::uint32_t address) {
        return directory_index(address) * kEntries + table_index(address);
    }

    /// Where the directory's entry for `of` appears when entry `slot` of the directory is the directory.
    static constexpr std::uint32_t pde_window(std::uint32_t slot, std::uint32_t of) {
        return address(slot, slot, directory_index(of) * kEntryBytes);
    }
    /// Where the table's entry for `of` appears.
    static constexpr std::uint32_t pte_window(std::uint32_t slot, std::uint32_t of) {
        return address(slot, directory_index(of), table_index(of) * kEntryBytes);
    }
};

/// 10 + 10 + 12 bits: 1,024 groups of 1,024 pages of 4 KiB.
using I386Geometry = Geometry<10, 12>;
/// 2 + 2 + 4 bits: four groups of four pages of 16 bytes.
using TinyGeometry = Geometry<2, 4>;

} // namespace pagelab::paging
