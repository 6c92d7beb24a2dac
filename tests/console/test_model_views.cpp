// The views' keys, one by one: switching, moving, opening, searching, asking, copying, the machine's keys.
#include "picture_fixture.hpp"

#include "serial-console/src/model/regions.hpp"
#include "serial-console/src/model/search.hpp"
#include "serial-console/src/model/texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pagelab::console::model {
namespace {

using fixture::lab;
using fixture::press;
using fixture::state_with;
using fixture::type;

const Key kDown = Key::of(KeyCode::down);
const Key kRight = Key::of(KeyCode::right);
const Key kEnter = Key::of(KeyCode::enter);
const Key kEscape = Key::of(KeyCode::escape);

bool holds(const std::vector<Effect>& effects, const Effect& wanted) {
    return std::ranges::find(effects, wanted) != effects.end();
}

struct Views : ::testing::Test {
    State state = state_with(lab({0x00200007, 0x00201007, 0x00202005}));

    Views() { press(state, Key::f(6)); }
    std::vector<Effect> after_prefix(char32_t letter) {
        press(state, kPrefixKey);
        return press(state, Key::of(letter));
    }
    void take(std::shared_ptr<const Snapshot> snapshot, Time at) {
        static_cast<void>(update(state, {at, SnapshotTaken{std::move(snapshot)}}));
    }
};

TEST_F(Views, ANumberShowsAViewInThePictureAndAfterThePrefixEverywhere) {
    for (std::size_t i = 0; i < kTabCount; ++i) {
        press(state, Key::of(U'1' + static_cast<char32_t>(i)));
        EXPECT_EQ(state.view, static_cast<View>(i));
    }
    press(state, Key::f(6));
    ASSERT_EQ(state.focus, Pane::terminal);
    EXPECT_EQ(press(state, Key::of(U'4')), std::vector<Effect>{SendSerial{"4"}});
    after_prefix(U'4');
    EXPECT_EQ(state.view, View::maps);
    EXPECT_EQ(state.focus, Pane::terminal) << "both panes are on the screen";
    press(state, Key::f(2));
    EXPECT_EQ(state.view, View::frames);
    press(state, kPrefixKey);
    press(state, Key::of(U'v'));
    EXPECT_EQ(state.view, View::log);
}

TEST_F(Views, TabGoesThroughTheViewsAndAround) {
    state.view = View::regs;
    press(state, Key::of(KeyCode::tab));
    EXPECT_EQ(state.view, View::directory);
    press(state, Key::of(KeyCode::back_tab));
    EXPECT_EQ(state.view, View::regs);
}

TEST_F(Views, WhereOnePaneFitsAViewTakesTheFocusToThePicture) {
    state.size = {20, 60};
    press(state, Key::f(6));
    after_prefix(U'3');
    EXPECT_EQ(state.focus, Pane::picture);
}

TEST_F(Views, TheCheckAndTheRegistersAreAskedForWhenTheyAreShownAndWhenSomethingChanged) {
    EXPECT_TRUE(holds(press(state, Key::of(U'7')), Ask{View::check, "check"}));
    EXPECT_TRUE(holds(update(state, {Time{9}, SnapshotTaken{lab({0x00300007})}}), Ask{View::check, "check"}));
    EXPECT_TRUE(holds(press(state, Key::of(U'8')), ReadRegisters{}));
    press(state, Key::of(U'1'));
    EXPECT_TRUE(update(state, {Time{10}, SnapshotTaken{lab()}}).empty());
}

TEST_F(Views, InTheTableArrowsMoveByPagesAndByLinesOf64) {
    type(state, U"g256:0");
    press(state, kEnter);
    press(state, Key::of(U'2'));
    press(state, kRight);
    EXPECT_EQ(state.cursor.raw(), 0x40001000u);
    press(state, kDown);
    EXPECT_EQ(state.cursor.raw(), 0x40041000u);
    type(state, U"n");
    EXPECT_EQ(state.cursor.raw(), 0x40000000u) << "the next entry in use, around the end";
    press(state, Key::of(KeyCode::end));
    EXPECT_EQ(state.cursor.raw(), 0x403ff000u);
}

TEST_F(Views, EnterOpensWhatIsUnderTheCursor) {
    type(state, U"g256:1");
    press(state, kEnter);
    press(state, kEnter);
    EXPECT_EQ(state.view, View::table);
    press(state, kEnter);
    EXPECT_EQ(state.view, View::walk);
    EXPECT_EQ(state.cursor.raw(), 0x40001000u);
}

TEST_F(Views, InMapsTheArrowsGoFromRegionToRegion) {
    press(state, Key::of(U'4'));
    press(state, Key::of(KeyCode::home));
    EXPECT_EQ(state.cursor.raw(), 0x40000000u);
    press(state, kDown);
    EXPECT_EQ(state.cursor.raw(), 0x40002000u);
    press(state, Key::of(KeyCode::end));
    EXPECT_EQ(state.cursor.raw(), 0xffc00000u) << "the self-map is one line";
    press(state, kEnter);
    EXPECT_EQ(state.view, View::walk);
}

TEST_F(Views, FramesBeginWhereTheAddressLeadsAndEnterGoesToWhoShowsIt) {
    type(state, U"g256:1");
    press(state, kEnter);
    press(state, Key::of(U'5'));
    EXPECT_EQ(state.frame_cursor, 0x201u);
    press(state, Key::of(KeyCode::left));
    EXPECT_EQ(state.frame_cursor, 0x1fcu) << "a cell stands for four frames";
    press(state, kRight);
    EXPECT_EQ(state.frame_cursor, 0x200u);
    press(state, kEnter);
    EXPECT_EQ(state.cursor.raw(), 0x40000000u);
    EXPECT_EQ(state.view, View::walk);
}

TEST_F(Views, TheJournalFollowsTheNewestUntilAnotherIsSelected) {
    press(state, Key::of(U'6'));
    EXPECT_FALSE(state.event);
    press(state, Key::of(KeyCode::up));
    EXPECT_EQ(state.event, 4u);
    press(state, Key::of(KeyCode::up));
    press(state, kEnter);
    EXPECT_EQ(state.cursor.raw(), 0x40000000u) << "the record's address";
    press(state, Key::of(U'6'));
    press(state, Key::of(KeyCode::end));
    EXPECT_FALSE(state.event);
}

TEST_F(Views, AVerbIsAskedAndItsAnswerIsAViewWithAWayBack) {
    press(state, Key::of(U'4'));
    EXPECT_TRUE(type(state, U":find p:0x00200000").empty());
    EXPECT_EQ(press(state, kEnter), (std::vector<Effect>{Ask{View::answer, "find p:0x00200000"}}));
    static_cast<void>(update(
        state, {Time{1}, Answered{View::answer, "find p:0x00200000", {"no address", "0x40000000  4 KiB"}}}));
    EXPECT_EQ(state.view, View::answer);
    press(state, kEnter);
    EXPECT_NE(state.note.find("names no virtual address"), std::string::npos);
    press(state, kDown);
    EXPECT_EQ(press(state, Key::of(U'y')), (std::vector<Effect>{Copy{"no address\n0x40000000  4 KiB\n"}}));
    press(state, kEscape);
    EXPECT_EQ(state.view, View::maps);
    static_cast<void>(update(state, {Time{1}, Answered{View::answer, "x", {"0x40001000 p:0x00200000"}}}));
    press(state, kEnter);
    EXPECT_EQ(state.cursor.raw(), 0x40001000u);
    EXPECT_EQ(state.view, View::walk);
}

TEST_F(Views, AQuestionCanBeAskedFromTheTerminal) {
    press(state, Key::f(6));
    after_prefix(U':');
    ASSERT_TRUE(state.question);
    type(state, U"check");
    EXPECT_EQ(press(state, kEnter), (std::vector<Effect>{Ask{View::answer, "check"}}));
    EXPECT_EQ(press(state, Key::of(U'x')), std::vector<Effect>{SendSerial{"x"}});
}

TEST_F(Views, ASearchGoesFromAliasToAlias) {
    type(state, U"g0");
    press(state, kEnter);
    type(state, U"/p:0x00200010");
    press(state, kEnter);
    EXPECT_EQ(state.cursor.raw(), 0x40000010u);
    EXPECT_NE(state.note.find("1 of 2"), std::string::npos) << state.note;
    type(state, U"n");
    EXPECT_EQ(state.cursor.raw(), 0xffebd010u) << "the window page of PDE 701, a page of 4 MiB";
    type(state, U"n");
    EXPECT_EQ(state.cursor.raw(), 0x40000010u) << "around the end";
    type(state, U"N");
    EXPECT_EQ(state.cursor.raw(), 0xffebd010u);
    press(state, kEscape);
    type(state, U"n");
    EXPECT_EQ(state.slot(), 5u) << "the search is over: n is the next slot in use";
}

TEST_F(Views, ASearchFindsRightsAndAddresses) {
    type(state, U"g0");
    press(state, kEnter);
    type(state, U"/u");
    press(state, kEnter);
    EXPECT_EQ(state.cursor.raw(), 0x40000000u);
    type(state, U"/768:256");
    press(state, kEnter);
    EXPECT_EQ(state.cursor.raw(), 0xc0100000u);
    type(state, U"/uwg");
    press(state, kEnter);
    ASSERT_TRUE(state.question);
    EXPECT_EQ(state.question->error, "no page has the rights uwg");
    press(state, kEscape);
    type(state, U"/p:banana");
    press(state, kEnter);
    EXPECT_EQ(state.question->error, "'p:banana' is not a physical address; an example is p:0x00101000");
    EXPECT_EQ(state.cursor.raw(), 0xc0100000u);
}

TEST_F(Views, TheWalkIsCopiedInTheShellsWords) {
    type(state, U"g0x40000000");
    press(state, kEnter);
    const auto effects = press(state, Key::of(U'y'));
    ASSERT_EQ(effects.size(), 1u);
    const std::string text = std::get<Copy>(effects.front()).text;
    EXPECT_TRUE(text.starts_with("0x40000000 = 256:0:0x000  cr3 p:0x00105000  32-bit\nPDE 256 ")) << text;
    EXPECT_TRUE(text.ends_with("p:0x00200000  4 KiB page  kernel rwx  user rwx\n")) << text;
}

TEST_F(Views, InTheTerminalTheLastOutputIsCopied) {
    static_cast<void>(update(
        state, {Time{1}, SerialReceived{"echo a\r\n\x1b]133;C\x07one\r\ntwo\r\n\x1b]133;D;0\x07pagelab> "}}));
    press(state, Key::f(6));
    EXPECT_EQ(after_prefix(U'y'), (std::vector<Effect>{Copy{"one\ntwo\n"}}));
}

TEST_F(Views, TheTerminalsLinesAreSearchedFromTheNewestOn) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) {
        bytes += "line " + std::to_string(i) + "\r\n";
    }
    static_cast<void>(update(state, {Time{1}, SerialReceived{bytes}}));
    press(state, Key::f(6));
    after_prefix(U'/');
    type(state, U"line 4");
    press(state, kEnter);
    EXPECT_FALSE(state.question);
    const std::size_t first = state.scroll;
    EXPECT_GT(first, 30u);
    EXPECT_TRUE(after_prefix(U'n').empty());
    EXPECT_GT(state.scroll, first);
    EXPECT_EQ(press(state, Key::of(U'x')), std::vector<Effect>{SendSerial{"x"}});
    EXPECT_EQ(state.scroll, 0u);
    after_prefix(U'/');
    type(state, U"banana");
    press(state, kEnter);
    EXPECT_EQ(state.question->error, "no line holds 'banana'");
}

