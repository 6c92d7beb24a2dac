// A guest for each rule: the rule fires there, once, and nowhere else.
#include "kernel/paging/checks.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

namespace pagelab::paging {
namespace {

using tests::Guest;

std::string findings_of(const Guest& guest) {
    tests::Text out;
    CheckWorkspace workspace;
    const std::uint64_t ram = guest.memory.ram;
    for_each_finding(
        guest.memory, guest.context, [ram](PhysAddr pa) { return pa.raw() < ram; }, workspace,
        [&](const Finding& finding) {
            put_finding(out, finding);
            out.put("\n");
        });
    return out.text;
}

TEST(Checks, ACleanDirectoryHasNoFinding) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 0, 0x00200007);
    guest.pde(257, 0x00800083);
    EXPECT_EQ(findings_of(guest), "");
}

TEST(Checks, PagingOff) {
    Guest guest;
    guest.context.control.cr0 = 1;
    EXPECT_EQ(findings_of(guest), "note paging-off: paging is off (CR0.PG = 0)\n");
}

TEST(Checks, DirectoryBeyondRam) {
    Guest guest;
    guest.context.control.cr3 = 0xf0000000;
    EXPECT_EQ(findings_of(guest), "error directory-beyond-ram: CR3 points at p:0xf0000000, beyond RAM\n");
}

TEST(Checks, TableBeyondRam) {
    Guest guest;
    guest.pde(3, 0x7f000003);
    EXPECT_EQ(findings_of(guest),
              "error table-beyond-ram: PDE 3 points at a table at p:0x7f000000, beyond RAM\n");
}

TEST(Checks, ReservedBits) {
    Guest guest;
    guest.pde(3, 0x00600083);
    EXPECT_EQ(findings_of(guest),
              "error reserved-bits: PDE 3 = 0x00600083 has reserved bits set: each access faults\n");
}

TEST(Checks, UserSelfMap) {
    Guest guest;
    guest.pde(1023, Guest::kDirectory | 7);
    EXPECT_EQ(findings_of(guest), "error self-map-user-writable: PDE 1023 lets user code rewrite every page "
                                  "table (self-map with US and RW)\n");
    guest.pde(1023, Guest::kDirectory | 5);
    EXPECT_EQ(findings_of(guest),
              "warning self-map-user: PDE 1023 lets user code read every page table (self-map with US)\n");
}

TEST(Checks, NoneAndSeveralSelfMaps) {
    Guest guest;
    guest.pde(957, Guest::kDirectory | 3);
    EXPECT_EQ(findings_of(guest),
              "note self-map-several: 2 slots map the directory onto itself; the highest is 1023\n");
    guest.pde(957, 0);
    guest.pde(1023, 0);
    EXPECT_EQ(findings_of(guest), "note self-map-missing: no slot maps the directory onto itself\n");
}

TEST(Checks, OneTableUnderTwoSlots) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pde(5, 0x00106003);
    EXPECT_EQ(findings_of(guest), "warning table-shared: PDE 5 shares its table p:0x00106000 with PDE 3\n");
}

TEST(Checks, ATableAsWritableData) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pte(3, 7, 0x00106003);
    EXPECT_EQ(findings_of(guest), "warning table-writable: PTE 3:7 maps the page table at p:0x00106000 "
                                  "writably, beside the self-map\n");
    guest.pte(3, 7, 0x00106001); // read-only: the kernel's own direct map does that
    EXPECT_EQ(findings_of(guest), "");
    guest.pte(3, 7, 0);
    guest.pde(4, 0x00000083);
    EXPECT_EQ(findings_of(guest), "warning table-writable: PDE 4 maps 4 MiB with page tables among them from "
                                  "p:0x00000000 writably, beside the self-map\n");
}

TEST(Checks, NeighboursWithOneComplaintAreOneFinding) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pte(3, 0, 0x02000003);
    guest.pte(3, 1, 0x02001003);
    guest.pte(3, 5, 0x02005003);
    EXPECT_EQ(findings_of(guest),
              "warning page-beyond-ram: PTE 3:0 and 1 after it map memory from p:0x02000000 on, beyond RAM\n"
              "warning page-beyond-ram: PTE 3:5 maps p:0x02005000, beyond RAM\n");
}

TEST(Checks, RightsThatThePdeTakesAway) {
    Guest guest;
    guest.pde(3, 0x00106001);
    guest.pte(3, 0, 0x00200003);
    EXPECT_EQ(findings_of(guest), "note pde-restricts: PTE 3:0 gives rights that PDE 3 takes away\n");
}

TEST(Checks, DataInNotPresentEntries) {
    Guest guest;
    guest.pde(600, 0x40000000);
    guest.pde(3, 0x00106003);
    guest.pte(3, 9, 0xabc00000);
    EXPECT_EQ(findings_of(guest), "note data-not-present: PTE 3:9 is not present but holds 0xabc00000\n"
                                  "note data-not-present: PDE 600 is not present but holds 0x40000000\n");
}

TEST(Checks, HostileTablesEnd) {
    Guest guest;
    for (std::uint32_t i = 0; i < 1024; ++i) {
        guest.pde(i, 0xffffffff);
    }
    EXPECT_FALSE(findings_of(guest).empty());
    for (std::uint32_t i = 0; i < 1024; ++i) {
        guest.pde(i, Guest::kDirectory | 7); // a loop in each slot
    }
    EXPECT_FALSE(findings_of(guest).empty());
}

} // namespace
} // namespace pagelab::paging
