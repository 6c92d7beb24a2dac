// The line editor by scripts of keys: what the line is, and what the screen shows.
#include "kernel/shell/completion.hpp"
#include "kernel/shell/line_editor.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace pagelab::shell::test {
namespace {

/// A terminal that knows what the editor may send, and nothing else.
class Screen final : public Output {
public:
    void put(std::string_view text) override {
        for (const char c : text) {
            put_char(c);
        }
    }
    std::vector<std::string> rows{""};
    std::size_t column = 0;
    int beeps = 0;
    std::string unknown;

    [[nodiscard]] const std::string& row() const { return rows.back(); }

private:
    void put_char(char c) {
        if (!sequence_.empty()) {
            sequence_ += c;
            if (sequence_.size() > 2 && c >= '@') {
                finish_sequence();
            }
        } else if (c == '\x1b') {
            sequence_ = c;
        } else if (c == '\r') {
            column = 0;
        } else if (c == '\n') {
            rows.emplace_back();
            column = 0;
        } else if (c == '\a') {
            ++beeps;
        } else {
            if (rows.back().size() <= column) {
                rows.back().resize(column + 1, ' ');
            }
            rows.back()[column++] = c;
        }
    }
    void finish_sequence() {
        const std::string body = sequence_.substr(2, sequence_.size() - 3);
        const std::size_t count = body.empty() ? 1 : std::stoul(body);
        switch (sequence_.back()) {
        case 'K':
            rows.back().resize(std::min(column, rows.back().size()));
            break;
        case 'C':
            column += count;
            break;
        case 'D':
            column -= std::min(column, count);
            break;
        case 'H':
        case 'J':
            rows = {""};
            column = 0;
            break;
        default:
            unknown += sequence_;
        }
        sequence_.clear();
    }
    std::string sequence_;
};

class Editor : public ::testing::Test {
protected:
    Editor() { editor.begin("> "); }

    LineEditor::Event type(std::string_view keys) {
        LineEditor::Event event = LineEditor::Event::none;
        for (const char key : keys) {
            event = editor.feed(key);
        }
        return event;
    }
    /// What is on the screen is what is in the line, and the cursor is where the next key goes.
    void expect(std::string_view line, std::size_t cursor) {
        EXPECT_EQ(editor.line(), line);
        EXPECT_EQ(screen.row(), "> " + std::string{line});
        EXPECT_EQ(screen.column, cursor + 2);
        EXPECT_EQ(screen.unknown, "");
    }

