#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/model/vt_screen.hpp"
#include "serial-console/src/model/wrap.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace pagelab::console::model {
namespace {

VtScreen fed(std::string_view bytes) {
    VtScreen screen;
    screen.feed(bytes);
    return screen;
}

std::string line(const VtScreen& screen, std::size_t index) {
    return to_utf8(screen.lines().at(index));
}

TEST(VtScreen, LinesEndWithCarriageReturnAndLineFeed) {
    const VtScreen screen = fed("one\r\ntwo\r\n");
    ASSERT_EQ(screen.lines().size(), 3u);
    EXPECT_EQ(line(screen, 0), "one");
    EXPECT_EQ(line(screen, 1), "two");
    EXPECT_EQ(screen.cursor(), (VtScreen::Position{2, 0}));
}

TEST(VtScreen, BackspaceAndEraseToEndOfLineTakeACharacterBack) {
    const VtScreen screen = fed("walx\b\x1b[Kk");
    EXPECT_EQ(line(screen, 0), "walk");
}

TEST(VtScreen, CursorMovesWithinTheLineAndOverwrites) {
    const VtScreen screen = fed("abcdef\x1b[4DX\x1b[2CY");
    EXPECT_EQ(line(screen, 0), "abXdeY");
}

TEST(VtScreen, MovesBeforeTheFirstColumnStopThere) {
    const VtScreen screen = fed("ab\x1b[99DX\b\b\b\bY");
    EXPECT_EQ(line(screen, 0), "Yb");
}

TEST(VtScreen, ClearingTheScreenKeepsWhatWasThereAsHistory) {
    VtScreen screen = fed("old\r\npagelab> \x1b[H\x1b[2Jpagelab> ");
    EXPECT_EQ(line(screen, screen.top()), "pagelab> ");
    EXPECT_EQ(line(screen, 0), "old");
    const WrappedScreen shown = wrap(screen, {5, 40}, 0);
    ASSERT_EQ(shown.rows.size(), 1u);
    EXPECT_EQ(shown.rows[0], U"pagelab> ");
    EXPECT_EQ(shown.history, 2u);
}

TEST(VtScreen, ClearingTwiceAddsNoHistory) {
    VtScreen screen = fed("old\r\n\x1b[2J\x1b[H");
    const std::size_t lines = screen.lines().size();
    screen.feed("\x1b[2J\x1b[H\x1b[2J\x1b[H");
    EXPECT_EQ(screen.lines().size(), lines);
}

TEST(VtScreen, BatchMarksAndOtherStringsVanish) {
    const VtScreen screen = fed("a\x1b]133;C\x07"
                                "b\x1b]0;title\x1b\\c\x1bPq#0\x1b\\d\x1b]52;c;aGk=\x07");
    EXPECT_EQ(line(screen, 0), "abcd");
}

TEST(VtScreen, ColoursVanish) {
    EXPECT_EQ(line(fed("\x1b[1;31mred\x1b[0m"), 0), "red");
}

TEST(VtScreen, QuestionsToTheTerminalVanish) {
    EXPECT_EQ(line(fed("a\x1b[c\x1b[6n\x1b[?1049h\x1b[>c\x1b=z"), 0), "az");
}

TEST(VtScreen, OneUnitMayComeInPieces) {
    VtScreen screen;
    for (const char byte : std::string_view{"ab\x1b[1DX\xc2\xb7\x1b]133;C\x07y"}) {
        screen.feed({&byte, 1});
    }
    EXPECT_EQ(line(screen, 0), "aX\xc2\xb7y");
}

TEST(VtScreen, BytesThatAreNoTextBecomeReplacements) {
    EXPECT_EQ(fed("a\xff\xc3(").lines()[0], U"a\ufffd\ufffd(");
}

TEST(VtScreen, CharactersThatDisturbATerminalBecomeReplacements) {
    // A zero-width joiner, a right-to-left override, a wide character, a C1 control.
    EXPECT_EQ(fed("a\xe2\x80\x8d\xe2\x80\xae\xe6\xbc\xa2\xc2\x9bz").lines()[0], U"a\ufffd\ufffd\ufffdz");
}

TEST(VtScreen, TheBellRingsOnce) {
    VtScreen screen = fed("\a\a");
    EXPECT_TRUE(screen.take_bell());
    EXPECT_FALSE(screen.take_bell());
}

TEST(VtScreen, TabsGoToMultiplesOfEight) {
    EXPECT_EQ(line(fed("a\tb\tc"), 0), "a       b       c");
}

TEST(VtScreen, KeepsALimitedNumberOfLines) {
    VtScreen screen;
    for (std::size_t i = 0; i < VtScreen::kMaxLines + 100; ++i) {
        screen.feed(std::to_string(i) + "\r\n");
    }
    EXPECT_EQ(screen.lines().size(), VtScreen::kMaxLines);
    EXPECT_EQ(line(screen, 0), "101");
    EXPECT_EQ(screen.cursor().line, VtScreen::kMaxLines - 1);
}

TEST(VtScreen, BreaksALineWithoutEnd) {
    const VtScreen screen = fed(std::string(VtScreen::kMaxLineLength + 10, 'x'));
    ASSERT_EQ(screen.lines().size(), 2u);
    EXPECT_EQ(screen.lines()[1].size(), 10u);
}

RC_GTEST_PROP(VtScreen, AnyBytesLeavePlainCharactersWithinTheLimits, ()) {
    const auto chunks = *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
        rc::gen::arbitrary<std::string>(),
        rc::gen::element<std::string>("\x1b[", "\x1b[2J", "\x1b[999;999H", "\x1b[9999C", "\x1b[999@", "\x1b]",
                                      "\x1b[1J", "\x1b[J", "\r", "\n", "\b", "\x1b[99B", "\x1b[99A",
                                      "\x1b[5P", "text", "\x07")));
    VtScreen screen;
    for (const std::string& chunk : chunks) {
        screen.feed(chunk);
        RC_ASSERT(screen.lines().size() <= VtScreen::kMaxLines);
        RC_ASSERT(screen.cursor().line < screen.lines().size());
        RC_ASSERT(screen.cursor().column <= VtScreen::kMaxLineLength);
        RC_ASSERT(screen.top() <= screen.cursor().line);
    }
    for (const std::u32string& text : screen.lines()) {
        RC_ASSERT(text.size() <= VtScreen::kMaxLineLength);
        for (const char32_t character : text) {
            RC_ASSERT(is_plain_cell(character));
        }
    }
    const auto rows = *rc::gen::inRange(1, 50);
    const auto columns = *rc::gen::inRange(1, 200);
    const WrappedScreen shown = wrap(screen, {rows, columns}, *rc::gen::inRange<std::size_t>(0, 100));
    RC_ASSERT(shown.rows.size() <= static_cast<std::size_t>(rows));
    for (const auto& row : shown.rows) {
        RC_ASSERT(row.size() <= static_cast<std::size_t>(columns));
    }
}

