// Beside the grid, where there is room: what the colours and glyphs mean, and what the lab page says.
#include "serial-console/src/view/draw.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

namespace pagelab::console::view {
namespace {

using model::SlotKind;

constexpr std::array<SlotKind, 7> kLegend = {SlotKind::empty,   SlotKind::table,    SlotKind::page,
                                             SlotKind::kernel,  SlotKind::self_map, SlotKind::value,
                                             SlotKind::reserved};

void write_legend_line(Area& area, int row, SlotKind kind, const Theme& theme) {
    constexpr std::uint16_t kHalfFull = 32;
    const bool table = kind == SlotKind::table || kind == SlotKind::kernel;
    const Colour colour =
        theme.slot_colour({.kind = kind, .present = table ? kHalfFull : std::uint16_t{0}}, 0);
    const bool empty = kind == SlotKind::empty;
    Style style = empty ? theme.ink(Ink::faint) : Style{};
    if (colour != kDefaultColour) {
        style.background = colour;
        style.foreground = theme.depth() == ColourDepth::many ? Colour{16} : Colour{0};
    }
    const char32_t glyph = empty ? theme.empty_glyph() : slot_glyph(kind);
    area.put(row, 0, glyph, style);
    const std::string_view words =
        kind == SlotKind::reserved ? "broken: reserved bits, beyond RAM" : slot_words(kind);
    area.write(row, 3, words, theme.ink(Ink::plain));
}

std::string_view status_words(std::uint32_t status) {
    constexpr std::array<std::string_view, 5> kWords = {"ok", "error", "fault", "rescued", "interrupted"};
    return status < kWords.size() ? kWords[status] : "?";
}

} // namespace

void draw_side(Area area, const model::State& state, const Theme& theme) {
    int row = 0;
    for (const SlotKind kind : kLegend) {
        write_legend_line(area, row++, kind, theme);
    }
    if (!state.snapshot) {
        return;
    }
    const model::LabInfo& lab = state.snapshot->lab;
    const paging::ControlRegisters& control = lab.context.control;
    ++row;
    const auto line = [&](const std::string& text) { area.write(row++, 0, text, theme.ink(Ink::faint)); };
    line(fmt::format("cr3 p:0x{:08x}  space {}", control.cr3, lab.space));
    line(fmt::format("cr0 0x{:08x}{}  cr4 0x{:08x}{}", control.cr0, control.write_protect() ? " WP" : "",
                     control.cr4, control.pse() ? " PSE" : ""));
    line(fmt::format("{} of {} frames free", lab.frames_free, lab.frames_total));
    line(fmt::format("{} commands, the last: {}", lab.command_count, status_words(lab.last_status)));
    line(lab.last_command);
}

} // namespace pagelab::console::view