    Screen screen;
    History history;
    LineEditor editor{screen, history, complete};
};

constexpr std::string_view kLeft = "\x1b[D", kRight = "\x1b[C", kUp = "\x1b[A", kDown = "\x1b[B";

TEST_F(Editor, InsertsWhereTheCursorIs) {
    type("wak");
    type(kLeft);
    type("l");
    expect("walk", 3);
    type(kRight);
    type(" 0");
    expect("walk 0", 6);
}

TEST_F(Editor, DeletesBeforeAndUnderTheCursor) {
    type("maaps\x7f\x08");
    expect("maa", 3);
    type("\x1b[D\x1b[3~");
    expect("ma", 2);
    type("\x01\x04");
    expect("a", 0);
    type("\x7f");
    EXPECT_EQ(screen.beeps, 1);
    expect("a", 0);
}

TEST_F(Editor, HomeAndEndHaveAllTheirForms) {
    type("echo");
    for (const char* home : {"\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~", "\x01"}) {
        type(home);
        expect("echo", 0);
        type("\x05");
    }
    for (const char* end : {"\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~", "\x05"}) {
        type("\x01");
        type(end);
        expect("echo", 4);
    }
}

TEST_F(Editor, KillsToTheEndToTheStartAndTheWord) {
    type("map 0x40000000 rw");
    type("\x17");
    expect("map 0x40000000 ", 15);
    type("\x17");
    expect("map ", 4);
    type("0x1\x1b[D\x1b[D\x0b");
    expect("map 0", 5);
    type("\x1b[D\x15");
    expect("0", 0);
}

TEST_F(Editor, RecallsHistoryAndKeepsTheDraft) {
    history.add("first");
    history.add("second");
    type("dra");
    type(kUp);
    expect("second", 6);
    type(kUp);
    expect("first", 5);
    type(kUp);
    EXPECT_EQ(screen.beeps, 1);
    type(kDown);
    type(kDown);
    expect("dra", 3);
    type(kDown);
    EXPECT_EQ(screen.beeps, 2);
}

TEST_F(Editor, EnterEndsTheLineOnceForCarriageReturnAndLineFeed) {
    EXPECT_EQ(type("echo\r"), LineEditor::Event::line);
    EXPECT_EQ(editor.line(), "echo");
    editor.begin("> ");
    EXPECT_EQ(type("\n"), LineEditor::Event::none) << "the second half of CR LF";
    EXPECT_EQ(type("\n"), LineEditor::Event::line);
}

TEST_F(Editor, CtrlCDropsTheLine) {
    EXPECT_EQ(type("walk 0\x03"), LineEditor::Event::cancel);
    EXPECT_EQ(screen.rows[screen.rows.size() - 2], "> walk 0^C");
    EXPECT_EQ(editor.line(), "");
}

TEST_F(Editor, CtrlDEndsOnlyAnEmptyLine) {
    EXPECT_EQ(type("a\x04"), LineEditor::Event::none);
    EXPECT_EQ(type("\x7f\x04"), LineEditor::Event::end);
}

TEST_F(Editor, UnknownSequencesAreSwallowed) {
    type("a\x1b[5~\x1b[200~b\x1b[201~\x1b[1;5C\x1bx\x1bOPc\x1b[?25h\x1b[Md");
    expect("abcd", 4);
}

TEST_F(Editor, CtrlCEndsAnUnfinishedSequence) {
    type("a\x1b[12");
    EXPECT_EQ(type("\x03"), LineEditor::Event::cancel);
}

TEST_F(Editor, CtrlLClearsTheScreenAndShowsTheLine) {
    type("one\x1b[D\x0c");
    EXPECT_EQ(screen.rows.size(), 1u);
    expect("one", 2);
}

TEST_F(Editor, OtherControlCharactersMeanNothing) {
    type("a\x02\x06\x07\x0f\x11\x1c\x1d\x00");
    EXPECT_EQ(editor.line(), "a");
}

TEST_F(Editor, ALineLongerThanTheScreenScrollsSideways) {
    std::string line;
    for (int i = 0; i < 200; ++i) {
        line += static_cast<char>('a' + i % 26);
        editor.feed(line.back());
        EXPECT_LE(screen.row().size(), 80u);
    }
    EXPECT_EQ(editor.line(), line);
    EXPECT_EQ(screen.row().back(), line.back());
    EXPECT_EQ(screen.column, screen.row().size());
    type("\x01");
    EXPECT_TRUE(screen.row().starts_with("> abc"));
    EXPECT_EQ(screen.column, 2u);
    for (int i = 0; i < 100; ++i) {
        type(kRight);
        EXPECT_LT(screen.column, 80u);
    }
    type("!");
    line.insert(100, "!");
    EXPECT_EQ(editor.line(), line);
}

TEST_F(Editor, ATooLongLineBeepsAndIsMarked) {
    const std::string full(interface::kMaxLine, 'x');
    type(full);
    EXPECT_EQ(screen.beeps, 0);
    EXPECT_EQ(editor.damage(), LineEditor::Damage::none);
    type("y");
    EXPECT_EQ(screen.beeps, 1);
    EXPECT_EQ(editor.line(), full);
    EXPECT_EQ(editor.damage(), LineEditor::Damage::too_long);
    type("\x7f");
    EXPECT_EQ(editor.damage(), LineEditor::Damage::none) << "whoever edits has seen what is there";
}

TEST_F(Editor, CharactersThatAreNotAsciiBeepAndMarkTheLine) {
    type("walk \xe2\x80\x93");
    EXPECT_EQ(editor.line(), "walk ");
    EXPECT_EQ(screen.beeps, 3);
    EXPECT_EQ(editor.damage(), LineEditor::Damage::not_ascii);
}

TEST_F(Editor, TabCompletesTheOnlyCandidate) {
    type("wa\t");
    expect("walk ", 5);
    type("0 --j\t");
    expect("walk 0 --json ", 14);
}

TEST_F(Editor, TabListsSeveralAndKeepsTheLine) {
    type("ma\t");
    EXPECT_EQ(editor.line(), "map");
    type("\t");
    EXPECT_EQ(screen.rows[screen.rows.size() - 2], "map  maps");
    expect("map", 3);
}

TEST_F(Editor, TabWithoutACandidateBeeps) {
    type("xyz\t");
    EXPECT_EQ(screen.beeps, 1);
    expect("xyz", 3);
}

TEST_F(Editor, TabInTheMiddleOfALineInsertsThere) {
    type("wa 0x1000\x01\x06\x06\t");
    expect("walk 0x1000", 4);
}

RC_GTEST_PROP(EditorProperty, ScreenAndLineAgreeWhateverIsTyped, ()) {
    const auto keys = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", "b", " ", "w", "\x01", "\x05", "\x0b", "\x15", "\x17", "\x7f", "\x04z", "\x1b[D", "\x1b[C",
        "\x1b[A", "\x1b[B", "\x1b[3~", "\x1b[H", "\x1bOF", "\t", "map", "0x40000000"));
    Screen screen;
    History history;
    history.add("walk 0xc0100000");
    history.add(std::string(100, 'h'));
    LineEditor editor{screen, history, complete};
    editor.begin("> ");
    for (const std::string& key : keys) {
        for (const char byte : key) {
            if (editor.feed(byte) != LineEditor::Event::none) {
                editor.begin("> ");
            }
        }
        RC_ASSERT(screen.unknown.empty());
        RC_ASSERT(screen.row().size() <= 80);
        RC_ASSERT(screen.column < 80);
        if (editor.line().size() < 70) {
            RC_ASSERT(screen.row() == "> " + std::string{editor.line()});
        }
    }
}

RC_GTEST_PROP(EditorProperty, NoBytesBreakIt, (const std::vector<char>& bytes)) {
    Screen screen;
    History history;
    LineEditor editor{screen, history, complete};
    editor.begin("> ");
    for (const char byte : bytes) {
        if (editor.feed(byte) != LineEditor::Event::none) {
            editor.begin("> ");
        }
        for (const char c : editor.line()) {
            RC_ASSERT(c >= ' ' && c < 0x7f);
        }
    }
}

TEST(HistoryRing, KeepsTheLastLinesAndNoRepetition) {
    History history;
    EXPECT_EQ(history.back(1), "");
    history.add("one");
    history.add("one");
    EXPECT_EQ(history.size(), 1u);
    for (std::size_t i = 0; i < kHistoryLines + 5; ++i) {
        history.add("line " + std::to_string(i));
    }
    EXPECT_EQ(history.size(), kHistoryLines);
    EXPECT_EQ(history.back(1), "line " + std::to_string(kHistoryLines + 4));
    EXPECT_EQ(history.back(kHistoryLines), "line 5");
    EXPECT_EQ(history.back(kHistoryLines + 1), "");
}

std::vector<std::string> candidates(std::string_view line) {
    const Completions found = complete(line);
    return {found.items.begin(), found.items.begin() + static_cast<std::ptrdiff_t>(found.count)};
}
using Words = std::vector<std::string>;

TEST(Completion, OffersCommandsAtTheStartAndAfterASemicolon) {
    EXPECT_EQ(candidates("dum"), (Words{"dumppd", "dumppt"}));
    EXPECT_EQ(candidates("map 0x1000; unm"), (Words{"unmap"}));
    EXPECT_EQ(candidates("echo a;unm"), (Words{"unmap"}));
    EXPECT_GT(candidates("").size(), 30u);
}

TEST(Completion, OffersCommandsAfterPrefixesAndModifiers) {
    EXPECT_EQ(candidates("force unm"), (Words{"unmap"}));
    EXPECT_EQ(candidates("noflush force unm"), (Words{"unmap"}));
    EXPECT_EQ(candidates("repeat 3 unm"), (Words{"unmap"}));
    EXPECT_EQ(candidates("repeat 3 time unm"), (Words{"unmap"}));
    EXPECT_EQ(candidates("repeat "), (Words{}));
    EXPECT_EQ(candidates("force map 0x40000000 rwu,n"), (Words{"nc"}));
}

TEST(Completion, OffersTheOptionsOfTheCommand) {
    EXPECT_EQ(candidates("maps --"),
              (Words{"--json", "--writable", "--user", "--exec", "--phys", "--tree", "--ad"}));
    EXPECT_EQ(candidates("walk 0 --"), (Words{"--json"}));
    EXPECT_EQ(candidates("map 0 --"), (Words{}));
    EXPECT_EQ(candidates("check --c"), (Words{"--cr3"}));
}

TEST(Completion, OffersRightsWhereTheyAreTheArgument) {
    EXPECT_EQ(candidates("map 0x40000000 rwu"), (Words{"rwu", "rwu,nc", "rwu,big"}));
    EXPECT_EQ(candidates("protect 0x40000000 rw,"), (Words{"nc", "wt", "pat", "big"}));
    EXPECT_EQ(complete("protect 0x40000000 rw,n").word_begin,
              std::string_view{"protect 0x40000000 rw,"}.size());
    EXPECT_EQ(candidates("map rw"), (Words{}));
}

TEST(Completion, OffersTheDemos) {
    EXPECT_EQ(candidates("demo st"), (Words{"stale"}));
    EXPECT_EQ(candidates("demo pde-"), (Words{"pde-read-only", "pde-rights"}));
    EXPECT_EQ(candidates("demo stale "), (Words{}));
}

TEST(Completion, OffersWordsByPosition) {
    EXPECT_EQ(candidates("touch 0 "), (Words{"r", "w", "x"}));
    EXPECT_EQ(candidates("touch --json 0 r u"), (Words{"user"}));
    EXPECT_EQ(candidates("cr4 p"), (Words{"pse", "pge"}));
    EXPECT_EQ(candidates("cr0 wp o"), (Words{"on", "off"}));
    EXPECT_EQ(candidates("help rig"), (Words{"rights"}));
    EXPECT_EQ(candidates("help wa"), (Words{"walk"}));
    EXPECT_EQ(candidates("nosuch x"), (Words{}));
}

} // namespace
} // namespace pagelab::shell::test
