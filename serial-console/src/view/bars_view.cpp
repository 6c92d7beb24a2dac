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

std::string slot_text(const model::Slot& slot) {
    std::string text = slot.kind == SlotKind::kernel && slot.table != nullptr
                           ? "kernel table"
                           : std::string{slot_words(slot.kind)};
    return slot.table == nullptr ? text : fmt::format("{}, {} of 1024 present", text, slot.present);
}

/// Where the cursor is, as much of it as fits into `columns`.
std::string place_text(const State& state, int columns) {
    if (state.view == model::View::frames) {
        return fmt::format("p:0x{:08x} ", state.frame_cursor << 12);
    }
    paging::FixedText<32> address;
    paging::put_address(address, state.cursor);
    paging::FixedText<32> indices;
    paging::put_indices(indices, state.cursor);
    std::vector<std::string> longest_first;
    if (state.has_directory()) {
        const bool torn = state.snapshot->mid_change;
        longest_first.push_back(fmt::format("{} = {}  slot {}: {}{} ", address.view(), indices.view(),
                                            state.slot(), slot_text(state.snapshot->slots[state.slot()]),
                                            torn ? "  (in the middle of a change)" : ""));
    }
    longest_first.push_back(fmt::format("{} = {} ", address.view(), indices.view()));
    longest_first.push_back(fmt::format("{} ", address.view()));
    const auto fits = [&](const std::string& text) { return static_cast<int>(text.size()) <= columns; };
    const auto found = std::ranges::find_if(longest_first, fits);
    return found == longest_first.end() ? std::string{} : *found;
}

/// What the lab page says, as much of it as fits into `columns`.
std::string lab_text(const State& state, int columns) {
    const model::LabInfo& lab = state.snapshot->lab;
    if (!lab.pagelab) {
        const std::string text = fmt::format("watched  cr3 p:{:#010x} ", lab.context.control.cr3);
        return static_cast<int>(text.size()) <= columns ? text : std::string{};
    }
    const std::string_view name = interface::kLabStateNames[static_cast<std::size_t>(lab.state)];
    const std::array<std::string, 3> longest_first = {
        fmt::format("{}  space {}  free {}/{} ", name, lab.space, lab.frames_free, lab.frames_total),
        fmt::format("{}  space {}  free {} ", name, lab.space, lab.frames_free), fmt::format("{} ", name)};
    // Apart from the keys, or it reads as one of them.
    const auto fits = [&](const std::string& text) { return static_cast<int>(text.size()) + 3 <= columns; };
    const auto found = std::ranges::find_if(longest_first, fits);
    return found == longest_first.end() ? std::string{} : *found;
}

