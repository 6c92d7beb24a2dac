// A guest for each rule: the rule fires there, once, and nowhere else.
#include "kernel/paging/check_text.hpp"
#include "kernel/paging/checks.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pagelab::paging {
namespace {

using tests::Guest;

/// A lab in small: RAM without holes, a set of free frames, a direct map, a window.
struct Facts {
    std::uint64_t ram = 0;
    std::set<std::uint64_t> free{};
    std::optional<std::uint32_t> direct_map_slot{};
    std::optional<std::uint32_t> window_slot{};

    [[nodiscard]] bool is_ram(PhysAddr pa) const { return pa.raw() < ram; }
    [[nodiscard]] bool is_free(PhysAddr pa) const { return free.contains(pa.raw()); }
    [[nodiscard]] bool is_own(VirtAddr va) const { return direct_map_slot == va.directory_index(); }
    [[nodiscard]] bool is_window(std::uint32_t slot) const { return window_slot == slot; }
};

std::string findings_of(const Guest& guest, Facts facts = {}) {
    tests::Text out;
    CheckWorkspace workspace;
    facts.ram = guest.memory.ram;
    for_each_finding(guest.memory, guest.context, facts, workspace, [&](const Finding& finding) {
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
              "error reserved-bits: PDE 3 = 0x00600083 with reserved bits set: each access faults\n");
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
    EXPECT_EQ(findings_of(guest), "warning table-shared: PDE 5 shares the table p:0x00106000 with PDE 3\n");
    guest.pde(6, 0x00106003);
    EXPECT_EQ(findings_of(guest, {.free = {0x00106000}}),
              "error table-free: PDE 3 uses p:0x00106000 as a table, a free frame that may be given away\n"
              "warning table-shared: PDE 5 and 1 after it share the table p:0x00106000 with PDE 3\n");
    guest.pde(7, 0x00107003);
    guest.pde(8, 0x00107003);
    guest.pde(9, 0x00106007);
    guest.pte(9, 1, 0x00200007);
    EXPECT_EQ(findings_of(guest),
              "note pde-restricts: PTE 3:1 gives rights that PDE 3 takes away\n"
              "warning table-shared: PDE 5 and 1 after it share the table p:0x00106000 with PDE 3\n"
              "warning table-shared: PDE 8 shares the table p:0x00107000 with PDE 7\n"
              "warning table-shared: PDE 9 shares the table p:0x00106000 with PDE 3\n"
              "note alias-rights: PTE 9:1 maps p:0x00200000 with other rights than 0x00c01000 does\n")
        << "a table is looked through again where the slot gives other rights";
}

TEST(Checks, ATableAsWritableData) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pte(3, 7, 0x00106003);
    EXPECT_EQ(findings_of(guest), "warning table-writable: PTE 3:7 maps the page table at p:0x00106000 "
                                  "writably, beside the self-map\n");
    guest.pte(3, 7, 0);
    guest.pde(4, 0x00000083);
    EXPECT_EQ(findings_of(guest), "warning table-writable: PDE 4 maps the page table at p:0x00105000 "
                                  "writably, beside the self-map\n")
        << "a 4 MiB page is told by the first table in it";
}

TEST(Checks, ATableAsDataThatNobodyCanWrite) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pte(3, 7, 0x00106001);
    EXPECT_EQ(findings_of(guest),
              "note table-mapped: PTE 3:7 maps the page table at p:0x00106000 as data, read-only\n");
    guest.pde(3, 0x00106001);
    guest.pte(3, 7, 0x00106003);
    EXPECT_EQ(findings_of(guest),
              "note table-mapped: PTE 3:7 maps the page table at p:0x00106000 as data, read-only\n")
        << "the PDE takes the right to write away";
    EXPECT_EQ(findings_of(guest, {.direct_map_slot = 3}),
              "note pde-restricts: PTE 3:7 gives rights that PDE 3 takes away\n")
        << "a direct map shows tables on purpose";
}

TEST(Checks, ATableThatUserCodeSees) {
    Guest guest;
    guest.pde(3, 0x00106007);
    guest.pte(3, 7, Guest::kDirectory | 7);
    EXPECT_EQ(findings_of(guest),
              "error table-user-writable: PTE 3:7 lets user code rewrite the page table at p:0x00105000\n");
    guest.pte(3, 7, Guest::kDirectory | 5);
    EXPECT_EQ(findings_of(guest),
              "warning table-user: PTE 3:7 lets user code read the page table at p:0x00105000\n");
    guest.pte(3, 7, 0);
    guest.pde(4, 0x00000087);
    EXPECT_EQ(findings_of(guest),
              "error table-user-writable: PDE 4 lets user code rewrite the page table at p:0x00105000\n");
}