TEST_F(Views, TheMachinesKeysHoldAfterThePrefixOnly) {
    EXPECT_EQ(after_prefix(U'p'), std::vector<Effect>{HoldGuest{true}});
    state.run = Run::stopped;
    EXPECT_EQ(after_prefix(U'p'), std::vector<Effect>{HoldGuest{false}});
    state.run = Run::stopped_by_gdb;
    EXPECT_TRUE(after_prefix(U'p').empty());
    EXPECT_NE(state.note.find("GDB holds the guest"), std::string::npos);
    state.run = Run::running;
    EXPECT_EQ(after_prefix(U'c'), std::vector<Effect>{TypeCommand{"checkpoint"}});
    EXPECT_EQ(after_prefix(U'r'), std::vector<Effect>{TypeCommand{"restore"}});
    EXPECT_EQ(after_prefix(U's'), std::vector<Effect>{StepLine{}});
    EXPECT_EQ(after_prefix(U'i'), std::vector<Effect>{SendNmi{}});
    EXPECT_EQ(after_prefix(U'R'), std::vector<Effect>{BootAfresh{}});
    for (const char32_t letter : U"ucrisR") {
        if (letter != U'\0') {
            EXPECT_TRUE(press(state, Key::of(letter)).empty());
        }
    }
}

