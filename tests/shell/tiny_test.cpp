// The computer of sixteen pages: the article's walk, the recursive slot, what map and unmap refuse.
#include "kernel/shell/tiny_computer.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;

TEST(TinyComputer, TheSixthPageIsTheSecondOfTheSecondGroup) {
    const TinyComputer tiny;
    const auto walk = tiny.walk(5);
    EXPECT_EQ(walk.table, tiny.entry(TinyComputer::kDirectory, 1));
    EXPECT_EQ(walk.frame, tiny.entry(*walk.table, 1));
    EXPECT_FALSE(tiny.group_of_table(*walk.frame)) << "a page, no table";
}

TEST(TinyComputer, TheFourteenthPageShowsTheSecondGroupsTable) {
    const TinyComputer tiny;
    EXPECT_EQ(tiny.walk(13).table, TinyComputer::kDirectory);
    EXPECT_EQ(tiny.walk(13).frame, tiny.walk(5).table);
    EXPECT_EQ(tiny.group_of_table(*tiny.walk(13).frame), 1u);
}

TEST(TinyComputer, TheLastPageShowsTheDirectory) {
    const TinyComputer tiny;
    EXPECT_EQ(tiny.walk(15).table, TinyComputer::kDirectory);
    EXPECT_EQ(tiny.walk(15).frame, TinyComputer::kDirectory);
}

RC_GTEST_PROP(TinyComputer, StaysWhatAPlainListSays, ()) {
    TinyComputer tiny;
    std::array<std::optional<std::uint32_t>, 12> model;
    for (std::uint32_t page = 0; page < 12; ++page) {
        model[page] = tiny.walk(page).frame;
    }
    for (const std::uint32_t step :
         *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 12 * 32))) {
        const std::uint32_t page = step % 12;
        // Frames of tables are left out: a page on a table's frame is possible, but no model of pages.
        const std::uint32_t frame = 4 + step / 12 % 12;
        if (step / 12 >= 16 || model[page] || tiny.group_of_table(frame)) {
            tiny.unmap(page);
            model[page].reset();
        } else {
            const auto made = tiny.map(page, frame);
            RC_ASSERT(made != frame);
            RC_ASSERT(made.value_or(0) < TinyComputer::kFrames);
            model[page] = frame;
        }
        for (std::uint32_t each = 0; each < 12; ++each) {
            RC_ASSERT(tiny.walk(each).frame == model[each]);
        }
        for (std::uint32_t group = 0; group < 4; ++group) {
            RC_ASSERT(tiny.walk(12 + group).frame == tiny.entry(TinyComputer::kDirectory, group));
        }
    }
}

TEST(Tiny, WalksInTheWordsOfTheArticle) {
    Session session;
    EXPECT_EQ(session.run("tiny walk 5"),
              (std::vector<std::string>{
                  "page 5 is the sixth page: the second page of the second group",
                  "I    the register holds the address of the directory: frame 0",
                  "II   the second entry of the directory (1): frame 2, the table of the second group",
                  "III  the second entry of the table (1): frame 10", "page 5 shows frame 10"}));
    EXPECT_EQ(
        session.run("tiny walk 13"),
        (std::vector<std::string>{
            "page 13 is the fourteenth page: the second page of the fourth group",
            "I    the register holds the address of the directory: frame 0",
            "II   the fourth entry of the directory (3): frame 0, the directory itself, taken for a table",
            "III  the second entry of this 'table' (1): frame 2, the table of the second group",
            "page 13 shows frame 2, the table of the second group"}));
    EXPECT_EQ(session.run("tiny walk 15").back(), "page 15 shows frame 0, the directory itself");
    EXPECT_EQ(session.run("tiny walk 2").back(), "no page: page 2 shows nothing");
    EXPECT_EQ(session.run("tiny walk 9").back(), "no page: the third group has no table");
    EXPECT_EQ(session.status(), Status::ok);
}

TEST(Tiny, DrawsPagesTablesAndFrames) {
    Session session;
    const auto lines = session.run("tiny");
    EXPECT_NE(std::find(lines.begin(), lines.end(),
                        "shows     | 9| 4| -|12|   | 7|10| 5| -|   | -| -| -| -|   | 1| 2| -| 0|"),
              lines.end())
        << session.text("tiny");
    EXPECT_NE(session.text("tiny").find("directory frame  0: | 1| 2| -| 0*|  * recursive"),
              std::string::npos);
    EXPECT_NE(
        session.text("tiny").find("holds     | D| T| T|  |   | p| p|  | p|   |  | p| p|  |   | p|  |  |  |"),
        std::string::npos);
    for (const std::string& line : lines) {
        EXPECT_LE(line.size(), 79u) << line;
    }
}

