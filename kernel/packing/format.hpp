// What the packed kernel image looks like. pack.cpp writes it, kernel/arch/x86/unpack.asm and
// tests/system/packed.py read it; nothing here may reach the kernel.
//
// A header of four little-endian words: bytes of the image, bytes of code at its start, the mark, the
// checksum. Then bits, the most significant of each byte first:
//
//   blocks, until the image is whole
//     24 bits: bytes that the block makes
//     4 bits for each symbol's code length, 0 for one that does not occur: the main code's MAIN_SYMBOLS, then
//       the distance code's DISTANCE_SYMBOLS. Codes are canonical: ordered by length, then by symbol.
//     tokens: a main symbol below 256 is a byte. LITERALS + n is a match: n is the slot of its length less 2,
//     and
//       a distance symbol follows, the slot of how far back it lies, where 0 repeats the last match's
//       distance. A match may overlap what it makes and begins in any block, but ends in its own.
//
// A slot below 4 is its own value. Above that slot 2k + b, b being 0 or 1, is followed by k - 1 bits x and
// stands for (2 + b) * 2^(k-1) + x.
//
// Before that the code's calls and jumps (E8 and E9) were filtered: many lead to one place, and as the
// distance differs each time, the place compresses better. Going up through the code, whatever follows an
// opcode byte is skipped as its operand: where the target lies in the image, the operand becomes the mark and
// the target's offset in the image, big-endian in 24 bits. No other operand begins with the mark.
//
// The checksum is of the image as it was: each little-endian word is added after a rotation left by one bit.
#pragma once

#include <bit>
#include <cstdint>

namespace pagelab::packing {

constexpr std::uint32_t LITERALS = 256;
constexpr std::uint32_t SLOTS = 40;
constexpr std::uint32_t MAIN_SYMBOLS = LITERALS + SLOTS;
constexpr std::uint32_t DISTANCE_SYMBOLS = SLOTS;
constexpr std::uint32_t LONGEST_CODE = 12; // bits: the unpacker's tables have 2^12 words
constexpr std::uint32_t SHORTEST_MATCH = 2;
constexpr std::uint32_t OPERAND_BYTES = 4;

struct Slot {
    std::uint32_t symbol;
    std::uint32_t extra_bits;
    std::uint32_t extra;
};

constexpr Slot slot_of(std::uint32_t value) {
    if (value < 4) {
        return {value, 0, 0};
    }
    const auto bits = static_cast<std::uint32_t>(std::bit_width(value)) - 2;
    return {2 * bits + (value >> bits), bits, value & ((1U << bits) - 1)};
}

} // namespace pagelab::packing
