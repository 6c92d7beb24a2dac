#include "kernel/paging/explain.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

namespace pagelab::paging {
namespace {

using tests::Guest;

std::string reason(const Guest& guest, std::uint32_t cr2, std::uint32_t code) {
    tests::Text out;
    const Access access = access_of_fault(code, VirtAddr{cr2}, std::nullopt);
    put_fault_reason(out, explain_fault(guest.walk(cr2), code, access));
    return out.text;
}

TEST(Explain, AnAbsentTableOrPage) {
    Guest guest;
    EXPECT_EQ(reason(guest, 0x40000123, 0), "PDE 256 is not present; map 0x40000000 would allow it");
    guest.pde(256, 0x00106007);
    EXPECT_EQ(reason(guest, 0x40001123, 6), "PTE 256:1 is not present; map 0x40001000 rwu would allow it");
}

TEST(Explain, AReadOnlyPageNamesWpForTheKernelOnly) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 0, 0x00200005);
    EXPECT_EQ(reason(guest, 0x40000004, 3),
              "PTE 256:0 is read-only (RW = 0) and CR0.WP = 1; protect 0x40000000 +w would allow it");
    EXPECT_EQ(reason(guest, 0x40000004, 7),
              "PTE 256:0 is read-only (RW = 0); protect 0x40000000 +w would allow it");
}

TEST(Explain, ThePdeAloneToBlameIsCuredInThePde) {
    Guest guest;
    guest.pde(256, 0x00106003);
    guest.pte(256, 0, 0x00200007);
    EXPECT_EQ(reason(guest, 0x40000000, 5),
              "PDE 256 is for the kernel only (US = 0); setpde 256 0x00106007 would allow it");
}

TEST(Explain, ReservedBitsAndTablesBeyondRam) {
    Guest guest;
    guest.pde(1, 0x00600083);
    guest.pde(2, 0xfff00003);
    EXPECT_EQ(reason(guest, 0x00400000, 9),
              "PDE 1 has reserved bits set; setpde 1 0x00400083 would clear them");
    EXPECT_EQ(reason(guest, 0x00800000, 0), "PTE 2:0 can't be read: its table lies beyond RAM");
}

TEST(Explain, AFaultThatTheTablesNoLongerExplain) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 0, 0x00200007);
    EXPECT_EQ(reason(guest, 0x40000000, 0),
              "the tables allow it now: the entry changed since, or the TLB held an old one");
}

TEST(Explain, AFetchIsKnownByEipWhereTheCodeCantTell) {
    EXPECT_EQ(access_of_fault(0, VirtAddr{0x1000}, VirtAddr{0x1000}).kind, AccessKind::fetch);
    EXPECT_EQ(access_of_fault(0, VirtAddr{0x1000}, VirtAddr{0x2000}).kind, AccessKind::read);
    EXPECT_EQ(access_of_fault(2, VirtAddr{0x1000}, VirtAddr{0x1000}).kind, AccessKind::write);
    EXPECT_EQ(access_of_fault(0x10, VirtAddr{0x1000}, std::nullopt).kind, AccessKind::fetch);
}

TEST(Explain, TheReportNamesAccessCodeWalkAndReason) {
    const Guest guest;
    tests::Text out;
    write_text(out, explain_fault(guest.walk(0), 0, {}));
    EXPECT_EQ(out.text, "read by the kernel at 0x00000000: error code 0x0 (not present, read, kernel)\n"
                        "0x00000000 = 0:0:0x000  cr3 p:0x00105000  32-bit\n"
                        "PDE 0         0xfffff000  p:0x00105000  0x00000000  -  -> not present\n"
                        "no page: PDE 0 is not present\n"
                        "PDE 0 is not present; map 0x00000000 would allow it\n");
}

TEST(Explain, Json) {
    const Guest guest;
    tests::Text out;
    write_json(out, explain_fault(guest.walk(0), 2, {.kind = AccessKind::write}));
    EXPECT_EQ(out.text, R"({"record":"fault","v":1,"cr2":"0x00000000","code":"0x2","access":"write",)"
                        R"("ring":"kernel","cause":"not-present","blame":"PDE 0",)"
                        R"("text":"PDE 0 is not present; map 0x00000000 would allow it"})");
}

} // namespace
} // namespace pagelab::paging
