#include "kernel/rescue/crc.hpp"

#include <array>
#include <gtest/gtest.h>

namespace pagelab::rescue {
namespace {

using Page = std::array<std::uint32_t, kPageWords>;

TEST(Crc, IsThatOfZlib) {
    Page page{};
    EXPECT_EQ(crc_of_page(page.data()), 0xc71c0011u); // python3: zlib.crc32(bytes(4096))
    for (std::uint32_t i = 0; i < kPageWords; ++i) {
        page[i] = i * 0x01000193u;
    }
    EXPECT_EQ(crc_of_page(page.data()), 0xedfc0504u); // of the same words, little-endian
}

TEST(Crc, SeesEverySingleBit) {
    Page page{};
    const std::uint32_t right = crc_of_page(page.data());
    for (std::uint32_t bit = 0; bit < 32 * kPageWords; bit += 97) {
        page[bit / 32] = 1u << bit % 32;
        EXPECT_NE(crc_of_page(page.data()), right) << bit;
        page[bit / 32] = 0;
    }
}

TEST(Winner, IsWhoHasTheRightSum) {
    EXPECT_EQ(winner(1, 2, 1), Winner::live);
    EXPECT_EQ(winner(1, 2, 2), Winner::copy);
    EXPECT_EQ(winner(1, 2, 3), Winner::none);
}

} // namespace
} // namespace pagelab::rescue
