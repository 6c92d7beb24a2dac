// Which frames are page tables or the directory, and in which slot, for `check`.
// For the checker alone; the room is the caller's. Sorted once, then asked.
#pragma once

#include "kernel/paging/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace pagelab::paging {

/// An element is a frame's address with the slot in its low bits, so that the lowest slot of a frame comes
/// first. The directory has no slot and stands behind all.
class TableFrames {
public:
    using Room = std::array<std::uint32_t, kEntryCount + 1>;

    /// What `slot_of` says of a frame that is the directory, or no table.
    static constexpr std::uint32_t kNoSlot = kPageSize - 1;

    explicit constexpr TableFrames(Room& room) : room_(room) {}

    /// `frame` is below 4 GiB: no entry names another one.
    constexpr void add(PhysAddr frame, std::uint32_t slot) {
        room_[count_++] = static_cast<std::uint32_t>(frame.raw()) | slot;
    }
    constexpr void sort() {
        const auto first = room_.begin();
        std::make_heap(first, first + count_);
        std::sort_heap(first, first + count_);
    }

    /// The first frame of a table or the directory within [first, first + size).
    [[nodiscard]] constexpr std::optional<PhysAddr> within(PhysAddr first, std::uint32_t size) const {
        const auto at = lower_bound(first);
        return at != end() && *at < first.raw() + size ? std::optional{PhysAddr{*at}.frame_base()}
                                                       : std::nullopt;
    }
    /// The lowest slot that has the table in this frame.
    [[nodiscard]] constexpr std::uint32_t slot_of(PhysAddr frame) const {
        const auto at = lower_bound(frame);
        return at != end() && PhysAddr{*at}.frame_base() == frame ? *at & kNoSlot : kNoSlot;
    }

private:
    [[nodiscard]] constexpr Room::const_iterator end() const { return room_.cbegin() + count_; }
    [[nodiscard]] constexpr Room::const_iterator lower_bound(PhysAddr first) const {
        return std::lower_bound(room_.cbegin(), end(), first.raw());
    }

    Room& room_;
    std::uint32_t count_ = 0;
};

} // namespace pagelab::paging