TEST(Wrap, LongLinesContinueInTheNextRowAndTheCursorStandsBehindThem) {
    const VtScreen screen = fed("0123456789abcde");
    const WrappedScreen shown = wrap(screen, {5, 10}, 0);
    ASSERT_EQ(shown.rows.size(), 2u);
    EXPECT_EQ(shown.rows[0], U"0123456789");
    EXPECT_EQ(shown.rows[1], U"abcde");
    ASSERT_TRUE(shown.cursor);
    EXPECT_EQ(shown.cursor->row, 1);
    EXPECT_EQ(shown.cursor->column, 5);
}

TEST(Wrap, AFullLineHasTheCursorInARowOfItsOwn) {
    const WrappedScreen shown = wrap(fed("0123456789"), {5, 10}, 0);
    ASSERT_TRUE(shown.cursor);
    EXPECT_EQ(shown.cursor->row, 1);
    EXPECT_EQ(shown.cursor->column, 0);
}

TEST(Wrap, ShowsTheEndAndScrollsBack) {
    const VtScreen screen = fed("1\r\n2\r\n3\r\n4\r\n5");
    EXPECT_EQ(wrap(screen, {2, 10}, 0).rows.front(), U"4");
    EXPECT_EQ(wrap(screen, {2, 10}, 2).rows.front(), U"2");
    EXPECT_EQ(wrap(screen, {2, 10}, 99).rows.front(), U"1");
    EXPECT_EQ(wrap(screen, {2, 10}, 0).history, 3u);
    EXPECT_FALSE(wrap(screen, {2, 10}, 2).cursor);
}

TEST(Wrap, NoPaneShowsNothing) {
    EXPECT_TRUE(wrap(fed("x"), {0, 0}, 0).rows.empty());
}

} // namespace
} // namespace pagelab::console::model