TEST(Checks, AVirtualAddressInAPde) {
    Guest guest;
    guest.pde(768, 0x00106003);
    guest.pte(768, 0x107, 0x00107003);
    guest.pde(3, 0xc0107003);
    EXPECT_EQ(findings_of(guest), "error table-virtual: PDE 3 = 0xc0107003 looks like a virtual address, "
                                  "which leads to p:0x00107000; an entry holds physical ones\n");
    guest.pde(3, 0xc0108003); // leads nowhere
    EXPECT_EQ(findings_of(guest),
              "error table-beyond-ram: PDE 3 points at a table at p:0xc0108000, beyond RAM\n");
}

TEST(Checks, FreeFramesInUse) {
    Guest guest;
    guest.pde(3, 0x00106003);
    EXPECT_EQ(findings_of(guest, {.free = {0x00106000}}),
              "error table-free: PDE 3 uses p:0x00106000 as a table, a free frame that may be given away\n");
    guest.pte(3, 9, 0x00200003);
    guest.pte(3, 10, 0x00201003);
    EXPECT_EQ(findings_of(guest, {.free = {0x00200000, 0x00201000}}),
              "warning page-free: PTE 3:9 and 1 after it map p:0x00200000, a free frame that may be given "
              "away\n");
    EXPECT_EQ(findings_of(guest, {.free = {0x00200000}, .direct_map_slot = 3}), "");
    guest.pde(4, 0x00800083);
    EXPECT_EQ(findings_of(guest, {.free = {0x00803000}}),
              "warning page-free: PDE 4 maps p:0x00803000, a free frame that may be given away\n");
}

TEST(Checks, BitsThatTheCpuIgnores) {
    Guest guest;
    guest.pde(3, 0x00106043); // D comes of writing through the window
    EXPECT_EQ(findings_of(guest), "");
    guest.pde(3, 0x00106103);
    EXPECT_EQ(findings_of(guest),
              "warning global-table: G in PDE 3: its window page stays in the TLB when CR3 changes\n");
    guest.context.control.cr4 = 0;
    EXPECT_EQ(findings_of(guest), "") << "without CR4.PGE nothing is global";
    guest.pde(3, 0x00106083);
    EXPECT_EQ(findings_of(guest),
              "note ignored-bits: PDE 3 = 0x00106083 sets bits that the CPU ignores in it (of D, PS, G)\n");
    guest.pde(1023, 0);
    guest.pde(3, 0x00106043);
    EXPECT_EQ(findings_of(guest),
              "note ignored-bits: PDE 3 = 0x00106043 sets bits that the CPU ignores in it (of D, PS, G)\n"
              "note self-map-missing: no slot maps the directory onto itself\n");
    EXPECT_EQ(findings_of(guest, {.window_slot = 1022}),
              "note self-map-missing: no slot maps the directory onto itself\n")
        << "a window sets D as well";
}

TEST(Checks, AGlobalSelfMap) {
    Guest guest;
    guest.pde(1023, Guest::kDirectory | 0x103);
    EXPECT_EQ(findings_of(guest),
              "warning global-table: G in PDE 1023: its window page stays in the TLB when CR3 changes\n");
}

TEST(Checks, ADirectoryCopiedWithItsSelfMap) {
    Guest guest;
    guest.pde(3, 0x00106063); // A and D, from use
    guest.pte(3, 0, 0x00200003);
    constexpr std::uint32_t kCopy = 0x00108000;
    for (std::uint32_t offset = 0; offset < 4096; offset += 4) {
        guest.memory.words[kCopy + offset] = guest.memory(PhysAddr{Guest::kDirectory + offset}).value();
    }
    EXPECT_EQ(findings_of(guest), "");
    guest.context.control.cr3 = kCopy;
    EXPECT_EQ(findings_of(guest), "error self-map-copied: PDE 1023 is the self-map of another directory at "
                                  "p:0x00105000: an edit through it changes that one\n");
    guest.memory.words[kCopy + 4092] = kCopy | 3;
    EXPECT_EQ(findings_of(guest), "");
}

TEST(Checks, AWindowToAnotherDirectoryIsLeftOut) {
    Guest guest;
    guest.memory.words[0x00108ffc] = 0x00108003;
    guest.pde(1022, 0x00108003);
    guest.pte(1022, 5, 0x40000000);
    EXPECT_NE(findings_of(guest), "");
    EXPECT_EQ(findings_of(guest, {.window_slot = 1022}), "");
    guest.pde(1022, Guest::kDirectory | 3);
    EXPECT_EQ(findings_of(guest, {.window_slot = 1022}), "");
}

