// Which pages lie over one frame, for `check`: frames that were seen, as sorted runs in room of the caller's.
// For the checker alone. Allocates nothing; what finds no room is counted, not forgotten silently.
#pragma once

#include "kernel/paging/address.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

namespace pagelab::paging {

/// `count` pages of 4 KiB that follow each other, with one set of attributes, over frames that do.
struct AliasRun {
    std::uint32_t frame = 0; // the first frame's number
    std::uint32_t page = 0;  // the first page's address; attributes in its low 12 bits
    std::uint32_t count = 0; // pages

    [[nodiscard]] constexpr std::uint32_t end() const { return frame + count; }
    /// Address and attributes of the page over `at`, a frame of this run.
    [[nodiscard]] constexpr std::uint32_t page_over(std::uint32_t at) const {
        return page + (at - frame) * kPageSize;
    }
};

/// Runs that share no frame, in the order of frames: of aliases the first that was added is kept.
class AliasRuns {
public:
    explicit constexpr AliasRuns(std::span<AliasRun> room) : room_(room) {}

    /// Adds a run, and calls `alias(std::uint32_t page)` for each part of it that lies over frames of an
    /// earlier one, with that one's address and attributes.
    template <class OnAlias>
    constexpr void add(const AliasRun& run, OnAlias alias) {
        for (std::uint32_t at = run.frame; at != run.end();) {
            const std::size_t next = first_beyond(at);
            AliasRun* const before = next == 0 ? nullptr : &room_[next - 1];
            if (before != nullptr && at < before->end()) {
                alias(before->page_over(at));
                at = std::min(run.end(), before->end());
                continue;
            }
            const std::uint32_t end = next < used_ ? std::min(run.end(), room_[next].frame) : run.end();
            keep(next, {at, run.page_over(at), end - at});
            at = end;
        }
    }

    /// Pages for which there was no room: their later aliases are not found.
    [[nodiscard]] constexpr std::uint32_t forgotten() const { return forgotten_; }

private:
    constexpr std::size_t first_beyond(std::uint32_t frame) const {
        const auto used = room_.first(used_);
        const auto at = std::partition_point(used.begin(), used.end(),
                                             [&](const AliasRun& run) { return run.frame <= frame; });
        return static_cast<std::size_t>(at - used.begin());
    }

    constexpr void keep(std::size_t place, const AliasRun& run) {
        if (place != 0) {
            AliasRun& before = room_[place - 1];
            if (before.end() == run.frame && before.page_over(run.frame) == run.page) {
                before.count += run.count;
                return;
            }
        }
        if (used_ == room_.size()) {
            forgotten_ += run.count;
            return;
        }
        for (std::size_t i = used_++; i > place; --i) {
            room_[i] = room_[i - 1];
        }
        room_[place] = run;
    }

    std::span<AliasRun> room_;
    std::size_t used_ = 0;
    std::uint32_t forgotten_ = 0;
};

} // namespace pagelab::paging
