// Rights over both levels, and the prediction of one access: allowed or fault, with which error code, and
// which A and D bits it leaves set. The oracle that is measured against the CPU. For everyone. Pure.
#pragma once

#include "kernel/paging/entry.hpp"

#include <array>
#include <cstdint>

namespace pagelab::paging {

/// What a ring may do with a page. 32-bit paging has no NX, so `x` is missing only by SMEP.
struct Rights {
    bool r = false;
    bool w = false;
    bool x = false;

    [[nodiscard]] constexpr std::array<char, 3> letters() const {
        return {r ? 'r' : '-', w ? 'w' : '-', x ? 'x' : '-'};
    }
    constexpr bool operator==(const Rights&) const = default;
};

enum class AccessKind : std::uint8_t { read, write, fetch };

/// One access as the MMU sees it. `user` is CPL 3; `ac` is EFLAGS.AC, which lifts SMAP.
struct Access {
    AccessKind kind = AccessKind::read;
    bool user = false;
    bool ac = false;
};

/// Bits of the page fault's error code (SDM 3A 4.7).
namespace fault_code {
inline constexpr std::uint32_t kProtection = 1u << 0; // P: the page is present, the access is not allowed
inline constexpr std::uint32_t kWrite = 1u << 1;      // W/R
inline constexpr std::uint32_t kUser = 1u << 2;       // U/S
inline constexpr std::uint32_t kReserved = 1u << 3;   // RSVD
inline constexpr std::uint32_t kFetch = 1u << 4;      // I/D: only with SMEP (or NX)
} // namespace fault_code

/// The bits of all levels ANDed (SDM 3A 4.6): the rights that no single entry shows.
struct CombinedBits {
    bool writable = true;
    bool user = true;

    constexpr void combine(const EntryWord& entry) {
        writable = writable && entry.writable();
        user = user && entry.user();
    }
};

/// SDM 3A 4.6.1, with EFLAGS.AC = 0.
constexpr Rights kernel_rights(const CombinedBits& bits, const ControlRegisters& control) {
    const bool data = !(bits.user && control.smap());
    return {.r = data,
            .w = data && (bits.writable || !control.write_protect()),
            .x = !(bits.user && control.smep())};
}

constexpr Rights user_rights(const CombinedBits& bits) {
    return {.r = bits.user, .w = bits.user && bits.writable, .x = bits.user};
}

/// Whether a page with these bits lets the access through (SDM 3A 4.6.1).
constexpr bool allows(const CombinedBits& bits, const ControlRegisters& control, const Access& access) {
    if (access.user) {
        const Rights rights = user_rights(bits);
        return access.kind == AccessKind::write ? rights.w : rights.r;
    }
    if (access.kind == AccessKind::fetch) {
        return !(bits.user && control.smep());
    }
    if (bits.user && control.smap() && !access.ac) {
        return false;
    }
    return access.kind == AccessKind::read || bits.writable || !control.write_protect();
}

/// The error code's bits that follow from the access alone.
constexpr std::uint32_t access_code(const ControlRegisters& control, const Access& access) {
    std::uint32_t code = 0;
    if (access.kind == AccessKind::write) {
        code |= fault_code::kWrite;
    }
    if (access.user) {
        code |= fault_code::kUser;
    }
    if (access.kind == AccessKind::fetch && control.smep()) {
        code |= fault_code::kFetch;
    }
    return code;
}

} // namespace pagelab::paging
