#include "kernel/interface/frame_record.hpp"
#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "kernel/interface/tokenizer.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pagelab::interface {
namespace {

std::vector<std::string> commands(std::string_view line) {
    std::vector<std::string> all;
    std::string_view rest = without_comment(line);
    while (const auto command = next_command(rest)) {
        all.emplace_back(*command);
    }
    return all;
}

TEST(Tokenizer, SemicolonsSeparateCommandsAndEmptyOnesVanish) {
    EXPECT_EQ(commands(" map 1 ;; walk 2;  ; "), (std::vector<std::string>{"map 1", "walk 2"}));
    EXPECT_TRUE(commands(" ; \t;").empty());
}

TEST(Tokenizer, AHashAtTheStartOfAWordBeginsAComment) {
    EXPECT_EQ(commands("map 1 # the first; walk 2"), (std::vector<std::string>{"map 1"}));
    EXPECT_EQ(commands("# all"), (std::vector<std::string>{}));
    EXPECT_EQ(commands("echo a#b;#c"), (std::vector<std::string>{"echo a#b"}));
}

TEST(Tokenizer, WordsAreSplitAtBlanks) {
    const Words words = split_words("  map\t0x1000  rw ");
    ASSERT_EQ(words.count, 3u);
    EXPECT_EQ(words[0], "map");
    EXPECT_EQ(words[2], "rw");
    EXPECT_EQ(words[3], "");
    EXPECT_FALSE(words.overflow);
}

TEST(Tokenizer, TooManyWordsAreSaidNotCut) {
    std::string line;
    for (std::size_t i = 0; i < kMaxWords; ++i) {
        line += "a ";
    }
    EXPECT_FALSE(split_words(line).overflow);
    EXPECT_TRUE(split_words(line + "b").overflow);
}

TEST(FrameRecord, HostileRolesReadAsReserved) {
    EXPECT_EQ(FrameRecord{0xffffffff}.role(), FrameRole::reserved);
    EXPECT_EQ(FrameRecord(FrameRole::table, 7).role(), FrameRole::table);
    EXPECT_EQ(FrameRecord(FrameRole::table, 7).references(), 7u);
}

// What two sides agree on: a change here is a change of the interface, and of kLabVersion.
static_assert(layout::kTableWindow.raw() == 0xffc00000 && layout::kDirectoryWindow.raw() == 0xfffff000);
static_assert(layout::kLabPage.raw() == 0x00101000);

} // namespace
} // namespace pagelab::interface
