// What is done to the image before it is packed: its calls and jumps name their target, and it is summed up.
#pragma once

#include "kernel/packing/format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pagelab::packing {

using Bytes = std::vector<std::uint8_t>;

inline std::uint32_t word(const Bytes& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value |= std::uint32_t{bytes[at + i]} << 8 * i;
    }
    return value;
}

inline void put_word(Bytes& bytes, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    }
}

inline std::uint32_t checksum(const Bytes& image) {
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < image.size(); at += 4) {
        sum = std::rotl(sum, 1) + word(image, at);
    }
    return sum;
}

// Returns the mark. None is free in code of a very odd kind: that stays as it is.
inline std::optional<std::uint32_t> filter(Bytes& image, std::uint32_t code_bytes) {
    std::vector<std::uint32_t> near;
    std::array<bool, 256> taken{};
    for (std::uint32_t at = 0; at + 1 + OPERAND_BYTES <= code_bytes; ++at) {
        if ((image[at] & 0xFE) == 0xE8) {
            const std::uint32_t operand = at + 1;
            at += OPERAND_BYTES;
            if (word(image, operand) + at + 1 < image.size()) {
                near.push_back(operand);
            } else {
                taken[image[operand]] = true;
            }
        }
    }
    const auto free = std::ranges::find(taken, false);
    if (free == taken.end()) {
        return std::nullopt;
    }
    const auto mark = static_cast<std::uint32_t>(free - taken.begin());
    for (const std::uint32_t operand : near) {
        const std::uint32_t target = word(image, operand) + operand + OPERAND_BYTES;
        image[operand] = static_cast<std::uint8_t>(mark);
        image[operand + 1] = static_cast<std::uint8_t>(target >> 16);
        image[operand + 2] = static_cast<std::uint8_t>(target >> 8);
        image[operand + 3] = static_cast<std::uint8_t>(target);
    }
    return mark;
}

} // namespace pagelab::packing
