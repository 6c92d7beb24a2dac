// What is recorded of each physical frame: one word, indexed by frame number, at layout::kFrameRecords.
// For the kernel's allocator, the console's physical view and the tests.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pagelab::interface {

/// What a frame is used for. `reserved`: not RAM of ours (firmware, holes, below 1 MiB).
enum class FrameRole : std::uint8_t { reserved, free, kernel, directory, table, data };

inline constexpr std::array<std::string_view, 6> kFrameRoleNames = {"reserved",  "free",  "kernel",
                                                                    "directory", "table", "data"};

/// Bits 31:28 the role. Of a free frame on the stack bits 27:0 are the number of the next one below it
/// (kNoFrame at the bottom). Of any other bits 26:0 count the references: present entries that lead to it.
/// Bit 27 of a data frame says that `alloc` handed it out; of a table or directory that it was made read-only
/// in the direct map.
class FrameRecord {
public:
    static constexpr std::uint32_t kNoFrame = 0x0fffffff;
    static constexpr std::uint32_t kHeld = 0x08000000;
    static constexpr std::uint32_t kShielded = kHeld;

    constexpr FrameRecord() = default;
    explicit constexpr FrameRecord(std::uint32_t raw) : raw_(raw) {}
    constexpr FrameRecord(FrameRole role, std::uint32_t value)
        : raw_((static_cast<std::uint32_t>(role) << 28) | (value & kNoFrame)) {}

    [[nodiscard]] constexpr std::uint32_t raw() const { return raw_; }
    /// A value that is no role (hostile memory) reads as `reserved`.
    [[nodiscard]] constexpr FrameRole role() const {
        const std::uint32_t role = raw_ >> 28;
        return role < kFrameRoleNames.size() ? static_cast<FrameRole>(role) : FrameRole::reserved;
    }
    [[nodiscard]] constexpr std::uint32_t references() const { return raw_ & (kHeld - 1); }
    /// Handed out by `alloc`: no unmapping frees it.
    [[nodiscard]] constexpr bool held() const { return role() == FrameRole::data && (raw_ & kHeld) != 0; }
    /// A table or directory whose page in the direct map was writable before, and is again when it is neither
    /// any more.
    [[nodiscard]] constexpr bool shielded() const { return holds_entries() && (raw_ & kShielded) != 0; }
    [[nodiscard]] constexpr bool holds_entries() const {
        return role() == FrameRole::table || role() == FrameRole::directory;
    }
    [[nodiscard]] constexpr std::uint32_t next_free() const { return raw_ & kNoFrame; }

    constexpr bool operator==(const FrameRecord&) const = default;

private:
    std::uint32_t raw_ = 0;
};

} // namespace pagelab::interface
