// The bits of PDEs and PTEs by Intel's names, and sets of them in the order in which every face prints them.
// For everyone. Which bit means what in which entry is entry.hpp's business: bit 7 is PS in a PDE, PAT in a
// PTE.
#pragma once

#include <array>
#include <cstdint>

namespace pagelab::paging {

/// Bits of the raw words (SDM 3A tables 4-4, 4-5, 4-6).
namespace bits {
inline constexpr std::uint32_t kPresent = 1u << 0;      // P
inline constexpr std::uint32_t kWritable = 1u << 1;     // R/W
inline constexpr std::uint32_t kUser = 1u << 2;         // U/S
inline constexpr std::uint32_t kWriteThrough = 1u << 3; // PWT
inline constexpr std::uint32_t kCacheDisable = 1u << 4; // PCD
inline constexpr std::uint32_t kAccessed = 1u << 5;     // A
inline constexpr std::uint32_t kDirty = 1u << 6;        // D, in what maps a page
inline constexpr std::uint32_t kLarge = 1u << 7;        // PS, in a PDE with CR4.PSE = 1
inline constexpr std::uint32_t kPat = 1u << 7;          // PAT, in a PTE
inline constexpr std::uint32_t kGlobal = 1u << 8;       // G, in what maps a page
inline constexpr std::uint32_t kAvail9 = 1u << 9;
inline constexpr std::uint32_t kAvail10 = 1u << 10;
inline constexpr std::uint32_t kAvail11 = 1u << 11;
inline constexpr std::uint32_t kLargePat = 1u << 12; // PAT, in a PDE that maps 4 MiB
/// The frame's bits in a table's PDE and in a PTE.
inline constexpr std::uint32_t kFrameMask = 0xfffff000u;
/// The frame's low bits in a 4 MiB PDE (bits 31:22); PSE-36 puts more into 20:13.
inline constexpr std::uint32_t kLargeFrameMask = 0xffc00000u;
} // namespace bits

/// A flag by name, whichever bit it is in the entry at hand. The order is the order of printing.
enum class Flag : std::uint8_t { p, rw, us, pwt, pcd, a, d, ps, pat, g, avl9, avl10, avl11 };

inline constexpr std::array<const char*, 13> kFlagNames = {"P",  "RW",  "US", "PWT",  "PCD",   "A",    "D",
                                                           "PS", "PAT", "G",  "AVL9", "AVL10", "AVL11"};

/// A set of flags. A value; iteration by `contains` in the order of `Flag`.
class FlagSet {
public:
    constexpr FlagSet() = default;
    /// A set from its mask.
    explicit constexpr FlagSet(unsigned mask) : mask_(static_cast<std::uint16_t>(mask)) {}

    constexpr void add(Flag flag) { mask_ = static_cast<std::uint16_t>(mask_ | bit(flag)); }
    constexpr void remove(Flag flag) { mask_ = static_cast<std::uint16_t>(mask_ & ~bit(flag)); }
    [[nodiscard]] constexpr bool contains(Flag flag) const { return (mask_ & bit(flag)) != 0; }
    /// Bit n is flag n of `Flag`.
    [[nodiscard]] constexpr unsigned mask() const { return mask_; }
    [[nodiscard]] constexpr bool empty() const { return mask_ == 0; }

    constexpr bool operator==(const FlagSet&) const = default;

private:
    static constexpr unsigned bit(Flag flag) { return 1u << static_cast<unsigned>(flag); }
    std::uint16_t mask_ = 0;
};

} // namespace pagelab::paging
