// A prefix code for the packer: lengths from counts, and the canonical codes of these lengths.
#pragma once

#include "kernel/packing/format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace pagelab::packing {

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
