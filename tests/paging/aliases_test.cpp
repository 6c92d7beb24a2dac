#include "kernel/paging/aliases.hpp"
#include "tests/paging/memory.hpp"

#include <gtest/gtest.h>

namespace pagelab::paging {
namespace {

using tests::Guest;

std::string uses_of(Guest& guest, std::uint64_t pa) {
    tests::Text out;
    for_each_alias(guest.memory, guest.context, PhysAddr{pa}, [&](const Alias& alias) {
        put_alias(out, alias);
        out.put("\n");
    });
    return out.text;
}

TEST(Aliases, EveryPageOfAFrameIsFoundWithItsOwnRights) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pte(256, 0, 0x00800003);
    guest.pte(256, 1023, 0x00800005);
    guest.pde(257, 0x00800083);
    EXPECT_EQ(uses_of(guest, 0x00800010), "0x40000010  4 KiB  PDE 256 PTE 256:0  kernel rwx  user ---\n"
                                          "0x403ff010  4 KiB  PDE 256 PTE 256:1023  kernel r-x  user r-x\n"
                                          "0x40400010  4 MiB  PDE 257  kernel rwx  user ---\n"
                                          // The window's page of a 4 MiB PDE shows data, not a table.
                                          "0xffd01010  4 KiB  PDE 1023 PTE 1023:257  kernel rwx  user ---\n");
}

TEST(Aliases, ATableIsUsedByItsPdeAndSeenInTheWindow) {
    Guest guest;
    guest.pde(256, 0x00106007);
    EXPECT_EQ(uses_of(guest, 0x00106000), "table in PDE 256 (0x40000000)\n"
                                          "0xffd00000  4 KiB  PDE 1023 PTE 1023:256  kernel rwx  user ---\n");
}

TEST(Aliases, TheDirectoryIsUsedByCr3AndByItsSelfMap) {
    Guest guest;
    EXPECT_EQ(uses_of(guest, Guest::kDirectory),
              "table in PDE 1023 (0xffc00000)\n"
              "0xfffff000  4 KiB  PDE 1023 PTE 1023:1023  kernel rwx  user ---\n"
              "directory in CR3\n");
}

TEST(Aliases, TwoSlotsWithOneTableAreBothFound) {
    Guest guest;
    guest.pde(256, 0x00106007);
    guest.pde(300, 0x00106003);
    guest.pte(256, 5, 0x00200003);
    EXPECT_EQ(uses_of(guest, 0x00200000), "0x40005000  4 KiB  PDE 256 PTE 256:5  kernel rwx  user ---\n"
                                          "0x4b005000  4 KiB  PDE 300 PTE 300:5  kernel rwx  user ---\n");
}

TEST(Aliases, JsonHasNullsWhereAUseHasNoSuchThing) {
    Guest guest;
    tests::Text out;
    for_each_alias(guest.memory, guest.context, PhysAddr{Guest::kDirectory}, [&](const Alias& alias) {
        write_json(out, alias);
        out.put("\n");
    });
    EXPECT_EQ(out.text,
              R"({"record":"alias","v":1,"pa":"0x00105000","use":"table","va":"0xffc00000","page_size":null,)"
              R"("kernel":null,"user":null,"pdi":1023,"pti":null})"
              "\n"
              R"({"record":"alias","v":1,"pa":"0x00105000","use":"page","va":"0xfffff000","page_size":4096,)"
              R"("kernel":"rwx","user":"---","pdi":1023,"pti":1023})"
              "\n"
              R"({"record":"alias","v":1,"pa":"0x00105000","use":"directory","va":null,"page_size":null,)"
              R"("kernel":null,"user":null,"pdi":null,"pti":null})"
              "\n");
}

} // namespace
} // namespace pagelab::paging
