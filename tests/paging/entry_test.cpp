#include "kernel/paging/slot_text.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

namespace pagelab::paging {
namespace {

constexpr PagingContext context(std::uint32_t cr4, CpuLimits cpu = {}) {
    return {.control = {.cr0 = 0x80010001, .cr3 = 0x105000, .cr4 = cr4}, .cpu = cpu};
}

TEST(Pde, PsCountsOnlyWithCr4Pse) {
    const Pde pde{0x00400083};
    EXPECT_EQ(pde.kind(context(cr4::kPse)), EntryKind::page);
    EXPECT_EQ(pde.kind(context(0)), EntryKind::table);
    EXPECT_TRUE(pde.flags(context(cr4::kPse)).contains(Flag::ps));
    EXPECT_FALSE(pde.flags(context(0)).contains(Flag::ps));
}

TEST(Pde, ATableHasNoDirtyPatOrGlobal) {
    const FlagSet flags = Pde{0x00106000 | 0x141}.flags(context(cr4::kPse | cr4::kPge));
    EXPECT_FALSE(flags.contains(Flag::d));
    EXPECT_FALSE(flags.contains(Flag::g));
    EXPECT_TRUE(flags.contains(Flag::p));
}

TEST(Pde, PatOfALargePageIsBit12AndBit7OfAPte) {
    EXPECT_TRUE(Pde{0x00401081}.flags(context(cr4::kPse)).contains(Flag::pat));
    EXPECT_FALSE(Pde{0x00400081}.flags(context(cr4::kPse)).contains(Flag::pat));
    EXPECT_TRUE(Pte{0x00400081}.flags().contains(Flag::pat));
    EXPECT_FALSE(Pte{0x00400081}.flags().contains(Flag::ps));
}

TEST(Pde, Pse36PutsPhysicalBits39To32IntoBits20To13) {
    EXPECT_EQ(Pde{0x00400083 | (0x5au << 13)}.large_frame(context(cr4::kPse)).raw(), 0x5a00400000u);
    const PagingContext without = context(cr4::kPse, {.pse36 = false, .physical_bits = 32});
    EXPECT_EQ(Pde{0x00400083}.large_frame(without).raw(), 0x00400000u);
}

TEST(Pde, ReservedBitsFollowTheCpusPhysicalBits) {
    EXPECT_EQ(context(0).reserved_in_large_pde(), 1u << 21);
    EXPECT_EQ(context(0, {.pse36 = true, .physical_bits = 52}).reserved_in_large_pde(), 1u << 21);
    EXPECT_EQ(context(0, {.pse36 = true, .physical_bits = 36}).reserved_in_large_pde(), 0x003e0000u);
    EXPECT_EQ(context(0, {.pse36 = true, .physical_bits = 32}).reserved_in_large_pde(), 0x003fe000u);
    EXPECT_EQ(context(0, {.pse36 = false, .physical_bits = 40}).reserved_in_large_pde(), 0x003fe000u);
    EXPECT_EQ(Pde{0x00600083}.kind(context(cr4::kPse)), EntryKind::reserved);
    // Without PS those bits are the table's address.
    EXPECT_EQ(Pde{0x00600003}.kind(context(cr4::kPse)), EntryKind::table);
}

TEST(Entry, NotPresentHasNoFlagsWhateverItHolds) {
    EXPECT_TRUE(Pde{0xfffffffe}.flags(context(cr4::kPse)).empty());
    EXPECT_TRUE(Pte{0xfffffffe}.flags().empty());
    EXPECT_EQ(Pde{0xfffffffe}.kind(context(cr4::kPse)), EntryKind::not_present);
}

TEST(Slot, LineNamesWhatItLeadsTo) {
    tests::Text out;
    put_slot(out, make_pde_slot(768, 0x00106023, context(cr4::kPse)));
    out.put("\n");
    put_slot(out, make_pde_slot(1023, 0x00105063, context(cr4::kPse)));
    out.put("\n");
    put_slot(out, make_pte_slot(768, 256, 0x00100121));
    out.put("\n");
    put_slot(out, make_pde_slot(5, 0x40000000, context(cr4::kPse)));
    EXPECT_EQ(out.text, "PDE 768       0xc0000000  0x00106023  P RW A  -> table p:0x00106000\n"
                        "PDE 1023      0xffc00000  0x00105063  P RW A  -> self-map p:0x00105000\n"
                        "PTE 768:256   0xc0100000  0x00100121  P A G  -> page p:0x00100000\n"
                        "PDE 5         0x01400000  0x40000000  -  -> not present");
}

TEST(Slot, JsonOfAPteNamesItsTable) {
    tests::Text out;
    write_json(out, make_pte_slot(768, 256, 0x00100121));
    EXPECT_EQ(out.text, R"({"record":"slot","v":1,"level":"pte","index":256,"table":768,"va":"0xc0100000",)"
                        R"("raw":"0x00100121","flags":["P","A","G"],"kind":"page","pa":"0x00100000"})");
}

TEST(Entry, DecodeTellsSizeOnlyOfPages) {
    tests::Text out;
    write_entry_json(out, make_pde_slot(0, 0x00400083, context(cr4::kPse)));
    out.put("\n");
    write_entry_json(out, make_pde_slot(0, 0x00400003, context(cr4::kPse)));
    EXPECT_EQ(out.text, R"({"record":"entry","v":1,"level":"pde","raw":"0x00400083","flags":["P","RW","PS"],)"
                        R"("kind":"page","pa":"0x00400000","page_size":4194304})"
                        "\n"
                        R"({"record":"entry","v":1,"level":"pde","raw":"0x00400003","flags":["P","RW"],)"
                        R"("kind":"table","pa":"0x00400000","page_size":null})");
}

} // namespace
} // namespace pagelab::paging