TEST_F(Views, TheMouseIsTheUsersUntilF8) {
    EXPECT_EQ(press(state, Key::f(8)), std::vector<Effect>{TakeMouse{true}});
    EXPECT_EQ(press(state, Key::f(8)), std::vector<Effect>{TakeMouse{false}});
}

TEST_F(Views, AClickGoesToATabASlotOrAPane) {
    const auto click_at = [&](int row, int column) {
        static_cast<void>(update(state, {state.now, MouseUsed{MouseUsed::What::press, row, column}}));
    };
    click_at(0, tabs(true)[3].column + 1);
    EXPECT_EQ(state.view, View::maps);
    click_at(0, 2);
    EXPECT_EQ(state.view, View::directory);
    click_at(3, kGridLabel);
    EXPECT_EQ(state.slot(), 256u);
    click_at(3, kGridLabel);
    EXPECT_EQ(state.slot(), 320u) << "again: the lower half of the cell";
    click_at(15, 5);
    EXPECT_EQ(state.focus, Pane::terminal);
    click_at(3, kGridLabel + 1);
    EXPECT_EQ(state.focus, Pane::picture);
    EXPECT_EQ(state.slot(), 257u);
}

TEST_F(Views, WhatChangedGlowsAndFadesInEachView) {
    take(lab({0x00200007, 0x00203007, 0x00202005}), Time{1000});
    EXPECT_GT(state.entry_glow(256, 1), 0);
    EXPECT_EQ(state.entry_glow(256, 0), 0);
    EXPECT_TRUE(state.animated());
    static_cast<void>(update(state, {Time{1000} + kGlowTime, Tick{}}));
    EXPECT_EQ(state.entry_glow(256, 1), 0);
    EXPECT_FALSE(state.animated());

    auto next = lab({0x00200007});
    auto journal = std::make_shared<Journal>(*next->journal);
    journal->push_back({.sequence = 6, .kind = interface::JournalKind::begin, .count = 8});
    next->journal = journal;
    auto frames = std::make_shared<FrameMap>(*next->frames);
    frames->records[0x203] = interface::FrameRecord { interface::FrameRole::data, 1 };
    next->frames = frames;
    take(next, Time{9000});
    EXPECT_GT(state.event_glow(6), 0);
    EXPECT_EQ(state.event_glow(5), 0);
    EXPECT_GT(state.frame_glow(0x203), 0);
    EXPECT_EQ(state.frame_glow(0x202), 0);
}

