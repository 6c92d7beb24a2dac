// Golden screens: tests/golden/console holds what the view draws, character by character and style by style.
// PAGELAB_UPDATE_GOLDEN=1 writes them anew; look at the difference before you commit it.
#include "picture_fixture.hpp"

#include "serial-console/src/view/draw.hpp"
#include "serial-console/src/view/twins.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

namespace pagelab::console::view {
namespace {

using fixture::lab;
using fixture::press;
using fixture::state_with;
using model::Key;
using model::State;

std::string style_text(const Style& style) {
    return fmt::format("fg {} bg {}{}{}{}{}", style.foreground, style.background, style.bold ? " bold" : "",
                       style.dim ? " dim" : "", style.reverse ? " reverse" : "",
                       style.underline ? " underline" : "");
}

/// The characters; then a letter for each cell's style (a blank is the plain one), and what the letters mean.
std::string dump(const Canvas& canvas) {
    std::string text = render_text(canvas);
    std::vector<Style> styles = {Style{}};
    std::string map;
    for (int row = 0; row < canvas.size().rows; ++row) {
        std::string line;
        for (int column = 0; column < canvas.size().columns; ++column) {
            const Style& style = canvas.at(row, column).style;
            auto found = std::find(styles.begin(), styles.end(), style);
            if (found == styles.end()) {
                found = styles.insert(styles.end(), style);
            }
            const auto index = found - styles.begin();
            line.push_back(index == 0 ? ' '
                                      : static_cast<char>(index < 27 ? 'a' + index - 1 : 'A' + index - 27));
        }
        line.resize(line.find_last_not_of(' ') + 1);
        map += line + '\n';
    }
    text += "--- styles\n" + map + "--- letters\n";
    for (std::size_t i = 1; i < styles.size(); ++i) {
        text += fmt::format("{}: {}\n", static_cast<char>(i < 27 ? 'a' + i - 1 : 'A' + i - 27),
                            style_text(styles[i]));
    }
    if (canvas.cursor) {
        text += fmt::format("cursor: row {} column {}\n", canvas.cursor->row, canvas.cursor->column);
    }
    return text;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void expect_golden(const std::string& name, const std::string& text) {
    const std::filesystem::path file = std::filesystem::path{PAGELAB_GOLDEN} / (name + ".txt");
    if (std::getenv("PAGELAB_UPDATE_GOLDEN") != nullptr) {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
    }
    ASSERT_TRUE(std::filesystem::exists(file)) << file;
    EXPECT_EQ(text, read(file)) << "differs from " << file;
}

const Theme kColour{ColourDepth::many, true};
const Theme kEight{ColourDepth::eight, true};
const Theme kMono{ColourDepth::mono, true};
const Theme kAscii{ColourDepth::mono, false};

/// A page was mapped a moment ago: slot 256 glows, the cursor stands there.
State changed_state(model::Size size) {
    State state = state_with(lab(), size);
    static_cast<void>(
        model::update(state, {model::Time{500},
                              model::SerialReceived{"map 0x40000000\r\n0x40000000 -> p:0x00200000  1 page\r\n"
                                                    "pagelab> "}}));
    static_cast<void>(model::update(
        state, {model::Time{1000}, model::SnapshotTaken{lab({0x00200007, 0x00201007, 0x00202005})}}));
    return state;
}

struct GoldenCase {
    const char* name;
    model::Size size;
    const Theme* theme;
};
void PrintTo(const GoldenCase& item, std::ostream* out) {
    *out << item.name;
}

struct Golden : ::testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, AfterAMap) {
    const GoldenCase& item = GetParam();
    expect_golden(item.name, dump(draw(changed_state(item.size), *item.theme)));
}

INSTANTIATE_TEST_SUITE_P(Screens, Golden,
                         ::testing::Values(GoldenCase{"80x24-colour", {24, 80}, &kColour},
                                           GoldenCase{"80x24-eight", {24, 80}, &kEight},
                                           GoldenCase{"80x24-mono", {24, 80}, &kMono},
                                           GoldenCase{"80x24-ascii", {24, 80}, &kAscii},
                                           GoldenCase{"120x40-colour", {40, 120}, &kColour},
                                           GoldenCase{"120x40-ascii", {40, 120}, &kAscii},
                                           GoldenCase{"200x60-colour", {60, 200}, &kColour},
                                           GoldenCase{"200x60-ascii", {60, 200}, &kAscii}),
                         [](const auto& tested) {
                             std::string name = tested.param.name;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

/// Each view with the focus, on what the fixture's lab holds.
struct ViewCase {
    model::View view;
    const char* screen;
    model::Size size;
    const Theme* theme;
};
void PrintTo(const ViewCase& item, std::ostream* out) {
    *out << model::view_name(item.view) << ' ' << item.screen;
}

std::vector<ViewCase> view_cases() {
    std::vector<ViewCase> cases;
    for (std::size_t i = 1; i < model::kViewCount; ++i) {
        const auto view = static_cast<model::View>(i);
        cases.push_back({view, "80x24-colour", {24, 80}, &kColour});
        cases.push_back({view, "80x24-ascii", {24, 80}, &kAscii});
        cases.push_back({view, "120x40-eight", {40, 120}, &kEight});
        cases.push_back({view, "200x60-mono", {60, 200}, &kMono});
    }
    return cases;
}

State state_of(const ViewCase& item) {
    State state = changed_state(item.size);
    press(state, Key::f(6));
    if (item.view == model::View::answer) {
        static_cast<void>(model::update(
            state,
            {state.now, model::Answered{model::View::answer,
                                        "find p:0x00200000",
                                        {"0x40000000  4 KiB  PDE 256 PTE 256:0", "1 use of p:0x00200000"}}}));
    } else {
        press(state, Key::of(U'0' + static_cast<char32_t>(item.view) + 1));
    }
    if (item.view == model::View::check) {
        static_cast<void>(model::update(
            state, {state.now, model::Answered{model::View::check,
                                               "check",
                                               {"error reserved-bits: PDE 701 has reserved bits set",
                                                "warning table-beyond-ram: PDE 700 leads to p:0x7f000000",
                                                "1 error, 1 warning, 0 notes"}}}));
    }
    if (item.view == model::View::regs) {
        machine::CpuRegisters registers{
            .eip = 0xc010491d, .eflags = 0x246, .cr2 = 0x40005000, .halted = true};
        registers.general[7] = 0xc0138000;
        static_cast<void>(model::update(state, {state.now, model::RegistersRead{registers}}));
    }
    return state;
}

struct GoldenView : ::testing::TestWithParam<ViewCase> {};

TEST_P(GoldenView, LooksAsItDid) {
    const ViewCase& item = GetParam();
    expect_golden(std::string{model::view_name(item.view)} + "-" + item.screen,
                  dump(draw(state_of(item), *item.theme)));
}

INSTANTIATE_TEST_SUITE_P(Screens, GoldenView, ::testing::ValuesIn(view_cases()), [](const auto& tested) {
    std::string name = std::string{model::view_name(tested.param.view)} + "_" + tested.param.screen;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(GoldenScreens, ThePictureWithTheFocusInASmallTerminal) {
    State state = changed_state({16, 60});
    press(state, Key::f(6));
    expect_golden("60x16-picture", dump(draw(state, kColour)));
}

TEST(GoldenScreens, Help) {
    State state = changed_state({24, 80});
    press(state, Key::f(1));
    expect_golden("80x24-help", dump(draw(state, kAscii)));
}

TEST(GoldenScreens, AQuestionWithAnError) {
    State state = changed_state({24, 80});
    press(state, Key::f(6));
    fixture::type(state, U"gbanana");
    press(state, Key::of(model::KeyCode::enter));
    expect_golden("80x24-question", dump(draw(state, kAscii)));
}

TEST(Screens, TheWayOutIsAlwaysInTheBottomLine) {
    for (const model::Size size : {model::Size{24, 80}, model::Size{12, 40}, model::Size{60, 200}}) {
        for (const bool picture : {false, true}) {
            for (const model::Run run : {model::Run::running, model::Run::stopped_by_gdb}) {
                State state = changed_state(size);
                state.run = run;
                if (picture) {
                    press(state, Key::f(6));
                    fixture::type(state, U"gbanana");
                    press(state, Key::of(model::KeyCode::enter));
                }
                const std::string text = render_text(draw(state, kAscii));
                const std::size_t last = text.rfind('\n', text.size() - 2);
                EXPECT_NE(text.find("^] q quit", last), std::string::npos) << text;
            }
        }
    }
}

TEST(Screens, AtEightyByTwentyFourTheTerminalHasElevenLines) {
    const State state = changed_state({24, 80});
    EXPECT_EQ(state.layout().terminal.rows, 11);
    EXPECT_EQ(state.layout().grid.rows, 8);
    EXPECT_EQ(state.layout().detail.rows, 3);
}

TEST(Screens, AGuestHeldByADebuggerIsSaid) {
    State state = changed_state({24, 80});
    EXPECT_EQ(render_text(draw(state, kAscii)).find("STOPPED"), std::string::npos);
    state.run = model::Run::stopped_by_gdb;
    EXPECT_NE(render_text(draw(state, kAscii)).find("STOPPED BY GDB"), std::string::npos);
    state.run = model::Run::stopped;
    EXPECT_NE(render_text(draw(state, kAscii)).find(" PAUSED: ^] p goes on"), std::string::npos);
}

TEST(Screens, ADeathIsReportedInTheTerminalAndTheChoiceStandsInTheBottomLine) {
    State state = changed_state({24, 80});
    static_cast<void>(model::update(state, {model::Time{1}, model::GuestDied{{"so it died"}, true}}));
    std::string text = render_text(draw(state, kAscii));
    EXPECT_NE(text.find("so it died"), std::string::npos);
    EXPECT_NE(text.find("^] q quit"), std::string::npos);
    EXPECT_NE(text.find("THE GUEST DIED: b back  r fresh boot  q quit"), std::string::npos) << text;
    static_cast<void>(model::update(state, {model::Time{1}, model::GuestDied{{}, false}}));
    text = render_text(draw(state, kAscii));
    EXPECT_NE(text.find("THE GUEST DIED: r fresh boot  q quit"), std::string::npos) << text;
    static_cast<void>(model::update(state, {model::Time{1}, model::GuestReturned{}}));
    EXPECT_EQ(render_text(draw(state, kAscii)).find("DIED: "), std::string::npos);
}

TEST(Screens, AsciiHasNothingButAscii) {
    State state = changed_state({60, 200});
    for (const bool help : {false, true}) {
        state.help = help;
        const Canvas canvas = draw(state, kAscii);
        for (int row = 0; row < state.size.rows; ++row) {
            for (int column = 0; column < state.size.columns; ++column) {
                const Cell& cell = canvas.at(row, column);
                // What the guest sent is its own; the terminal's adapter replaces that.
                EXPECT_TRUE(cell.character < 0x7f || cell.character == U'·') << row << ' ' << column;
                EXPECT_EQ(cell.style.foreground, kDefaultColour);
                EXPECT_EQ(cell.style.background, kDefaultColour);
            }
        }
    }
}

TEST(Screens, AnySizeCanBeDrawn) {
    for (int rows = 0; rows < 70; rows += 3) {
        for (int columns = 0; columns < 220; columns += 7) {
            for (std::size_t view = 0; view <= model::kViewCount; ++view) {
                State state = changed_state({rows, columns});
                state.focus = view < model::kViewCount ? model::Pane::picture : model::Pane::terminal;
                state.view = static_cast<model::View>(view % model::kViewCount);
                const Canvas canvas = draw(state, kColour);
                EXPECT_EQ(canvas.size(), state.size);
                const model::Layout layout = state.layout();
                for (const Rect& rect : {layout.title, layout.grid, layout.table, layout.detail, layout.list,
                                         layout.side, layout.log, layout.terminal}) {
                    if (!rect.empty()) {
                        EXPECT_GE(rect.row, 0);
                        EXPECT_LE(rect.row + rect.rows, rows);
                        EXPECT_LE(rect.column + rect.columns, columns);
                    }
                }
            }
        }
    }
}

TEST(Screens, EachSlotKindHasAShapeOfItsOwn) {
    const State state = [] {
        State made = changed_state({40, 120});
        made.cursor = paging::VirtAddr{0};
        return made;
    }();
    const Canvas canvas = draw(state, kMono);
    const auto glyph = [&](int slot) {
        return canvas.at(1 + slot / 64, model::kGridLabel + slot % 64).character;
    };
    EXPECT_EQ(glyph(1), U'·');
    EXPECT_EQ(glyph(5), U':');
    EXPECT_EQ(glyph(256), U'u');
    EXPECT_EQ(glyph(300), U'+');
    EXPECT_EQ(glyph(700), U'!');
    EXPECT_EQ(glyph(701), U'!');
    EXPECT_EQ(glyph(768), U'#');
    EXPECT_EQ(glyph(1023), U'R');
}

TEST(Screens, HalfBlocksShowTwoSlotsOfACell) {
    State state = changed_state({24, 80});
    state.cursor = paging::VirtAddr{0};
    const Canvas canvas = draw(state, kColour);
    // Slot 256 is the first of the upper half of its row, 64 slots below nothing is mapped.
    const Cell& cell = canvas.at(1 + 256 / 128, model::kGridLabel);
    EXPECT_EQ(cell.character, U'▀');
    EXPECT_EQ(cell.style.background, kDefaultColour);
    // Slot 1023 is in the lower half of the last cell.
    const Cell& last = canvas.at(8, model::kGridLabel + 63);
    EXPECT_EQ(last.character, U'▄');
}

TEST(Screens, WithoutASnapshotItSaysWhatItWaitsFor) {
    State state;
    static_cast<void>(
        model::update(state, {model::Time{0}, model::SnapshotMissing{"waiting for the kernel"}}));
    EXPECT_NE(render_text(draw(state, kColour)).find("waiting for the kernel"), std::string::npos);
}

TEST(Twins, TheTextTwinIsTheScreenWithoutColours) {
    const State state = changed_state({24, 80});
    EXPECT_EQ(render_text(state, {40, 120}), render_text(draw(changed_state({40, 120}), kAscii)));
}

TEST(Twins, TheSvgHoldsTheTextAndTheColoursAndIsEscaped) {
    const std::string svg = render_svg(draw(changed_state({24, 80}), kColour));
    EXPECT_TRUE(svg.starts_with("<svg "));
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    EXPECT_NE(svg.find("pagelab&gt;"), std::string::npos);
    EXPECT_NE(svg.find("table p:0x00109000"), std::string::npos);
    EXPECT_EQ(svg.find("\x1b"), std::string::npos);
}

} // namespace
} // namespace pagelab::console::view
