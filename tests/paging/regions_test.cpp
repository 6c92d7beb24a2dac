#include "kernel/paging/region_text.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::paging {
namespace {

using tests::Guest;

std::vector<Region> regions_of(Guest& guest, const RegionQuery& query = {}) {
    std::vector<Region> all;
    for_each_region(guest.memory, guest.context, query, [&](const Region& region) {
        all.push_back(region);
        return true;
    });
    return all;
}

Guest with_pages() {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 0, 0x00200007);
    guest.pte(256, 1, 0x00201027); // A set: no reason to split
    guest.pte(256, 2, 0x00202005); // read-only
    guest.pte(256, 4, 0x00204005);
    guest.pde(257, 0x00800083);
    guest.pde(258, 0x00c00083);
    return guest;
}

TEST(Regions, NeighboursWithTheSameRightsAndFramesInARowAreOne) {
    Guest guest = with_pages();
    const auto all = regions_of(guest, {.range = {VirtAddr{0}, 0xffc00000}});
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all[0].va, VirtAddr{0x40000000});
    EXPECT_EQ(all[0].size, 0x2000u);
    EXPECT_EQ(all[1].va, VirtAddr{0x40002000});
    EXPECT_EQ(all[2].va, VirtAddr{0x40004000});
    EXPECT_EQ(all[3].size, 8u << 20) << "two large pages in a row";
    EXPECT_EQ(all[3].page_size, kLargePageSize);
}

TEST(Regions, TextFoldsTheSelfMap) {
    Guest guest = with_pages();
    tests::Text out;
    write_maps_text(out, guest.memory, guest.context, {});
    EXPECT_EQ(out.text,
              "0x40000000-0x40002000      8 KiB  p:0x00200000  4 KiB  kernel rwx  user rwx  RW US\n"
              "0x40002000-0x40003000      4 KiB  p:0x00202000  4 KiB  kernel r-x  user r-x  US\n"
              "0x40004000-0x40005000      4 KiB  p:0x00204000  4 KiB  kernel r-x  user r-x  US\n"
              "0x40400000-0x40c00000      8 MiB  p:0x00800000  4 MiB  kernel rwx  user ---  RW PS\n"
              "0xffc00000-0x100000000     4 MiB  self-map of p:0x00105000, 1 table  kernel rwx  user ---\n"
              "5 regions, 12304 KiB mapped\n");
}

TEST(Regions, ARangeCutsALargePage) {
    Guest guest = with_pages();
    const auto all = regions_of(guest, {.range = {VirtAddr{0x40401800}, 0x40403001}});
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].va, VirtAddr{0x40401000});
    EXPECT_EQ(all[0].size, 0x3000u);
    EXPECT_EQ(all[0].pa, PhysAddr{0x00801000});
}

TEST(Regions, FiltersByRightsAndPhysicalRange) {
    Guest guest = with_pages();
    EXPECT_EQ(regions_of(guest, {.range = {VirtAddr{0}, 0xffc00000}, .writable = true}).size(), 2u);
    EXPECT_EQ(regions_of(guest, {.user = true}).size(), 3u);
    const auto phys = regions_of(guest, {.phys = PhysRange{PhysAddr{0x00801000}, PhysAddr{0x00803000}}});
    ASSERT_EQ(phys.size(), 1u);
    EXPECT_EQ(phys[0].va, VirtAddr{0x40401000});
    EXPECT_EQ(phys[0].size, 0x2000u);
}

TEST(Regions, TheLastPageOfTheAddressSpaceIsFound) {
    Guest guest;
    guest.pde(1023, 0x00106003);
    guest.pte(1023, 1023, 0x00200003);
    const auto all = regions_of(guest);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].range().end, kAddressSpaceEnd);
}

TEST(Regions, NothingMappedIsSaid) {
    Guest guest;
    tests::Text out;
    write_maps_text(out, guest.memory, guest.context, {.range = {VirtAddr{0}, 0x1000}});
    EXPECT_EQ(out.text, "nothing is mapped\n");
}

TEST(Regions, AccessedAndDirtyPartPagesOnlyWhereTheyAreAskedFor) {
    Guest guest = with_pages();
    const auto all = regions_of(guest, {.range = {VirtAddr{0}, 0x40400000}, .accessed_dirty = true});
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all[0].size, 0x1000u);
    EXPECT_FALSE(all[0].flags.contains(Flag::a));
    EXPECT_EQ(all[1].va, VirtAddr{0x40001000});
    EXPECT_TRUE(all[1].flags.contains(Flag::a));
    EXPECT_FALSE(all[1].flags.contains(Flag::p));
    tests::Text json;
    write_json(json, all[1]);
    EXPECT_NE(json.text.find("\"flags\":[\"RW\",\"US\",\"A\"]"), std::string::npos) << json.text;
}

std::string tree_of(Guest& guest, RegionQuery query = {}) {
    query.by_slot = true;
    tests::Text out;
    write_maps_text(out, guest.memory, guest.context, query);
    return out.text;
}

