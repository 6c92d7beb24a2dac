// One geometry for both computers: the article's sixteen pages, and the i386 as the rest of the core knows
// it.
#include "kernel/paging/geometry.hpp"
#include "kernel/paging/self_map.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::paging {
namespace {

using Tiny = TinyGeometry;
using Large = I386Geometry;

/// The article counts from one.
constexpr std::uint32_t nth(std::uint32_t n) {
    return Tiny::page_address(n - 1);
}

static_assert(Tiny::kPages == 16 && Tiny::kEntries == 4);
static_assert(Tiny::kEntries * Tiny::kEntryBytes == Tiny::kPageBytes, "a table is a frame");
// The sixth page is the second of the second group.
static_assert(Tiny::directory_index(nth(6)) + 1 == 2 && Tiny::table_index(nth(6)) + 1 == 2);
// The fourteenth is the second of the fourth group, and shows the second group's table.
static_assert(Tiny::directory_index(nth(14)) + 1 == 4 && Tiny::table_index(nth(14)) + 1 == 2);
static_assert(Tiny::pte_window(3, nth(5)) == nth(14), "the second group's first entry");
// The last one shows the directory.
static_assert(Tiny::pde_window(3, nth(1)) == nth(16));
static_assert(Tiny::pte_window(3, nth(13)) == nth(16), "its own table is the directory");
// Tables and directory reserve a quarter of the pages; on the i386 it is 1/1024.
static_assert(Tiny::kPages / Tiny::kEntries == 4 && Large::kPages / Large::kEntries == 1024);

static_assert(Large::kEntries == kEntryCount && Large::kEntryBytes == kEntrySize);
static_assert(Large::kPageBytes == kPageSize);
static_assert(Large::pte_window(1023, 0) == 0xffc00000 && Large::pde_window(1023, 0) == 0xfffff000);

RC_GTEST_PROP(GeometryOfTheI386, IsThatOfVirtualAddresses, (std::uint32_t raw)) {
    const VirtAddr va{raw};
    RC_ASSERT(Large::directory_index(raw) == va.directory_index());
    RC_ASSERT(Large::table_index(raw) == va.table_index());
    RC_ASSERT(Large::offset(raw) == va.page_offset());
    RC_ASSERT(Large::address(va.directory_index(), va.table_index(), va.page_offset()) == raw);
    RC_ASSERT(Large::page_address(Large::page_number(raw)) == va.page_base().raw());
}

RC_GTEST_PROP(GeometryOfTheI386, HasTheWindowsOfTheSelfMap, (std::uint32_t raw, std::uint32_t any)) {
    const std::uint32_t slot = any % kEntryCount;
    RC_ASSERT(Large::pde_window(slot, raw) == pde_window(slot, VirtAddr{raw}).raw());
    RC_ASSERT(Large::pte_window(slot, raw) == pte_window(slot, VirtAddr{raw}).raw());
}

TEST(TinyGeometry, ShowsEachTableOnThePageOfItsGroup) {
    for (std::uint32_t page = 0; page < Tiny::kPages; ++page) {
        const std::uint32_t window = Tiny::pte_window(3, Tiny::page_address(page));
        EXPECT_EQ(Tiny::page_number(window), 12 + page / 4) << page;
        EXPECT_EQ(Tiny::offset(window), page % 4 * 4) << page;
        EXPECT_EQ(Tiny::page_number(Tiny::pde_window(3, Tiny::page_address(page))), 15u) << page;
    }
}

} // namespace
} // namespace pagelab::paging
