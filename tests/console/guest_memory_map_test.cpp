#include "serial-console/src/guest/memory_map.hpp"
#include "serial-console/src/guest/monitor_memory.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pagelab::console::guest {
namespace {

using paging::PhysAddr;
using paging::PhysRange;

RamPiece piece(std::uint64_t first, std::uint64_t end, std::uint64_t offset) {
    return {{PhysAddr{first}, PhysAddr{end}}, offset};
}

/// As QEMU 7.2 prints it for q35 with 3.5 GiB, shortened.
constexpr const char* kTree = R"(FlatView #0
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan

FlatView #1
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): mem0
  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem
  00000000000c0000-00000000000cafff (prio 0, rom): mem0 @00000000000c0000
  00000000000cb000-00000000000fffff (prio 0, ram): mem0 @00000000000cb000
  0000000000100000-000000007fffffff (prio 0, ram): mem0 @0000000000100000
  00000000fd000000-00000000fdffffff (prio 1, ram): vga.vram
  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios
  0000000100000000-000000015fffffff (prio 0, ram): mem0 @0000000080000000

FlatView #2
 AS "cpu-smm-0", root: memory
  0000000000000000-00000000000bffff (prio 0, ram): mem0
)";

TEST(MemoryMap, RamIsFoundAroundItsHolesWithItsPlaceInTheFile) {
    const std::vector<RamPiece> expected = {piece(0, 0xa0000, 0), piece(0xc0000, 0x80000000, 0xc0000),
                                            piece(0x100000000, 0x160000000, 0x80000000)};
    EXPECT_EQ(parse_memory_map(kTree), expected);
}

TEST(MemoryMap, TextWithoutTheCpusViewHasNoRam) {
    EXPECT_TRUE(parse_memory_map("").empty());
    EXPECT_TRUE(parse_memory_map("FlatView #0\n AS \"I/O\", root: io\n"
                                 "  0000000000000000-000000000009ffff (prio 0, ram): ram\n")
                    .empty());
}

TEST(MemoryMap, LinesThatContradictThemselvesAreLeftOut) {
    const std::string head = "FlatView #0\n AS \"memory\", root: system\n"
                             "  0000000000000000-0000000000000fff (prio 0, ram): ram\n";
    const std::vector<RamPiece> only_first = {piece(0, 0x1000, 0)};
    for (const char* const line : {"  0000000000002000-0000000000001fff (prio 0, ram): ram\n", // backwards
                                   "  0000000000000000-0000000000003fff (prio 0, ram): ram\n", // overlaps
                                   "  0000000000002000-0000000000002ffe (prio 0, ram): ram\n", // odd
                                   "  0000000000002000-ffffffffffffffff (prio 0, ram): ram\n", // endless
                                   "  000000000000zzzz-0000000000002fff (prio 0, ram): ram\n", // no number
                                   "  0000000000002000-0000000000002fff (prio 0, ram): other\n",
                                   "  0000000000002000-0000000000002fff (prio 0, i/o): ram\n",
                                   "  0000000000002000-0000000000002fff (prio 0, ram): ram @xyz\n",
                                   "  0000000000002000", "  0000000000002000-00ff", "  00ff", " @", "\n"}) {
        EXPECT_EQ(parse_memory_map(head + line), only_first) << line;
    }
}

TEST(MonitorWords, AFrameIsExactly1024Words) {
    std::string text;
    for (int line = 0; line < 256; ++line) {
        text += "0000000000200000: 0x00201023 0x00400183 0x00800085 0xffffffff\r\n";
    }
    const auto words = parse_words(text);
    ASSERT_TRUE(words);
    EXPECT_EQ((*words)[0], 0x00201023u);
    EXPECT_EQ((*words)[1023], 0xffffffffu);
    EXPECT_FALSE(parse_words(text + " 0x00000001"));
    EXPECT_FALSE(parse_words("000000007f000000: Cannot access memory\r\n"));
    EXPECT_FALSE(parse_words(text.substr(40)));
    EXPECT_FALSE(parse_words(" 0x"));
    EXPECT_FALSE(parse_words(text + " 0x123456789"));
}

} // namespace
} // namespace pagelab::console::guest
