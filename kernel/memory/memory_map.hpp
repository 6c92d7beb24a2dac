// Which frames are RAM, as the firmware's map says. Built once at boot from entries in any order; then only
// asked. Pure: knows no allocator and no hardware.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pagelab::memory {

/// Usable frames [first, end).
struct FrameRange {
    std::uint32_t first = 0;
    std::uint32_t end = 0;

    [[nodiscard]] constexpr std::uint32_t size() const { return end - first; }
    constexpr bool operator==(const FrameRange&) const = default;
};

class MemoryMap {
public:
    /// Separate areas of RAM that are kept; the rest of a wilder map is left unused.
    static constexpr std::size_t kMaxRanges = 32;
    /// Frames below 4 GiB: what a PTE can name.
    static constexpr std::uint64_t kFrameLimit = 1ull << 20;
    static constexpr std::uint32_t kUsable = 1; // multiboot's type of RAM

    /// Takes one entry of the firmware's map: bytes [base, base + length). Empty entries and those of another
    /// type are skipped; parts of frames are no frames; overlapping entries merge.
    constexpr void add(std::uint64_t base, std::uint64_t length, std::uint32_t type) {
        if (type != kUsable || length == 0 || base + length < base) {
            return;
        }
        const std::uint64_t end = base + length;
        if (end > ram_end_) {
            ram_end_ = end & ~0xfffull;
        }
        std::uint64_t first_frame = (base + 0xfff) >> 12;
        std::uint64_t end_frame = end >> 12;
        end_frame = end_frame < kFrameLimit ? end_frame : kFrameLimit;
        if (first_frame < end_frame) {
            insert({static_cast<std::uint32_t>(first_frame), static_cast<std::uint32_t>(end_frame)});
        }
    }

    [[nodiscard]] constexpr bool is_ram(std::uint64_t frame) const {
        for (std::size_t i = 0; i < count_; ++i) {
            if (frame >= ranges_[i].first && frame < ranges_[i].end) {
                return true;
            }
        }
        return false;
    }

    /// The first frame of RAM that is not below `frame`.
    [[nodiscard]] constexpr std::optional<std::uint32_t> next_ram(std::uint32_t frame) const {
        for (std::size_t i = 0; i < count_; ++i) {
            if (frame < ranges_[i].end) {
                return frame > ranges_[i].first ? frame : ranges_[i].first;
            }
        }
        return std::nullopt;
    }

    /// Frames of RAM from `frame` on without a hole; 0 if it is none.
    [[nodiscard]] constexpr std::uint32_t run_length(std::uint32_t frame) const {
        for (std::size_t i = 0; i < count_; ++i) {
            if (frame >= ranges_[i].first && frame < ranges_[i].end) {
                return ranges_[i].end - frame;
            }
        }
        return 0;
    }

    /// Frames of RAM in [first, end).
    [[nodiscard]] constexpr std::uint32_t count(std::uint32_t first, std::uint32_t end) const {
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const std::uint32_t from = first > ranges_[i].first ? first : ranges_[i].first;
            const std::uint32_t to = end < ranges_[i].end ? end : ranges_[i].end;
            sum += from < to ? to - from : 0;
        }
        return sum;
    }

    /// The areas of RAM, in ascending order.
    [[nodiscard]] constexpr std::span<const FrameRange> ranges() const { return {ranges_.data(), count_}; }

    /// The first physical address beyond all RAM, also that above 4 GiB.
    [[nodiscard]] constexpr std::uint64_t ram_end() const { return ram_end_; }
    [[nodiscard]] constexpr std::size_t size() const { return count_; }
    [[nodiscard]] constexpr const FrameRange& operator[](std::size_t index) const { return ranges_[index]; }

private:
    constexpr void insert(FrameRange range) {
        // Swallow every range that touches the new one, then put it where the order wants it.
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const FrameRange& old = ranges_[i];
            if (old.first <= range.end && range.first <= old.end) {
                range.first = old.first < range.first ? old.first : range.first;
                range.end = old.end > range.end ? old.end : range.end;
            } else {
                ranges_[kept++] = old;
            }
        }
        count_ = kept;
        if (count_ == kMaxRanges) {
            return;
        }
        std::size_t at = count_;
        while (at > 0 && ranges_[at - 1].first > range.first) {
            ranges_[at] = ranges_[at - 1];
            --at;
        }
        ranges_[at] = range;
        ++count_;
    }

    std::array<FrameRange, kMaxRanges> ranges_{};
    std::size_t count_ = 0;
    std::uint64_t ram_end_ = 0;
};

} // namespace pagelab::memory
