#include "picture_fixture.hpp"

#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/model/wrap.hpp"

#include <gtest/gtest.h>

namespace pagelab::console::model {
namespace {

using fixture::lab;
using fixture::press;
using fixture::state_with;
using fixture::type;

using Effects = std::vector<Effect>;
const Key kUp = Key::of(KeyCode::up);
const Key kEnter = Key::of(KeyCode::enter);
const Key kEscape = Key::of(KeyCode::escape);
const Key kRight = Key::of(KeyCode::right);

struct Keys : ::testing::Test {
    State state = state_with(lab());
};

TEST_F(Keys, TheTerminalHasTheFocusAtStartAndGetsEveryKey) {
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{SendSerial{"q"}});
    EXPECT_EQ(press(state, Key::control('C')), Effects{SendSerial{"\x03"}});
    EXPECT_EQ(press(state, Key::control('D')), Effects{SendSerial{"\x04"}});
    EXPECT_EQ(press(state, Key::of(KeyCode::tab)), Effects{SendSerial{"\t"}});
    EXPECT_EQ(press(state, kUp), Effects{SendSerial{"\x1b[A"}});
    EXPECT_EQ(press(state, kEnter), Effects{SendSerial{"\r"}});
    EXPECT_EQ(press(state, kEscape), Effects{SendSerial{"\x1b"}});
    EXPECT_EQ(press(state, Key::of(KeyCode::page_up)), Effects{SendSerial{"\x1b[5~"}});
    EXPECT_EQ(press(state, Key::of(U'ä')), Effects{SendSerial{"\xc3\xa4"}});
}

TEST_F(Keys, F6MovesBetweenTerminalAndPicture) {
    EXPECT_EQ(press(state, Key::f(6)), Effects{});
    EXPECT_EQ(state.focus, Pane::picture);
    press(state, Key::f(6));
    EXPECT_EQ(state.focus, Pane::terminal);
}

TEST_F(Keys, ThePrefixTwiceIsF6InBothPanes) {
    EXPECT_EQ(press(state, kPrefixKey), Effects{});
    EXPECT_TRUE(state.prefix);
    EXPECT_EQ(press(state, kPrefixKey), Effects{});
    EXPECT_EQ(state.focus, Pane::picture);
    EXPECT_FALSE(state.prefix);
    press(state, kPrefixKey);
    press(state, kPrefixKey);
    EXPECT_EQ(state.focus, Pane::terminal);
}

TEST_F(Keys, ThePrefixAndUUndoTheLastLineInBothPanes) {
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U'u')), Effects{GoBack{}});
    state.focus = Pane::picture;
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U'u')), Effects{GoBack{}});
}

TEST_F(Keys, AfterADeathTheUserChoosesAndTheGuestGetsNothing) {
    static_cast<void>(update(state, {Time{1}, GuestDied{{"it died", "so it was"}, true}}));
    EXPECT_EQ(press(state, Key::of(U'x')), Effects{});
    EXPECT_EQ(press(state, kEnter), Effects{});
    EXPECT_EQ(press(state, Key::of(U'b')), Effects{GoBack{}});
    EXPECT_EQ(press(state, Key::of(U'r')), Effects{BootAfresh{}});
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{Quit{}});
    press(state, Key::f(6));
    EXPECT_EQ(press(state, Key::of(U'b')), Effects{GoBack{}});
    const auto slot = state.slot();
    press(state, kRight);
    EXPECT_EQ(state.slot(), slot + 1) << "the picture can still be looked at";
    static_cast<void>(update(state, {Time{2}, GuestReturned{}}));
    press(state, Key::f(6));
    EXPECT_EQ(press(state, Key::of(U'b')), Effects{SendSerial{"b"}});
}

TEST_F(Keys, WithoutASnapshotThereIsNoWayBack) {
    static_cast<void>(update(state, {Time{1}, GuestDied{{"it died"}, false}}));
    EXPECT_EQ(press(state, Key::of(U'b')), Effects{});
    EXPECT_EQ(press(state, Key::of(U'r')), Effects{BootAfresh{}});
}

TEST_F(Keys, ThePrefixHasNoTimeLimit) {
    press(state, kPrefixKey);
    static_cast<void>(update(state, {Time{3'600'000}, Tick{}}));
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{Quit{}});
}

TEST_F(Keys, ThePrefixAndQQuitInBothPanes) {
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{Quit{}});
    press(state, Key::f(6));
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{Quit{}});
}

TEST_F(Keys, ThePrefixAndBracketSendThePrefixItself) {
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U']')), Effects{SendSerial{"\x1d"}});
}

TEST_F(Keys, EscapeCancelsThePrefixAndReachesNobody) {
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, kEscape), Effects{});
    EXPECT_FALSE(state.prefix);
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{SendSerial{"q"}});
}

