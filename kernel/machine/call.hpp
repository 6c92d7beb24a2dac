// A call of a function in a student's file, and what came of it. Plain data, for the shell and kernel/memory.
#pragma once

#include <array>
#include <cstdint>

namespace pagelab::machine {

/// As many as a call may have; a function that takes fewer does not look at the rest.
inline constexpr std::uint32_t kMaxCallArguments = 6;
using CallArguments = std::array<std::uint32_t, kMaxCallArguments>;

struct CallReport {
    std::uint32_t result = 0; // EAX
    std::uint32_t entries_changed = 0;
    std::uint32_t frames_taken = 0;
    std::uint32_t frames_given = 0;
    /// Frames that frame_free() was given and that are still mapped: none of them was freed. And the first
    /// one.
    std::uint32_t still_mapped = 0;
    std::uint32_t first_mapped = 0;
    /// Addresses that frame_free() was given and that frame_alloc() never handed out, or that are free.
    std::uint32_t not_taken = 0;
    std::uint32_t first_not_taken = 0;
};

} // namespace pagelab::machine
