// CRC-32 of a page, and which of two copies of it is right. For the rescue, and for boot, which takes the
// sums. Pure.
#pragma once

#include <cstdint>

namespace pagelab::rescue {

inline constexpr std::uint32_t kPageWords = 1024;

/// CRC-32 (ISO-HDLC, as in zlib) of a page's bytes.
constexpr std::uint32_t crc_of_page(const std::uint32_t* words) {
    constexpr std::uint32_t kPolynomial = 0xedb88320u;
    std::uint32_t crc = ~0u;
    for (std::uint32_t i = 0; i < kPageWords; ++i) {
        // A whole word at once: the bytes are little-endian, as the CRC wants them.
        crc ^= words[i];
        for (int bit = 0; bit < 32; ++bit) {
            crc = (crc >> 1) ^ (kPolynomial & (0u - (crc & 1)));
        }
    }
    return ~crc;
}

/// Which of two different copies of a page is to be kept.
enum class Winner { live, copy, none };

/// The one whose sum is right. With neither, the sum itself may be what broke.
constexpr Winner winner(std::uint32_t live_crc, std::uint32_t copy_crc, std::uint32_t right) {
    return live_crc == right ? Winner::live : copy_crc == right ? Winner::copy : Winner::none;
}

} // namespace pagelab::rescue
