// Where a guest's RAM lies, out of the text of QEMU's `info mtree -f`: which physical addresses are which
// bytes of the RAM that a shared file holds. Pure.
#pragma once

#include "kernel/paging/address.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace pagelab::console::guest {

/// One stretch of RAM, whole frames.
struct RamPiece {
    paging::PhysRange range;
    std::uint64_t offset = 0; ///< of its first byte in the RAM, in bytes
    bool operator==(const RamPiece&) const = default;
};

/// The pieces of the machine's main RAM, in the order of addresses; empty if the text tells of none.
/// Devices and firmware are left out: reading them could have an effect, and no table of a guest is there.
[[nodiscard]] std::vector<RamPiece> parse_memory_map(std::string_view text);

} // namespace pagelab::console::guest
