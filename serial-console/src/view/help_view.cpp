// The help overlay: keys, and what the picture's shapes mean.
#include "serial-console/src/view/draw.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pagelab::console::view {
namespace {

struct HelpLine {
    std::string_view keys;
    std::string_view meaning;
};

constexpr std::array<HelpLine, 22> kHelp = {{
    {"^] q", "quit, in either pane; Ctrl-C never does (^]: Ctrl and ], no hurry)"},
    {"F6  ^] ^]", "move between terminal and picture; its keys, elsewhere after ^]:"},
    {"1-8  F2 v", "directory table walk maps frames log check regs; F2: the next"},
    {"F5 z   F1 ?", "zoom the focused pane, or both again; this help"},
    {"g", "go to an address: 0x40000000, 1G, 256:0:0x10"},
    {":", "ask walk split window maps find check decode fault dumppd dumppt"},
    {"", "diff log, as in the shell; the answer comes from outside"},
    {"/   n N", "find an address, p:0x00101000 (who shows it), uw (rights); next"},
    {"arrows hjkl", "move; [ ] by a page; n N to the next in use; f follow changes"},
    {"Enter  Esc", "open what is under the cursor; back from an answer"},
    {"y", "copy the walk or the list; in the terminal (^] y) the last output"},
    {"F8 m", "the mouse clicks in the picture, or selects in your terminal"},
    {"", ""},
    {"^] p   ^] u", "pause, or go on; undo the last line, the whole machine"},
    {"^] s", "step: pasted lines wait, each ^] s runs the next; ^] p all"},
    {"^] c   ^] r", "checkpoint, and restore it (the shell's own commands)"},
    {"^] i   ^] R", "send an NMI (end a hang); reset: boot afresh"},
    {"^] PgUp ^] /", "scroll the terminal, search it, ^] n: the next older"},
    {"^] ]", "send ^] itself; in the terminal all other keys go to the guest"},
    {"- u = o", "table; with user pages; read-only; both.  + U * O: 4 MiB pages"},
    {"# R F : !", "kernel, self-map, foreign window, value, broken; frames: x # D t +"},
    {"", "In colour a cell of 8 rows is two slots. Yellow: just changed."},
}};

constexpr int kKeyColumn = 1;
constexpr int kMeaningColumn = 14;

static_assert(std::ranges::all_of(kHelp, [](const HelpLine& line) {
    constexpr std::size_t kNarrow = 80;
    return line.keys.size() < kMeaningColumn - kKeyColumn && kMeaningColumn + line.meaning.size() <= kNarrow;
}));

} // namespace

void draw_help(Area area, const model::State&, const Theme& theme) {
    for (int row = 0; row < area.rows(); ++row) {
        area.fill_row(row, U' ', theme.ink(Ink::plain));
    }
    area.fill_row(0, U' ', theme.ink(Ink::bar_focus));
    area.write(0, 1, "pagelab: keys and shapes                    any key goes back",
               theme.ink(Ink::bar_focus));
    int row = 1;
    for (const HelpLine& line : kHelp) {
        area.write(row, kKeyColumn, line.keys, theme.ink(Ink::strong));
        area.write(row, kMeaningColumn, line.meaning, theme.ink(Ink::plain));
        ++row;
    }
}

} // namespace pagelab::console::view