TEST_F(Views, EachViewHasATextTwinInTheCoresWords) {
    EXPECT_EQ(map_lines(state).front(),
              "0x40000000-0x40002000      8 KiB  p:0x00200000  4 KiB  kernel rwx  user rwx  "
              "RW US");
    EXPECT_EQ(map_lines(state).back().find("5 regions, "), 0u) << map_lines(state).back();
    EXPECT_EQ(directory_lines(state).back(), "7 of 1024 slots in use");
    type(state, U"g256:0");
    press(state, kEnter);
    EXPECT_EQ(table_lines(state).back(), "3 of 1024 entries in use");
    type(state, U"g0");
    press(state, kEnter);
    EXPECT_EQ(table_lines(state).front(), "PDE 0 leads to no page table: not present");
    EXPECT_EQ(log_lines(state).size(), 5u);
}

TEST_F(Views, WithoutASnapshotNoKeyDoesHarm) {
    State bare;
    press(bare, Key::f(6));
    for (std::size_t i = 0; i < kViewCount; ++i) {
        bare.view = static_cast<View>(i);
        for (const KeyCode code :
             {KeyCode::up, KeyCode::down, KeyCode::left, KeyCode::right, KeyCode::home, KeyCode::end,
              KeyCode::page_up, KeyCode::page_down, KeyCode::enter, KeyCode::escape}) {
            bare.question.reset();
            press(bare, Key::of(code));
        }
        bare.question.reset();
        type(bare, U"nN[]fy");
        type(bare, U"/u");
        press(bare, kEnter);
    }
    EXPECT_FALSE(bare.snapshot);
}

} // namespace
} // namespace pagelab::console::model