TEST(Tiny, MapsWithANewTableAndUnmaps) {
    Session session;
    const std::string start = session.text("tiny");
    EXPECT_EQ(
        session.run("tiny map 9 6"),
        (std::vector<std::string>{"the third group had no table: frame 3 is one now, and entry 2 of the "
                                  "directory leads to it",
                                  "page 9 shows frame 6"}));
    EXPECT_EQ(session.run("tiny walk 9").back(), "page 9 shows frame 6");
    EXPECT_EQ(session.run("tiny walk 14").back(), "page 14 shows frame 3, the table of the third group");
    EXPECT_EQ(session.run("tiny map 2 0").back(), "page 2 shows frame 0, the directory itself");
    EXPECT_EQ(session.run("tiny unmap 9"),
              (std::vector<std::string>{"page 9 showed frame 6; its table stays"}));
    EXPECT_EQ(session.text("tiny reset"), start);
    EXPECT_EQ(session.text("tiny"), start);
}

TEST(Tiny, TouchesNothingOfTheMachine) {
    Session session;
    session.run("");
    const auto before = session.machine.snapshot();
    session.run("tiny; tiny map 9 6; tiny unmap 9; tiny walk 3");
    EXPECT_EQ(session.machine.snapshot(), before);
}

TEST(Tiny, RefusesWithTheReason) {
    const std::string recursive = ": its entry is entry 1 of the directory itself, which the MMU walks "
                                  "through; take a page from 0 to 11";
    const std::vector<std::pair<std::string, std::string>> errors = {
        {"tiny map 13 4", "page 13 shows tables" + recursive},
        {"tiny unmap 13", "page 13 shows tables" + recursive},
        {"tiny map 5 4", "page 5 shows frame 10 already; tiny unmap 5 makes room"},
        {"tiny unmap 9", "page 9 shows no frame; tiny draws those that do"},
        {"tiny walk", "usage: tiny walk PAGE"},
        {"tiny walk 1 2", "usage: tiny walk PAGE"},
        {"tiny map 1", "usage: tiny map PAGE FRAME"},
        {"tiny reset 1", "usage: tiny reset"},
        {"tiny walk 16", "'16' is no page from 0 to 15"},
        {"tiny walk -1", "'-1' is no page from 0 to 15"},
        {"tiny walk banana", "'banana' is no page from 0 to 15"},
        {"tiny walk 4294967296", "'4294967296' is no page from 0 to 15"},
        {"tiny walk 0x5", "'0x5' is no page; did you mean 5?"},
        {"tiny map 9 16", "'16' is no frame from 0 to 15"},
        {"tiny wlak 5", "'wlak' is nothing that tiny does; did you mean walk?"},
        {"tiny banana", "'banana' is nothing that tiny does: walk, map, unmap, reset"},
        {"tiny map 1 2 3", "'3' is one argument too many; usage: tiny [walk PAGE|map PAGE FRAME|unmap "
                           "PAGE|reset]"},
        {"tiny --json", "'--json' is not an option of tiny; usage: tiny [walk PAGE|map PAGE FRAME|unmap "
                        "PAGE|reset]"}};
    for (const auto& [line, text] : errors) {
        Session session;
        const std::string start = session.text("tiny");
        const auto lines = session.run(line);
        ASSERT_EQ(lines.size(), 1u) << line;
        EXPECT_TRUE(lines[0] == "error: " + text || lines[0].find("\"text\":\"" + text) != lines[0].npos)
            << lines[0];
        EXPECT_EQ(session.status(), Status::error) << line;
        EXPECT_EQ(session.text("tiny"), start) << line;
    }
}

TEST(Tiny, WhatItProposesWorks) {
    for (const char* line : {"tiny unmap 5; tiny map 5 4", "tiny map 11 4", "tiny", "tiny walk 5"}) {
        Session session;
        session.run(line);
        EXPECT_EQ(session.status(), Status::ok) << line;
    }
}

} // namespace
} // namespace pagelab::shell::test
