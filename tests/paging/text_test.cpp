#include "kernel/paging/walk_text.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

namespace pagelab::paging {
namespace {

using tests::Guest;

std::string text_of(const Walk& walk) {
    tests::Text out;
    write_text(out, walk);
    return out.text;
}

TEST(WalkText, APage) {
    Guest guest;
    guest.pde(768, 0x00106023);
    guest.pte(768, 256, 0x00100121);
    EXPECT_EQ(text_of(guest.walk(0xc0100234)),
              "0xc0100234 = 768:256:0x234  cr3 p:0x00105000  32-bit\n"
              "PDE 768       0xfffffc00  p:0x00105c00  0x00106023  P RW A  -> table p:0x00106000\n"
              "PTE 768:256   0xfff00400  p:0x00106400  0x00100121  P A G  -> page p:0x00100000\n"
              "p:0x00100234  4 KiB page  kernel r-x  user ---  global\n");
}

TEST(WalkText, ALargeUserPage) {
    Guest guest;
    guest.pde(64, 0x00800087);
    EXPECT_EQ(text_of(guest.walk(0x10000010)),
              "0x10000010 = 64:0:0x010  cr3 p:0x00105000  32-bit\n"
              "PDE 64        0xfffff100  p:0x00105100  0x00800087  P RW US PS  -> page p:0x00800000\n"
              "p:0x00800010  4 MiB page  kernel rwx  user rwx\n");
}

TEST(WalkText, NothingThere) {
    const Guest guest;
    EXPECT_EQ(text_of(guest.walk(0x10000000)),
              "0x10000000 = 64:0:0x000  cr3 p:0x00105000  32-bit\n"
              "PDE 64        0xfffff100  p:0x00105100  0x00000000  -  -> not present\n"
              "no page: PDE 64 is not present\n");
}

TEST(WalkText, ReservedBitsAndUnreadableTables) {
    Guest guest;
    guest.pde(1, 0x00600083);
    guest.pde(2, 0xfff00003);
    EXPECT_EQ(text_of(guest.walk(0x00400000)),
              "0x00400000 = 1:0:0x000  cr3 p:0x00105000  32-bit\n"
              "PDE 1         0xfffff004  p:0x00105004  0x00600083  P RW PS  -> reserved bits\n"
              "no page: PDE 1 has reserved bits set\n");
    EXPECT_EQ(text_of(guest.walk(0x00801000)),
              "0x00801000 = 2:1:0x000  cr3 p:0x00105000  32-bit\n"
              "PDE 2         0xfffff008  p:0x00105008  0xfff00003  P RW  -> table p:0xfff00000\n"
              "PTE 2:1       0xffc02004  p:0xfff00004  ?  -  -> unreadable\n"
              "no answer: PTE 2:1 at p:0xfff00004 can't be read\n");
}

TEST(WalkText, TheWindowSaysWhatItShows) {
    Guest guest;
    guest.pde(768, 0x00106023);
    EXPECT_TRUE(text_of(guest.walk(0xfffff000)).ends_with("shows the page directory\n"));
    EXPECT_TRUE(text_of(guest.walk(0xfffffc02)).ends_with("shows PDE 768\n"));
    EXPECT_TRUE(text_of(guest.walk(0xfff00000)).ends_with("shows page table 768\n"));
    EXPECT_TRUE(text_of(guest.walk(0xfff00400)).ends_with("shows PTE 768:256 of 0xc0100000\n"));
}

TEST(WalkText, WithoutASelfMapEntriesHaveNoVirtualAddress) {
    Guest guest;
    guest.pde(1023, 0);
    guest.pde(64, 0x00800087);
    EXPECT_NE(text_of(guest.walk(0x10000000)).find("PDE 64        -  p:0x00105100"), std::string::npos);
}

TEST(WalkText, PagingOff) {
    Guest guest;
    guest.context.control.cr0 = 1;
    EXPECT_EQ(text_of(guest.walk(0x1000)), "0x00001000 = 0:1:0x000  cr3 p:0x00105000  off\n"
                                           "paging is off: virtual and physical addresses are the same\n");
}

TEST(SplitText, ShowsTheBits) {
    tests::Text out;
    write_split_text(out, VirtAddr{0xc0100234});
    EXPECT_EQ(out.text, "0xc0100234 = 768:256:0x234\n"
                        "  directory index  1100000000    768\n"
                        "  table index      0100000000    256\n"
                        "  offset           001000110100  0x234\n");
}

TEST(WindowText, NamesBothEntries) {
    tests::Text out;
    write_window_text(out, 1023, VirtAddr{0xc0100234});
    EXPECT_EQ(out.text, "0xc0100234\n"
                        "  PDE 768       0xfffffc00\n"
                        "  PTE 768:256   0xfff00400\n");
}

TEST(Json, EscapesWhatABytesStringMayHold) {
    tests::Text out;
    say(out, R"({"text":{},"none":{},"big":{}})", Quoted{"a\"b\\c\n\x7f\xc2\xb7"}, Quoted{},
        LongDecimal{18446744073709551615ull});
    EXPECT_EQ(out.text,
              "{\"text\":\"a\\\"b\\\\c\\u000a\\u007f\xc2\xb7\",\"none\":null,\"big\":18446744073709551615}");
}

TEST(Say, PutsEachPartInItsPlace) {
    tests::Text out;
    const Rights rights{.r = true, .x = true};
    say(out, "{} leads to {}, {} of {}: {}{}", VirtAddr{0x1000}, PhysAddr{0x1234567890}, Count{2, "page"},
        Size{4096}, "", std::string_view{"text"});
    EXPECT_EQ(out.text, "0x00001000 leads to p:0x1234567890, 2 pages of 4 KiB: text");
    out.text.clear();
    say(out, "{}|{}|{}|{}|{}|{}", Decimal{7}, Hex{7, 2}, rights, true, EntryName{3}, EntryName{3, 9});
    EXPECT_EQ(out.text, "7|0x07|r-x|true|PDE 3|PTE 3:9");
    out.text.clear();
    say(out, "[{:12}][{:>4}][{:2}]", EntryName{3, 9}, Decimal{12}, "long");
    EXPECT_EQ(out.text, "[PTE 3:9     ][  12][long]");
    out.text.clear();
    say(out, "{}{}{}", HexOrNull{std::nullopt}, HexOrNull{PhysAddr{0x12}}, DecimalOrNull{false, 1});
    EXPECT_EQ(out.text, "null\"0x00000012\"null");
}

} // namespace
} // namespace pagelab::paging
