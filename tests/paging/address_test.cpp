#include "kernel/paging/self_map.hpp"
#include "kernel/paging/writer.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::paging {
namespace {

// The article's arithmetic, checked by the compiler.
static_assert(pte_window(1023, VirtAddr{0}) == VirtAddr{0xffc00000});
static_assert(pde_window(1023, VirtAddr{0}) == VirtAddr{0xfffff000});
static_assert(pde_window(1023, VirtAddr{0xffffffff}) == VirtAddr{0xfffffffc});
static_assert(pte_window(1023, VirtAddr{0xffffffff}) == VirtAddr{0xfffffffc});
static_assert(pde_window(1023, VirtAddr{0xc0100000}) == VirtAddr{0xfffffc00});
static_assert(pte_window(1023, VirtAddr{0xc0100000}) == VirtAddr{0xfff00400});
static_assert(pte_window(957, VirtAddr{0}) == VirtAddr{0xef400000});

RC_GTEST_PROP(Address, IndicesAndOffsetMakeTheAddressAgain, (std::uint32_t raw)) {
    const VirtAddr va{raw};
    RC_ASSERT(VirtAddr::from_indices(va.directory_index(), va.table_index(), va.page_offset()) == va);
    RC_ASSERT(va.page_base().raw() + va.page_offset() == raw);
    RC_ASSERT(va.aligned_down(kLargePageSize).raw() + va.large_page_offset() == raw);
}

RC_GTEST_PROP(Address, WindowOfAPteTranslatesBackToItsPage, (std::uint32_t raw)) {
    const VirtAddr va{raw};
    const VirtAddr entry = pte_window(kEntryCount - 1, va);
    RC_ASSERT((entry.raw() - 0xffc00000u) << 10 == va.page_base().raw());
}

TEST(Address, RangeEndsAtFourGiBAndNotBeyond) {
    EXPECT_EQ(VirtRange::from_size(VirtAddr{0xfffff000}, 4096)->end, kAddressSpaceEnd);
    EXPECT_FALSE(VirtRange::from_size(VirtAddr{0xfffff000}, 4097));
    EXPECT_FALSE(VirtRange::from_size(VirtAddr{1}, ~std::uint64_t{0}));
    EXPECT_TRUE(VirtRange::everything().contains(VirtAddr{0xffffffff}));
    const VirtRange last{VirtAddr{0xfffff000}, kAddressSpaceEnd};
    EXPECT_TRUE(last.overlaps(VirtRange::everything()));
    EXPECT_FALSE(last.overlaps({VirtAddr{0}, 0xfffff000}));
}

std::string sized(std::uint64_t bytes) {
    tests::Text out;
    put_size(out, bytes);
    return out.text;
}

TEST(Writer, SpellsSizesInTheLargestWholeUnit) {
    EXPECT_EQ(sized(4096), "4 KiB");
    EXPECT_EQ(sized(4u << 20), "4 MiB");
    EXPECT_EQ(sized(kAddressSpaceEnd), "4 GiB");
    EXPECT_EQ(sized(513), "513 B");
    EXPECT_EQ(sized(0), "0 B");
    EXPECT_EQ(sized((1u << 20) + 4096), "1028 KiB");
}

TEST(Writer, SpellsAddressesWithAllTheirDigits) {
    tests::Text out;
    put_address(out, PhysAddr{0x1234567890});
    out.put(" ");
    put_address(out, VirtAddr{0xABC});
    out.put(" ");
    put_range(out, VirtRange::everything());
    EXPECT_EQ(out.text, "p:0x1234567890 0x00000abc 0x00000000-0x100000000");
}

} // namespace
} // namespace pagelab::paging
