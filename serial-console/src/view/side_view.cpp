// Beside the grid, where there is room: what the colours and glyphs mean, and what the lab page says.
#include "serial-console/src/view/draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace pagelab::console::view {
namespace {

using model::Slot;
using model::SlotKind;

struct Legend {
    char32_t glyph = U' ';
    Colour colour = kDefaultColour;
    std::string words;
};

std::vector<Legend> slot_legend(const Theme& theme) {
    constexpr std::uint16_t kHalfFull = 32;
    const auto of = [&](SlotKind kind, bool user, bool writable, std::string words) {
        const bool table = kind == SlotKind::table || kind == SlotKind::kernel;
        const Slot slot{.kind = kind,
                        .present = table ? kHalfFull : std::uint16_t{0},
                        .user = user,
                        .writable = writable};
        const char32_t glyph = kind == SlotKind::empty ? theme.empty_glyph() : slot_glyph(slot);
        return Legend{glyph, theme.slot_colour(slot, 0),
                      words.empty() ? std::string{slot_words(kind)} : std::move(words)};
    };
    return {of(SlotKind::empty, false, true, ""),
            of(SlotKind::table, false, true, "table"),
            of(SlotKind::table, true, true, "table, user"),
            of(SlotKind::table, false, false, "table, r/o"),
            of(SlotKind::table, true, false, "table, user r/o"),
            of(SlotKind::value, false, true, "a value"),
            of(SlotKind::page, false, true, "4 MiB page"),
            of(SlotKind::page, true, true, "page, user"),
            of(SlotKind::page, false, false, "page, r/o"),
            of(SlotKind::page, true, false, "page, user r/o"),
            of(SlotKind::kernel, false, true, "kernel's slot"),
            of(SlotKind::self_map, false, true, ""),
            of(SlotKind::foreign, false, true, ""),
            of(SlotKind::reserved, false, true, "broken")};
}

std::vector<Legend> frame_legend(const Theme& theme) {
    std::vector<Legend> result;
    for (std::size_t i = 0; i < interface::kFrameRoleNames.size(); ++i) {
        const auto role = static_cast<interface::FrameRole>(i);
        const bool free = role == interface::FrameRole::free;
        result.push_back({free ? theme.empty_glyph() : role_glyph(role), theme.role_colour(role, 0),
                          std::string{interface::kFrameRoleNames[i]}});
    }
    return result;
}

/// The legend in as many columns as fit; answers the row below it.
int write_legend(Area& area, const std::vector<Legend>& legend, const Theme& theme) {
    constexpr int kColumn = 20;
    const int columns = std::clamp(area.columns() / kColumn, 1, 4);
    const int rows = (static_cast<int>(legend.size()) + columns - 1) / columns;
    for (std::size_t i = 0; i < legend.size(); ++i) {
        const int row = static_cast<int>(i) % rows;
        const int column = static_cast<int>(i) / rows * kColumn;
        Style style = legend[i].colour == kDefaultColour ? theme.ink(Ink::plain) : Style{};
        if (legend[i].colour != kDefaultColour) {
            style.background = legend[i].colour;
            style.foreground = theme.depth() == ColourDepth::many ? Colour{16} : Colour{0};
        }
        area.put(row, column, legend[i].glyph, style);
        area.write(row, column + 2, legend[i].words, theme.ink(Ink::plain));
    }
    return rows;
}

std::string_view status_words(std::uint32_t status) {
    constexpr std::array<std::string_view, 5> kWords = {"ok", "error", "fault", "rescued", "interrupted"};
    return status < kWords.size() ? kWords[status] : "?";
}

} // namespace

void draw_side(Area area, const model::State& state, const Theme& theme) {
    int row = write_legend(area, state.view == model::View::frames ? frame_legend(theme) : slot_legend(theme),
                           theme);
    if (!state.snapshot) {
        return;
    }
    const model::LabInfo& lab = state.snapshot->lab;
    const paging::ControlRegisters& control = lab.context.control;
    ++row;
    const auto line = [&](const std::string& text) { area.write(row++, 0, text, theme.ink(Ink::faint)); };
    line(lab.pagelab ? fmt::format("cr3 p:0x{:08x}  space {}", control.cr3, lab.space)
                     : fmt::format("cr3 p:0x{:08x}", control.cr3));
    line(fmt::format("cr0 0x{:08x}{}  cr4 0x{:08x}{}", control.cr0, control.write_protect() ? " WP" : "",
                     control.cr4, control.pse() ? " PSE" : ""));
    if (!lab.pagelab) {
        return;
    }
    line(fmt::format("{} of {} frames free", lab.frames_free, lab.frames_total));
    line(fmt::format("{} commands, the last: {}", lab.command_count, status_words(lab.last_status)));
    line(lab.last_command);
}

} // namespace pagelab::console::view