TEST_F(Keys, AnUnknownKeyAfterThePrefixIsSaidAndReachesNobody) {
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U'x')), Effects{});
    EXPECT_NE(state.note.find("^] x"), std::string::npos);
    press(state, Key::of(U'a'));
    EXPECT_TRUE(state.note.empty());
}

TEST_F(Keys, ControlCNeverQuits) {
    press(state, Key::f(6));
    EXPECT_EQ(press(state, Key::control('C')), Effects{});
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::control('C')), Effects{});
}

TEST_F(Keys, LettersAreCommandsInThePictureOnly) {
    press(state, Key::f(6));
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{Quit{}});
}

TEST_F(Keys, ArrowsAndLettersMoveOverTheSlots) {
    press(state, Key::f(6));
    ASSERT_EQ(state.slot(), 768u);
    press(state, kRight);
    EXPECT_EQ(state.cursor, paging::VirtAddr::from_indices(769, 0));
    type(state, U"h");
    EXPECT_EQ(state.slot(), 768u);
    press(state, kUp);
    EXPECT_EQ(state.slot(), 704u);
    type(state, U"j");
    EXPECT_EQ(state.slot(), 768u);
}

TEST_F(Keys, MovingBeyondAnEdgeGoesOnAtTheOther) {
    press(state, Key::f(6));
    press(state, Key::of(KeyCode::end));
    EXPECT_EQ(state.slot(), 1023u);
    press(state, kRight);
    EXPECT_EQ(state.slot(), 0u);
    press(state, kUp);
    EXPECT_EQ(state.slot(), 960u);
}

TEST_F(Keys, NGoesToTheNextSlotInUse) {
    press(state, Key::f(6));
    type(state, U"n");
    EXPECT_EQ(state.slot(), 1023u);
    type(state, U"n");
    EXPECT_EQ(state.slot(), 5u);
    type(state, U"N");
    EXPECT_EQ(state.slot(), 1023u);
}

TEST_F(Keys, BracketsMoveByOnePage) {
    press(state, Key::f(6));
    type(state, U"]]");
    EXPECT_EQ(state.cursor.raw(), 0xc0102000u);
    type(state, U"[");
    EXPECT_EQ(state.cursor.raw(), 0xc0101000u);
}

TEST_F(Keys, GAsksForAnAddressAndGoesThere) {
    press(state, Key::f(6));
    type(state, U"g");
    ASSERT_TRUE(state.question);
    EXPECT_EQ(type(state, U"0xc0100234"), Effects{});
    press(state, kEnter);
    EXPECT_FALSE(state.question);
    EXPECT_EQ(state.cursor.raw(), 0xc0100234u);
}

TEST_F(Keys, AWrongAddressIsExplainedAndCanBeCorrected) {
    press(state, Key::f(6));
    type(state, U"g");
    type(state, U"c0100000");
    press(state, kEnter);
    ASSERT_TRUE(state.question);
    EXPECT_EQ(state.question->error, "'c0100000' is not an address; did you mean 0xc0100000?");
    EXPECT_EQ(state.cursor.raw(), 0xc0100000u);
    press(state, Key::control('U'));
    type(state, U"256:1");
    press(state, kEnter);
    EXPECT_FALSE(state.question);
    EXPECT_EQ(state.cursor.raw(), 0x40001000u);
}

TEST_F(Keys, TheQuestionTakesLettersThatAreCommandsElsewhere) {
    press(state, Key::f(6));
    type(state, U"g");
    EXPECT_EQ(type(state, U"q?"), Effects{});
    EXPECT_EQ(state.question->text, "q?");
    press(state, kEscape);
    EXPECT_FALSE(state.question);
}

TEST_F(Keys, F5AndThePrefixWithZZoomTheFocusedPane) {
    press(state, Key::f(5));
    EXPECT_TRUE(state.zoomed);
    EXPECT_EQ(state.layout().terminal.rows, 23);
    EXPECT_TRUE(state.layout().grid.empty());
    press(state, kPrefixKey);
    type(state, U"z");
    EXPECT_FALSE(state.zoomed);
}

TEST_F(Keys, HelpIsClosedByAnyKeyThatThenDoesNothing) {
    press(state, kPrefixKey);
    type(state, U"?");
    EXPECT_TRUE(state.help);
    EXPECT_EQ(press(state, Key::of(U'x')), Effects{});
    EXPECT_FALSE(state.help);
    press(state, Key::f(1));
    EXPECT_TRUE(state.help);
    press(state, kPrefixKey);
    EXPECT_EQ(press(state, Key::of(U'q')), Effects{Quit{}});
}

