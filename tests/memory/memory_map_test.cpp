#include "kernel/memory/memory_map.hpp"
#include "kernel/memory/multiboot.hpp"

#include <gtest/gtest.h>
#include <map>
#include <rapidcheck/gtest.h>
#include <set>

namespace pagelab::memory {
namespace {

TEST(MemoryMap, TakesEntriesInAnyOrderAndSkipsEmptyAndUnknownOnes) {
    MemoryMap map;
    map.add(0x100000, 0xf00000, 1);
    map.add(0, 0x9fc00, 1);
    map.add(0, 0, 0);
    map.add(0x9fc00, 0x400, 2);
    map.add(0xfffc0000, 0x40000, 2);
    map.add(0x20000000, 0x1000, 77);
    ASSERT_EQ(map.size(), 2u);
    EXPECT_EQ(map[0], (FrameRange{0, 0x9f}));
    EXPECT_EQ(map[1], (FrameRange{0x100, 0x1000}));
    EXPECT_EQ(map.ram_end(), 0x1000000u);
}

TEST(MemoryMap, KnowsTheEndOfRamAbove4GiBButNamesNoFrameThere) {
    MemoryMap map;
    map.add(0x100000, 0xbff00000, 1);
    map.add(0x100000000, 0x40000000, 1);
    EXPECT_EQ(map.ram_end(), 0x140000000u);
    EXPECT_FALSE(map.is_ram(0x100000));
    EXPECT_TRUE(map.is_ram(0xbffff));
    EXPECT_EQ(map.count(0, 0x100000), 0xbff00u);
}

TEST(MemoryMap, AnswersLikeASetOfFrames) {
    EXPECT_TRUE(rc::check("next_ram, run_length and count against a set", [] {
        MemoryMap map;
        std::set<std::uint32_t> frames;
        const int entries = *rc::gen::inRange(0, 12);
        for (int i = 0; i < entries; ++i) {
            const auto base = *rc::gen::inRange<std::uint64_t>(0, 64 * 4096);
            const auto length = *rc::gen::inRange<std::uint64_t>(0, 20 * 4096);
            const auto type = *rc::gen::inRange<std::uint32_t>(0, 3);
            map.add(base, length, type);
            for (std::uint64_t f = (base + 4095) / 4096; type == 1 && f < (base + length) / 4096; ++f) {
                frames.insert(static_cast<std::uint32_t>(f));
            }
        }
        for (std::uint32_t f = 0; f < 90; ++f) {
            RC_ASSERT(map.is_ram(f) == frames.contains(f));
            const auto next = frames.lower_bound(f);
            RC_ASSERT(map.next_ram(f) == (next == frames.end() ? std::nullopt : std::optional(*next)));
            std::uint32_t run = 0;
            while (frames.contains(f + run)) {
                ++run;
            }
            RC_ASSERT(map.run_length(f) == run);
        }
        RC_ASSERT(map.count(0, 1u << 20) == frames.size());
    }));
}

TEST(BootLine, IgnoresAllUpToTheFirstLoneDoubleDash) {
    const BootLine line = parse_boot_line("/a b;c--d/pagelab.elf -- batch -- map 0x40000000; maps --user");
    EXPECT_TRUE(has_boot_word(line.words, "batch"));
    EXPECT_EQ(line.commands, " map 0x40000000; maps --user");
    EXPECT_TRUE(parse_boot_line("kernel batch").words.empty());
    EXPECT_TRUE(parse_boot_line("kernel -- quiet").commands.empty());
    EXPECT_FALSE(has_boot_word(parse_boot_line("k -- batches").words, "batch"));
    EXPECT_TRUE(has_boot_word(parse_boot_line("--  batch").words, "batch"));
}

TEST(Multiboot, ReadsMapAndCommandLineOfAnyAlignment) {
    std::map<std::uint32_t, std::uint8_t> memory;
    const auto put = [&](std::uint32_t at, std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) {
            memory[at + static_cast<std::uint32_t>(i)] = static_cast<std::uint8_t>(value >> (8 * i));
        }
    };
    put(0x9000, (1u << 2) | (1u << 6), 4);
    put(0x9010, 0x8001, 4);
    put(0x902c, 24 * 2, 4);
    put(0x9030, 0x9101, 4);
    put(0x9101, 20, 4);
    put(0x9105, 0x100000, 8);
    put(0x910d, 0x100000, 8);
    put(0x9115, 1, 4);
    put(0x9119, 20, 4); // empty, type 0: what qboot ends with
    const std::string text = "k -- batch";
    for (std::size_t i = 0; i < text.size(); ++i) {
        memory[0x8001 + static_cast<std::uint32_t>(i)] = static_cast<std::uint8_t>(text[i]);
    }
    auto read = [&](std::uint32_t at) {
        std::uint32_t word = 0;
        for (std::uint32_t i = 0; i < 4; ++i) {
            word |= static_cast<std::uint32_t>(memory[at + i]) << (8 * i);
        }
        return word;
    };
    MultibootInformation information{read, 0x9000};
    const MemoryMap map = information.memory_map();
    ASSERT_EQ(map.size(), 1u);
    EXPECT_EQ(map[0], (FrameRange{0x100, 0x200}));
    CommandLine line;
    information.command_line(line);
    EXPECT_EQ(line.text(), text);
}

} // namespace
} // namespace pagelab::memory
