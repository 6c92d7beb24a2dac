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

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

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

// A canonical prefix code of the lengths that the symbols' counts ask for (Huffman), none above LONGEST_CODE.
template <std::uint32_t symbols>
class PrefixCode {
public:
    // Before there are counts: all alike.
    PrefixCode() { lengths_.fill(std::bit_width(symbols - 1)); }

    explicit PrefixCode(std::array<std::uint32_t, symbols> counts) {
        // The unpacker wants codes without a gap, and one of a single symbol has one.
        for (std::uint32_t symbol = 0; std::ranges::count(counts, 0U) > symbols - 2; ++symbol) {
            counts[symbol] = std::max(counts[symbol], 1U);
        }
        while (!fits(counts)) {
            for (auto& count : counts) {
                count = (count + 1) / 2;
            }
        }
        std::uint32_t code = 0;
        for (std::uint32_t length = 1; length <= LONGEST_CODE; ++length, code <<= 1) {
            for (std::uint32_t symbol = 0; symbol < symbols; ++symbol) {
                if (lengths_[symbol] == length) {
                    codes_[symbol] = code++;
                }
            }
        }
    }

    [[nodiscard]] std::uint32_t length(std::uint32_t symbol) const { return lengths_[symbol]; }
    [[nodiscard]] std::uint32_t code(std::uint32_t symbol) const { return codes_[symbol]; }
    // In bits; a symbol that did not occur may yet.
    [[nodiscard]] std::uint32_t price(std::uint32_t symbol) const {
        return lengths_[symbol] != 0 ? lengths_[symbol] : LONGEST_CODE + 1;
    }

private:
    bool fits(const std::array<std::uint32_t, symbols>& counts) {
        using Tree = std::pair<std::uint32_t, std::uint32_t>; // count, number
        std::priority_queue<Tree, std::vector<Tree>, std::greater<>> trees;
        std::array<std::uint32_t, 2 * symbols> parents{};
        for (std::uint32_t symbol = 0; symbol < symbols; ++symbol) {
            if (counts[symbol] != 0) {
                trees.emplace(counts[symbol], symbol);
            }
        }
        std::uint32_t root = symbols - 1;
        const auto take = [&] {
            const Tree least = trees.top();
            trees.pop();
            parents[least.second] = root;
            return least.first;
        };
        while (trees.size() > 1) {
            ++root;
            const std::uint32_t lesser = take();
            trees.emplace(lesser + take(), root);
        }
        for (std::uint32_t symbol = 0; symbol < symbols; ++symbol) {
            lengths_[symbol] = 0;
            for (auto node = symbol; counts[symbol] != 0 && node != root; node = parents[node]) {
                ++lengths_[symbol];
            }
        }
        return std::ranges::max(lengths_) <= LONGEST_CODE;
    }

    std::array<std::uint32_t, symbols> lengths_{};
    std::array<std::uint32_t, symbols> codes_{};
};

} // namespace pagelab::packing
