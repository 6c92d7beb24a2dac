// Addresses of 32-bit paging: what a number names is part of its type.
// For everyone. Pure arithmetic: knows no memory, no mode and no entry.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace pagelab::paging {

/// Bytes in a 4 KiB page, and in a frame.
inline constexpr std::uint32_t kPageSize = 4096;
/// Bytes in a 4 MiB page: what one PDE covers (SDM 3A 4.3).
inline constexpr std::uint32_t kLargePageSize = 4u << 20;
/// Entries in a page directory or a page table.
inline constexpr std::uint32_t kEntryCount = 1024;
/// Bytes in an entry.
inline constexpr std::uint32_t kEntrySize = 4;
/// Where entry `index` stands in its directory or table, in bytes.
constexpr std::uint64_t entry_offset(std::uint32_t index) {
    return std::uint64_t{index} * kEntrySize;
}
/// One past the last virtual address; needs 33 bits, so ends of ranges are 64-bit.
inline constexpr std::uint64_t kAddressSpaceEnd = 1ull << 32;

/// A virtual (linear) address: 10 bits of directory index, 10 of table index, 12 of offset.
class VirtAddr {
public:
    constexpr VirtAddr() = default;
    explicit constexpr VirtAddr(std::uint32_t raw) : raw_(raw) {}

    /// The address of `offset` in the page of `pdi` and `pti`. Indices below 1024, offset below 4096.
    static constexpr VirtAddr from_indices(std::uint32_t pdi, std::uint32_t pti, std::uint32_t offset = 0) {
        return VirtAddr{(pdi << 22) | (pti << 12) | offset};
    }

    [[nodiscard]] constexpr std::uint32_t raw() const { return raw_; }
    /// Bits 31:22, the index into the page directory.
    [[nodiscard]] constexpr std::uint32_t directory_index() const { return raw_ >> 22; }
    /// Bits 21:12, the index into the page table.
    [[nodiscard]] constexpr std::uint32_t table_index() const { return (raw_ >> 12) & 0x3ff; }
    /// Bits 11:0, the byte within a 4 KiB page.
    [[nodiscard]] constexpr std::uint32_t page_offset() const { return raw_ & 0xfff; }
    /// Bits 21:0, the byte within a 4 MiB page.
    [[nodiscard]] constexpr std::uint32_t large_page_offset() const { return raw_ & 0x3fffff; }
    /// The first byte of the 4 KiB page.
    [[nodiscard]] constexpr VirtAddr page_base() const { return VirtAddr{raw_ & ~0xfffu}; }
    /// `size` in bytes, a power of two.
    [[nodiscard]] constexpr bool is_aligned(std::uint32_t size) const { return (raw_ & (size - 1)) == 0; }
    [[nodiscard]] constexpr VirtAddr aligned_down(std::uint32_t size) const {
        return VirtAddr{raw_ & ~(size - 1)};
    }

    constexpr auto operator<=>(const VirtAddr&) const = default;

private:
    std::uint32_t raw_ = 0;
};

/// A physical address. 64 bits, because PSE-36 reaches 40 of them (SDM 3A 4.3).
class PhysAddr {
public:
    constexpr PhysAddr() = default;
    explicit constexpr PhysAddr(std::uint64_t raw) : raw_(raw) {}

    [[nodiscard]] constexpr std::uint64_t raw() const { return raw_; }
    /// The number of the 4 KiB frame that holds the byte.
    [[nodiscard]] constexpr std::uint64_t frame() const { return raw_ >> 12; }
    [[nodiscard, gnu::always_inline]] constexpr PhysAddr frame_base() const {
        return PhysAddr{raw_ & ~0xfffull};
    }
    [[nodiscard]] constexpr std::uint32_t frame_offset() const {
        return static_cast<std::uint32_t>(raw_ & 0xfff);
    }
    [[nodiscard]] constexpr bool is_aligned(std::uint32_t size) const { return (raw_ & (size - 1)) == 0; }
    [[nodiscard]] constexpr PhysAddr plus(std::uint64_t bytes) const { return PhysAddr{raw_ + bytes}; }

    constexpr auto operator<=>(const PhysAddr&) const = default;

private:
    std::uint64_t raw_ = 0;
};

/// Virtual addresses [first, end). `end` may be 2^32, which a VirtAddr can't hold: that is why loops over
/// ranges count in 64 bits and never compare wrapped addresses.
struct VirtRange {
    VirtAddr first;
    std::uint64_t end = 0;

    static constexpr VirtRange everything() { return {VirtAddr{0}, kAddressSpaceEnd}; }
    /// Nothing if the range would pass the end of the address space.
    static constexpr std::optional<VirtRange> from_size(VirtAddr first, std::uint64_t bytes) {
        const std::uint64_t end = first.raw() + bytes;
        if (end < bytes || end > kAddressSpaceEnd) {
            return std::nullopt;
        }
        return VirtRange{first, end};
    }
    [[nodiscard]] constexpr std::uint64_t size() const { return end - first.raw(); }
    [[nodiscard]] constexpr bool contains(VirtAddr va) const { return va >= first && va.raw() < end; }
    [[nodiscard]] constexpr bool overlaps(const VirtRange& other) const {
        return first.raw() < other.end && other.first.raw() < end;
    }
    constexpr bool operator==(const VirtRange&) const = default;
};

/// Physical addresses [first, end), `end` exclusive.
struct PhysRange {
    PhysAddr first;
    PhysAddr end;

    [[nodiscard]] constexpr std::uint64_t size() const { return end.raw() - first.raw(); }
    [[nodiscard]] constexpr bool contains(PhysAddr pa) const { return pa >= first && pa < end; }
    [[nodiscard]] constexpr bool overlaps(const PhysRange& other) const {
        return first < other.end && other.first < end;
    }
    constexpr bool operator==(const PhysRange&) const = default;
};

} // namespace pagelab::paging
