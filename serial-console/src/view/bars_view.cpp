// The lines around the panes: the picture's title, the terminal's, and the bottom line with the way out.
#include "serial-console/src/view/draw.hpp"

#include "kernel/paging/walk_text.hpp"
#include "serial-console/src/model/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pagelab::console::view {
namespace {

using model::Pane;
using model::Run;
using model::SlotKind;
using model::State;

Ink title_ink(const State& state, Pane pane) {
    return state.focus == pane ? Ink::bar_focus : Ink::bar;
}

std::string slot_text(const model::Slot& slot, const paging::PagingContext& context) {
    const paging::Pde pde{slot.raw};
    if (pde.kind(context) != paging::EntryKind::table || slot.kind == SlotKind::unreadable) {
        return std::string{slot_words(slot.kind)};
    }
    const std::string_view what = slot.kind == SlotKind::kernel ? "kernel table" : slot_words(slot.kind);
    return fmt::format("{}, {} of 1024 present", what, slot.present);
}

std::string picture_title(const State& state) {
    paging::FixedText<64> head;
    paging::put_address(head, state.cursor);
    head.put(" = ");
    paging::put_indices(head, state.cursor);
    std::string text = fmt::format(" {}", head.view());
    if (state.snapshot && state.snapshot->has_directory()) {
        text += fmt::format("  slot {}: {}", state.slot(),
                            slot_text(state.snapshot->slots[state.slot()], state.snapshot->lab.context));
        if (state.snapshot->mid_change) {
            text += "  (in the middle of a change)";
        }
    }
    return text;
}

/// What the lab page says, as much of it as fits into `columns`.
std::string lab_text(const State& state, int columns) {
    const model::LabInfo& lab = state.snapshot->lab;
    const std::string_view name = interface::kLabStateNames[static_cast<std::size_t>(lab.state)];
    const std::array<std::string, 3> longest_first = {
        fmt::format("{}  space {}  free {}/{} ", name, lab.space, lab.frames_free, lab.frames_total),
        fmt::format("{}  space {}  free {} ", name, lab.space, lab.frames_free), fmt::format("{} ", name)};
    const auto fits = [&](const std::string& text) { return static_cast<int>(text.size()) <= columns; };
    const auto found = std::ranges::find_if(longest_first, fits);
    return found == longest_first.end() ? std::string{} : *found;
}

/// Words of the bottom line: keys stand out.
struct Word {
    std::string_view text;
    Ink ink;
};

std::vector<Word> key_words(const State& state) {
    if (state.prefix) {
        return {{" ^] then: ", Ink::bar_focus}, {" q", Ink::key},   {" quit ", Ink::bar},  {" ^]", Ink::key},
                {" other pane ", Ink::bar},     {" z", Ink::key},   {" zoom ", Ink::bar},  {" u", Ink::key},
                {" undo ", Ink::bar},           {" ?", Ink::key},   {" help ", Ink::bar},  {" ]", Ink::key},
                {" send ^] ", Ink::bar},        {" Esc", Ink::key}, {" cancel ", Ink::bar}};
    }
    std::vector<Word> words = {{" ^] q", Ink::key}, {" quit ", Ink::bar}};
    if (state.focus == Pane::terminal) {
        words.insert(words.end(),
                     {{" F6", Ink::key}, {" picture ", Ink::bar}, {" ^] ?", Ink::key}, {" help ", Ink::bar}});
    } else {
        words.insert(words.end(), {{" F6", Ink::key},
                                   {" terminal ", Ink::bar},
                                   {" g", Ink::key},
                                   {" go to ", Ink::bar},
                                   {" ?", Ink::key},
                                   {" help ", Ink::bar}});
    }
    return words;
}

void write_question(Area area, const State& state, const Theme& theme) {
    const model::Question& question = *state.question;
    int column = area.write(0, 0, " ^] q", theme.ink(Ink::key));
    column = area.write(0, column, " quit ", theme.ink(Ink::bar));
    column = area.write(0, column, " go to: ", theme.ink(Ink::bar_focus));
    column = area.write(0, column, " ", theme.ink(Ink::bar));
    column = area.write(0, column, question.text, theme.ink(Ink::bar));
    if (state.focus == Pane::picture) {
        area.set_cursor(0, column);
    }
    if (!question.error.empty()) {
        area.write(0, column + 2, fmt::format(" {} ", question.error), theme.ink(Ink::alarm));
    } else {
        area.write(0, column + 2, "0x40000000, 1G or 256:0; Esc cancels", theme.ink(Ink::bar));
    }
}

/// What stands on the right of the bottom line, where `columns` are free.
std::pair<std::string, Ink> right_text(const State& state, int columns) {
    if (!state.note.empty()) {
        return {fmt::format(" {} ", state.note), Ink::alarm};
    }
    if (state.death) {
        return {fmt::format(" THE GUEST DIED: {}r fresh boot  q quit ",
                            state.death->can_go_back ? "b back  " : ""),
                Ink::alarm};
    }
    if (state.run == Run::stopped_by_gdb) {
        return {" STOPPED BY GDB ", Ink::alarm};
    }
    if (state.run == Run::stopped) {
        return {" STOPPED ", Ink::alarm};
    }
    if (state.scroll > 0) {
        return {fmt::format(" {} rows back ", state.scroll), Ink::alarm};
    }
    return {state.snapshot ? lab_text(state, columns) : std::string{}, Ink::bar};
}

} // namespace

void draw_picture_title(Area area, const State& state, const Theme& theme) {
    const Style style = theme.ink(title_ink(state, Pane::picture));
    area.fill_row(0, U' ', style);
    area.write(0, 0, picture_title(state), style);
}

void draw_divider(Area area, const State& state, const Theme& theme) {
    const Style style = theme.ink(title_ink(state, Pane::terminal));
    area.fill_row(0, U' ', style);
    area.write(0, 0, fmt::format(" terminal of {}", state.name), style);
}

void draw_status(Area area, const State& state, const Theme& theme) {
    area.fill_row(0, U' ', theme.ink(Ink::bar));
    if (state.question && !state.prefix) {
        write_question(area, state, theme);
        return;
    }
    const std::string_view name = state.focus == Pane::terminal ? " TERMINAL " : " PICTURE ";
    int column = state.prefix ? 0 : area.write(0, 0, name, theme.ink(Ink::bar_focus));
    for (const Word& word : key_words(state)) {
        column = area.write(0, column, word.text, theme.ink(word.ink));
    }
    if (state.prefix) {
        return;
    }
    const auto [text, ink] = right_text(state, area.columns() - column);
    const int width = static_cast<int>(model::from_utf8(text).size());
    // What must be seen may cover the keys, but never the way out.
    constexpr int kWayOut = 21;
    const int start = std::max(area.columns() - width, ink == Ink::alarm ? kWayOut : column);
    area.write(0, start, text, theme.ink(ink));
}

} // namespace pagelab::console::view
