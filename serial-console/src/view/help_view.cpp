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

constexpr std::array<HelpLine, 20> kHelp = {{
    {"^] q", "quit, in either pane (^] is Ctrl and ], no hurry)"},
    {"F6  ^] ^]", "move between terminal and picture"},
    {"F5  ^] z", "zoom the focused pane, or both again"},
    {"F1  ^] ?", "this help"},
    {"^] u", "undo the last line: the whole machine as it was before it"},
    {"^] ]", "send ^] itself to the guest"},
    {"^] PgUp PgDn", "scroll the terminal (or Shift-PgUp, Shift-PgDn)"},
    {"", "every other key in the terminal goes to the guest"},
    {"", ""},
    {"arrows hjkl", "in the picture: move over the slots"},
    {"n N", "next, previous slot in use"},
    {"[ ]", "one page (4 KiB) back, on"},
    {"Enter g", "go to an address: 0x40000000, 1G, 256:0:0x10"},
    {"f", "follow what commands change, or stay"},
    {"q", "quit"},
    {"", ""},
    {". empty", "- table   + 4 MiB page   # kernel's   R self-map"},
    {": value", "not present, not 0   ! broken: reserved bits, beyond RAM"},
    {"", "8 rows: a cell is two slots, 64 apart: two half-blocks; without"},
    {"", "colour the glyph of the more important one. Yellow: just changed."},
}};

constexpr int kKeyColumn = 2;
constexpr int kMeaningColumn = 16;

} // namespace

void draw_help(Area area, const model::State&, const Theme& theme) {
    for (int row = 0; row < area.rows(); ++row) {
        area.fill_row(row, U' ', theme.ink(Ink::plain));
    }
    area.fill_row(0, U' ', theme.ink(Ink::bar_focus));
    area.write(0, 1, "pagelab: keys and shapes                    any key goes back",
               theme.ink(Ink::bar_focus));
    int row = 2;
    for (const HelpLine& line : kHelp) {
        area.write(row, kKeyColumn, line.keys, theme.ink(Ink::strong));
        area.write(row, kMeaningColumn, line.meaning, theme.ink(Ink::plain));
        ++row;
    }
}

} // namespace pagelab::console::view