/// Keys of the bottom line and their meaning.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kAfterPrefix = {
    {{"q", "quit"},
     {"^]", "other pane"},
     {"u", "undo"},
     {"p", "pause"},
     {":", "ask"},
     {"y", "copy"},
     {"z", "zoom"},
     {"1-8", "view"},
     {"?", "help"},
     {"Esc", "cancel"},
     {"/", "search"},
     {"c", "checkpoint"}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kInTerminal = {
    {{"^] q", "quit"}, {"F6", "picture"}, {"^] ?", "help"}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kInPicture = {{{"^] q", "quit"},
                                                                                      {"F6", "terminal"},
                                                                                      {"?", "help"},
                                                                                      {"g", "go to"},
                                                                                      {":", "ask"},
                                                                                      {"/", "find"},
                                                                                      {"y", "copy"}}};

/// The keys that fit, in the order of the list.
template <std::size_t N>
int write_keys(Area& area, int column,
               const std::array<std::pair<std::string_view, std::string_view>, N>& keys, const Theme& theme) {
    for (const auto& [key, meaning] : keys) {
        if (column + static_cast<int>(key.size() + meaning.size()) + 3 > area.columns()) {
            break;
        }
        column = area.write(0, column, fmt::format(" {}", key), theme.ink(Ink::key));
        column = area.write(0, column, fmt::format(" {} ", meaning), theme.ink(Ink::bar));
    }
    return column;
}

struct Prompt {
    std::string_view name;
    std::string_view example;
};
Prompt prompt_of(model::Asked what) {
    switch (what) {
    case model::Asked::address:
        return {" go to: ", "0x40000000, 1G or 256:0; Esc cancels"};
    case model::Asked::search:
        return {" find: ", "an address, p:0x00101000, or rights: uw; Esc cancels"};
    case model::Asked::verb:
        return {" ask: ", "walk 0x40000000, maps --user, check; Esc cancels"};
    case model::Asked::text:
        return {" search the terminal: ", "Esc cancels"};
    }
    return {};
}

void write_question(Area area, const State& state, const Theme& theme) {
    const model::Question& question = *state.question;
    const Prompt prompt = prompt_of(question.what);
    int column = area.write(0, 0, " ^] q", theme.ink(Ink::key));
    column = area.write(0, column, " quit ", theme.ink(Ink::bar));
    column = area.write(0, column, prompt.name, theme.ink(Ink::bar_focus));
    column = area.write(0, column, " ", theme.ink(Ink::bar));
    // Of a long one the end, where it is typed.
    const auto room = static_cast<std::size_t>(std::max(area.columns() - column - 1, 0));
    const std::string_view text = question.text;
    column = area.write(0, column, text.size() > room ? text.substr(text.size() - room) : text,
                        theme.ink(Ink::bar));
    area.set_cursor(0, column);
    if (!question.error.empty()) {
        area.write(0, column + 2, fmt::format(" {} ", question.error), theme.ink(Ink::alarm));
    } else {
        area.write(0, column + 2, prompt.example, theme.ink(Ink::bar));
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
        return {" PAUSED: ^] p goes on ", Ink::alarm};
    }
    if (state.lines_waiting > 0) {
        return {fmt::format(" {} pasted lines to go; ^C drops them ", state.lines_waiting), Ink::alarm};
    }
    if (state.scroll > 0) {
        return {fmt::format(" {} rows back ", state.scroll), Ink::alarm};
    }
    return {state.snapshot ? lab_text(state, columns) : std::string{}, Ink::bar};
}

/// Of a text that is too long the beginning and the end: there a file's name stands.
std::u32string fitted(std::u32string text, int columns) {
    constexpr std::size_t kEnd = 20;
    constexpr std::u32string_view kGap = U"...";
    const auto room = static_cast<std::size_t>(std::max(columns, 0));
    if (text.size() <= room || room <= kEnd + kGap.size()) {
        return text;
    }
    const std::u32string end = text.substr(text.size() - kEnd);
    return text.substr(0, room - kEnd - kGap.size()).append(kGap).append(end);
}

} // namespace

void draw_picture_title(Area area, const State& state, const Theme& theme) {
    const Style style = theme.ink(Ink::bar);
    area.fill_row(0, U' ', style);
    const bool with_names = model::tabs_have_names(area.columns());
    const auto all = model::tabs(with_names);
    const auto write_tab = [&](std::size_t i, Ink ink, std::string_view behind) {
        area.write(0, all[i].column,
                   fmt::format(" {}{}{}{}", i + 1, with_names ? " " : "",
                               with_names ? model::kViewNames[i] : "", behind),
                   theme.ink(ink));
    };
    for (std::size_t i = 0; i < model::kTabCount; ++i) {
        write_tab(i, Ink::bar, "");
    }
    // The tab of the view that is shown is lit while keys go to the picture.
    if (state.view != model::View::answer) {
        write_tab(static_cast<std::size_t>(state.view),
                  state.focus == Pane::picture ? Ink::bar_focus : Ink::tab, " ");
    }
    const int used = all.back().column + all.back().width + 1;
    const std::string place = place_text(state, area.columns() - used - 1);
    area.write(0, area.columns() - static_cast<int>(place.size()), place, theme.ink(Ink::key));
}

void draw_divider(Area area, const State& state, const Theme& theme) {
    const Style style = theme.ink(title_ink(state, Pane::terminal));
    area.fill_row(0, U' ', style);
    area.write(0, 0, fmt::format(" terminal of {}", state.name), style);
}

void draw_status(Area area, const State& state, const Theme& theme) {
    area.fill_row(0, U' ', theme.ink(Ink::bar));
    if (state.prefix) {
        const int column = area.write(0, 0, " ^] then:", theme.ink(Ink::bar_focus));
        static_cast<void>(write_keys(area, column, kAfterPrefix, theme));
        return;
    }
    if (state.question) {
        write_question(area, state, theme);
        return;
    }
    const bool in_terminal = state.focus == Pane::terminal;
    int column = area.write(0, 0, in_terminal ? " TERMINAL " : " PICTURE ", theme.ink(Ink::bar_focus));
    column = in_terminal ? write_keys(area, column, kInTerminal, theme)
                         : write_keys(area, column, kInPicture, theme);
    // What must be seen may cover the keys, but never the way out.
    constexpr int kWayOut = 21;
    auto [told, ink] = right_text(state, area.columns() - column);
    const std::u32string text = fitted(model::from_utf8(told), area.columns() - kWayOut);
    const int width = static_cast<int>(text.size());
    const int start = std::max(area.columns() - width, ink == Ink::alarm ? kWayOut : column);
    area.write(0, start, text, theme.ink(ink));
}

} // namespace pagelab::console::view