TEST_F(Keys, ThePrefixScrollsTheTerminalAndTypingComesBack) {
    for (int i = 0; i < 100; ++i) {
        static_cast<void>(update(state, {Time{0}, SerialReceived{"line\r\n"}}));
    }
    press(state, kPrefixKey);
    press(state, Key::of(KeyCode::page_up));
    EXPECT_EQ(state.scroll, 10u);
    press(state, Key::of(KeyCode::shift_page_up));
    EXPECT_EQ(state.scroll, 20u);
    press(state, Key::of(KeyCode::shift_page_down));
    EXPECT_EQ(state.scroll, 10u);
    press(state, Key::of(U'x'));
    EXPECT_EQ(state.scroll, 0u);
}

TEST_F(Keys, ScrollingEndsAtTheFirstLine) {
    for (int i = 0; i < 100; ++i) {
        press(state, Key::of(KeyCode::shift_page_up));
    }
    EXPECT_EQ(state.scroll, wrap(state.screen, {11, 80}, 0).history);
}

TEST(Update, WhatChangesLightsUpAndFades) {
    State state = state_with(lab());
    state.follow = false;
    static_cast<void>(update(state, {Time{1000}, SnapshotTaken{lab({0x00200007})}}));
    EXPECT_EQ(state.changes.level(fixture::kUserSlot, Time{1000}), kGlowLevels);
    EXPECT_EQ(state.changes.level(768, Time{1000}), 0);
    EXPECT_EQ(state.changes.level(1023, Time{1000}), 0);
    EXPECT_TRUE(state.animated());
    EXPECT_GT(state.changes.level(fixture::kUserSlot, Time{2500}), 0);
    EXPECT_LT(state.changes.level(fixture::kUserSlot, Time{2500}), kGlowLevels);
    static_cast<void>(update(state, {Time{4000}, Tick{}}));
    EXPECT_EQ(state.changes.level(fixture::kUserSlot, state.now), 0);
    EXPECT_FALSE(state.animated());
}

TEST(Update, AccessedAndDirtyDoNotLightUpTheGridButTheWalk) {
    State state = state_with(lab({0x00200007}));
    press(state, Key::f(6));
    type(state, U"g256:0");
    press(state, kEnter);
    static_cast<void>(update(state, {Time{1000}, SnapshotTaken{lab({0x00200067})}}));
    EXPECT_EQ(state.changes.level(fixture::kUserSlot, state.now), 0);
    EXPECT_TRUE(state.walk_changes[1]);
    EXPECT_FALSE(state.walk_changes[0]);
}

TEST(Update, TheCursorFollowsAChangeUntilItIsMoved) {
    State state = state_with(lab());
    static_cast<void>(update(state, {Time{1}, SnapshotTaken{lab({0, 0, 0x00200007})}}));
    EXPECT_EQ(state.cursor, paging::VirtAddr::from_indices(256, 2));
    press(state, Key::f(6));
    press(state, kRight);
    static_cast<void>(update(state, {Time{2}, SnapshotTaken{lab({0x00200007})}}));
    EXPECT_EQ(state.slot(), 257u);
    type(state, U"f");
    static_cast<void>(update(state, {Time{3}, SnapshotTaken{lab({0x00300007})}}));
    EXPECT_EQ(state.cursor, paging::VirtAddr::from_indices(256, 0));
}

TEST(Update, TheFirstSnapshotLightsUpNothing) {
    const State state = state_with(lab());
    EXPECT_FALSE(state.animated());
}

TEST(Update, TheBellOfTheGuestRings) {
    State state = state_with(lab());
    EXPECT_EQ(update(state, {Time{0}, SerialReceived{"\a"}}), Effects{RingBell{}});
}

TEST(Update, AReleasedGuestIsLookedAtAgain) {
    State state = state_with(lab());
    EXPECT_EQ(update(state, {Time{0}, RunChanged{Run::stopped_by_gdb}}), Effects{LookAgain{}});
    EXPECT_EQ(update(state, {Time{0}, RunChanged{Run::stopped_by_gdb}}), Effects{});
}

TEST(AddressInput, TakesTheFormsOfTheShell) {
    EXPECT_EQ(parse_virtual_address("0xC0100234")->raw(), 0xc0100234u);
    EXPECT_EQ(parse_virtual_address(" 4096 ")->raw(), 4096u);
    EXPECT_EQ(parse_virtual_address("1G")->raw(), 0x40000000u);
    EXPECT_EQ(parse_virtual_address("768:257:0x234")->raw(), 0xc0101234u);
    EXPECT_EQ(parse_virtual_address("1023:1023")->raw(), 0xfffff000u);
}

TEST(AddressInput, RefusesWhatIsNone) {
    for (const char* text :
         {"", "banana", "-1", "0x", "0x1G", "4294967296", "4G", "18446744073709551616", "1024:0", "0:1024",
          "0:0:4096", "1:", ":1", "1:2:3:4", "p:0x1000", "0x100000000", "17179869184G"}) {
        EXPECT_FALSE(parse_virtual_address(text)) << text;
    }
}

} // namespace
} // namespace pagelab::console::model