TEST(RegionTree, DrawsEachSlotWithItsRegionsBelow) {
    Guest guest = with_pages();
    guest.pde(255, 0x00107007); // a table with nothing in it
    guest.pde(512, 0x00108003);
    EXPECT_EQ(
        tree_of(guest),
        "directory p:0x00105000\n"
        "PDE 255       0x3fc00000  0x00107007  P RW US  -> table p:0x00107000\n"
        "PDE 256       0x40000000  0x00106007  P RW US  -> table p:0x00106000\n"
        "|- 0x40000000-0x40002000      8 KiB  p:0x00200000  4 KiB  kernel rwx  user rwx  RW US\n"
        "|- 0x40002000-0x40003000      4 KiB  p:0x00202000  4 KiB  kernel r-x  user r-x  US\n"
        "`- 0x40004000-0x40005000      4 KiB  p:0x00204000  4 KiB  kernel r-x  user r-x  US\n"
        "PDE 257       0x40400000  0x00800083  P RW PS  -> page p:0x00800000\n"
        "`- 0x40400000-0x40800000      4 MiB  p:0x00800000  4 MiB  kernel rwx  user ---  RW PS\n"
        "PDE 258       0x40800000  0x00c00083  P RW PS  -> page p:0x00c00000\n"
        "`- 0x40800000-0x40c00000      4 MiB  p:0x00c00000  4 MiB  kernel rwx  user ---  RW PS\n"
        "PDE 512       0x80000000  0x00108003  P RW  -> table p:0x00108000\n"
        "PDE 1023      0xffc00000  0x00105003  P RW  -> self-map p:0x00105000\n"
        "`- 0xffc00000-0x100000000     4 MiB  self-map of p:0x00105000, 3 tables  kernel rwx  user ---\n"
        "6 regions, 12304 KiB mapped\n");
}

TEST(RegionTree, WithAFilterDrawsOnlySlotsThatHaveAnAnswer) {
    Guest guest = with_pages();
    guest.pde(255, 0x00107007);
    EXPECT_EQ(tree_of(guest, {.user = true, .accessed_dirty = true}),
              "directory p:0x00105000\n"
              "PDE 256       0x40000000  0x00106007  P RW US  -> table p:0x00106000\n"
              "|- 0x40000000-0x40001000      4 KiB  p:0x00200000  4 KiB  kernel rwx  user rwx  RW US\n"
              "|- 0x40001000-0x40002000      4 KiB  p:0x00201000  4 KiB  kernel rwx  user rwx  RW US A\n"
              "|- 0x40002000-0x40003000      4 KiB  p:0x00202000  4 KiB  kernel r-x  user r-x  US\n"
              "`- 0x40004000-0x40005000      4 KiB  p:0x00204000  4 KiB  kernel r-x  user r-x  US\n"
              "4 regions, 16 KiB mapped\n");
}

TEST(RegionTree, KeepsToItsRange) {
    Guest guest = with_pages();
    EXPECT_EQ(tree_of(guest, {.range = {VirtAddr{0x40001000}, 0x40401000}}),
              "directory p:0x00105000\n"
              "PDE 256       0x40000000  0x00106007  P RW US  -> table p:0x00106000\n"
              "|- 0x40001000-0x40002000      4 KiB  p:0x00201000  4 KiB  kernel rwx  user rwx  RW US\n"
              "|- 0x40002000-0x40003000      4 KiB  p:0x00202000  4 KiB  kernel r-x  user r-x  US\n"
              "`- 0x40004000-0x40005000      4 KiB  p:0x00204000  4 KiB  kernel r-x  user r-x  US\n"
              "PDE 257       0x40400000  0x00800083  P RW PS  -> page p:0x00800000\n"
              "`- 0x40400000-0x40401000      4 KiB  p:0x00800000  4 MiB  kernel rwx  user ---  RW PS\n"
              "4 regions, 16 KiB mapped\n");
    EXPECT_EQ(tree_of(guest, {.range = {VirtAddr{0}, 0x1000}}),
              "directory p:0x00105000\nnothing is mapped\n");
}

TEST(RegionTree, APartOfTheSelfMapIsNotFolded) {
    Guest guest;
    EXPECT_EQ(tree_of(guest, {.range = {VirtAddr{0xfffff000}, kAddressSpaceEnd}}),
              "directory p:0x00105000\n"
              "PDE 1023      0xffc00000  0x00105003  P RW  -> self-map p:0x00105000\n"
              "`- 0xfffff000-0x100000000     4 KiB  p:0x00105000  4 KiB  kernel rwx  user ---  RW\n"
              "1 region, 4 KiB mapped\n");
}

// Each page by itself, walked, must lie in exactly one region with its frame and rights.
RC_GTEST_PROP(Regions, AgreeWithTheWalkOfEveryPage, ()) {
    Guest guest;
    const auto pdis = *rc::gen::container<std::vector<std::uint32_t>>(6, rc::gen::inRange(0u, 8u));
    for (const std::uint32_t pdi : pdis) {
        guest.pde(pdi, 0x00110000 + pdi * 0x1000 + (*rc::gen::inRange(0u, 8u) | 1u));
        for (int i = 0; i < 12; ++i) {
            const std::uint32_t pti = *rc::gen::element(0u, 1u, 2u, 3u, 1022u, 1023u);
            guest.pte(pdi, pti,
                      0x00200000 + pdi * 0x400000 % 0x800000 + pti * 0x1000 + *rc::gen::inRange(0u, 8u));
        }
    }
    if (*rc::gen::arbitrary<bool>()) {
        guest.pde(*rc::gen::inRange(0u, 8u), 0x00800083);
    }
    const auto all = regions_of(guest);
    std::size_t next = 0;
    for (std::uint64_t va = 0; va < 9u << 22; va += kPageSize) {
        const Walk walk = guest.walk(static_cast<std::uint32_t>(va));
        while (next < all.size() && all[next].range().end <= va) {
            ++next;
        }
        const bool inside = next < all.size() && all[next].range().contains(walk.va);
        RC_ASSERT(inside == walk.has_page());
        if (inside) {
            RC_ASSERT(all[next].pa.plus(va - all[next].va.raw()) == *walk.pa);
            RC_ASSERT(all[next].kernel == walk.kernel);
            RC_ASSERT(all[next].user == walk.user);
            RC_ASSERT(all[next].page_size == walk.page_size);
        }
    }
}

} // namespace
} // namespace pagelab::paging