TEST(Checks, AliasesWithOtherRights) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pde(257, 0x00107007);
    for (std::uint32_t i = 0; i < 4; ++i) {
        guest.pte(256, i, (0x00200000 + i * 4096) | 7);
        guest.pte(257, i, (0x00200000 + i * 4096) | 7);
    }
    EXPECT_EQ(findings_of(guest), "") << "shared memory";
    guest.pte(257, 1, 0x00201005);
    guest.pte(257, 2, 0x00202005);
    EXPECT_EQ(findings_of(guest), "note alias-rights: PTE 257:1 and 1 after it map p:0x00201000 with other "
                                  "rights than 0x40001000 does\n");
    EXPECT_EQ(findings_of(guest, {.direct_map_slot = 256}), "");
    EXPECT_EQ(findings_of(guest, {.direct_map_slot = 257}), "");
}

TEST(Checks, RightsOfAliasesAreThoseOfBothLevels) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 0, 0x00200001);
    guest.pde(257, 0x00107003);
    guest.pte(257, 0, 0x00200001);
    EXPECT_EQ(findings_of(guest), "");
}

TEST(Checks, AliasesWithOtherCacheTypes) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 9, 0x00809007);
    guest.pde(257, 0x00800097); // a 4 MiB page with PCD
    EXPECT_EQ(findings_of(guest), "warning alias-caching: PDE 257 maps p:0x00800000 with another cache type "
                                  "than 0x40009000 does\n");
    guest.pde(257, 0x00801087); // PAT is bit 12 here, bit 7 there
    guest.pte(256, 9, 0x00809087);
    EXPECT_EQ(findings_of(guest), "");
}

TEST(Checks, ScatteredPagesAreCounted) {
    Guest guest;
    guest.pde(256, 0x00106007);
    for (std::uint32_t i = 0; i < 400; ++i) {
        guest.pte(256, i, (0x00200000 + (400 - i) * 8192) | 7);
    }
    EXPECT_EQ(findings_of(guest),
              "note alias-unknown: 60 pages were too scattered to look for their aliases\n");
}

TEST(Checks, NeighboursWithOneComplaintAreOneFinding) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pte(3, 0, 0x02000003);
    guest.pte(3, 1, 0x02001003);
    guest.pte(3, 5, 0x02005003);
    EXPECT_EQ(findings_of(guest),
              "warning page-beyond-ram: PTE 3:0 and 1 after it map p:0x02000000, beyond RAM\n"
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
    guest.pte(3, 10, 0xabc00200);
    guest.pte(3, 11, 0x00200006);
    EXPECT_EQ(findings_of(guest),
              "note data-not-present: PTE 3:9 and 1 after it are not present but hold 0xabc00000: a place in "
              "a swap file, or other data of the system\n"
              "note data-not-present: PTE 3:11 is not present but holds 0x00200006: a stale entry for "
              "p:0x00200000, or a pointer\n"
              "note data-not-present: PDE 600 is not present but holds 0x40000000: a place in a swap file, "
              "or other data of the system\n");
}

TEST(Checks, TheVirtualAddressOfATableInAnEntryThatIsNotPresent) {
    Guest guest;
    guest.pde(3, 0x00106003);
    guest.pde(515, 0xffc03000); // where the self-map shows table 3
    EXPECT_EQ(findings_of(guest), "note data-not-present: PDE 515 is not present but holds 0xffc03000: the "
                                  "virtual address of the page table at p:0x00106000, as MMURTL keeps it\n");
}

/// Memory of which each word is made up, and that counts how often it was read.
struct Hostile {
    std::uint32_t (*word)(PhysAddr);
    std::uint64_t reads = 0;
    std::optional<std::uint32_t> operator()(PhysAddr pa) {
        ++reads;
        return word(pa);
    }
};

TEST(Checks, HostileTablesEnd) {
    constexpr std::uint64_t kEveryEntry = 1024u * 1024u + 16u * 1024u;
    constexpr std::uint32_t (*kWords[])(PhysAddr) = {
        [](PhysAddr) { return 0xffffffffu; },
        [](PhysAddr) { return Guest::kDirectory | 7u; },                             // loops
        [](PhysAddr) { return 0x00106007u; },                                        // one table everywhere
        [](PhysAddr pa) { return static_cast<std::uint32_t>(pa.raw() << 10) | 7u; }, // other ones
        [](PhysAddr pa) { return static_cast<std::uint32_t>(pa.raw() * 2654435761) & ~0x80u; },
        [](PhysAddr pa) { return static_cast<std::uint32_t>(pa.raw()) & ~1u; }, // nothing present
    };
    for (const auto word : kWords) {
        for (const std::uint32_t cr4 : {0u, cr4::kPse | cr4::kPge}) {
            Hostile memory{word};
            CheckWorkspace workspace;
            std::uint64_t findings = 0;
            const PagingContext context{.control = {.cr0 = 0x80010001, .cr3 = Guest::kDirectory, .cr4 = cr4}};
            for_each_finding(memory, context, Facts{.ram = 1ull << 32}, workspace,
                             [&](const Finding&) { ++findings; });
            EXPECT_GT(findings, 0u);
            EXPECT_LE(memory.reads, kEveryEntry);
        }
    }
}

} // namespace
} // namespace pagelab::paging
