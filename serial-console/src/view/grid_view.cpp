// Grids of 1,024 cells: directory slots, a table's entries, physical memory. In colour where two lines share
// a row: half-blocks; else one glyph a cell.
#include "serial-console/src/view/draw.hpp"

#include "kernel/paging/writer.hpp"
#include "serial-console/src/model/regions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>

namespace pagelab::console::view {
namespace {

using model::Slot;
using model::SlotKind;
using model::State;

constexpr char32_t kUpperHalf = U'▀';
constexpr char32_t kLowerHalf = U'▄';
constexpr std::uint32_t kCells = paging::kEntryCount;

/// What a cell shows, before the cursor is laid over it.
struct GridCell {
    char32_t glyph = U' ';
    Colour colour = kDefaultColour;
    bool empty = true;
    int glow = 0;
    /// Of two in one character the one that matters more is shown.
    int weight = 0;
};

struct Grid {
    std::function<GridCell(std::uint32_t index)> cell;
    std::function<std::string(std::uint32_t index)> label;
    std::uint32_t cursor = 0;
    std::uint32_t cells = kCells;
};

struct GridPainter {
    Area area;
    const Theme& theme;
    model::GridShape shape;
    const Grid& grid;

    [[nodiscard]] bool under_cursor(std::uint32_t index) const { return grid.cursor == index; }
    [[nodiscard]] GridCell cell(std::uint32_t index) const {
        return index < grid.cells ? grid.cell(index) : GridCell{};
    }
    [[nodiscard]] Colour colour(std::uint32_t index) const {
        return under_cursor(index) ? theme.cursor_colour() : cell(index).colour;
    }

    /// One slot in a cell: its glyph, in colour on a tile.
    void paint_glyph(int row, int column, std::uint32_t index, const GridCell& shown) {
        Style style;
        if (theme.colour() && shown.colour != kDefaultColour) {
            style.foreground = theme.depth() == ColourDepth::many ? Colour{16} : Colour{0};
            style.background = shown.colour;
        } else if (shown.empty) {
            style = theme.ink(Ink::faint);
        }
        style.bold = !theme.colour() && shown.glow > 0;
        style.underline = style.bold;
        if (under_cursor(index)) {
            style = theme.colour() ? Style{.foreground = theme.cursor_colour(), .bold = true, .reverse = true}
                                   : Style{.reverse = true};
        }
        area.put(row, column, shown.empty && index < grid.cells ? theme.empty_glyph() : shown.glyph, style);
    }

    /// Two slots in a cell without half-blocks: the one under the cursor, else the more important one.
    void paint_pair_glyph(int row, int column, std::uint32_t upper, std::uint32_t lower) {
        const GridCell above = cell(upper);
        const GridCell below = cell(lower);
        const bool lower_matters =
            below.weight > above.weight || (below.weight == above.weight && below.glow > above.glow);
        const bool show_lower = under_cursor(lower) || (lower_matters && !under_cursor(upper));
        paint_glyph(row, column, show_lower ? lower : upper, show_lower ? below : above);
    }

    void paint_halves(int row, int column, std::uint32_t upper, std::uint32_t lower) {
        const Colour above = colour(upper);
        const Colour below = colour(lower);
        if (above == kDefaultColour && below == kDefaultColour) {
            area.put(row, column, upper < grid.cells ? theme.empty_glyph() : U' ', theme.ink(Ink::faint));
        } else if (above == kDefaultColour) {
            area.put(row, column, kLowerHalf, {.foreground = below});
        } else {
            area.put(row, column, kUpperHalf, {.foreground = above, .background = below});
        }
    }

    void paint_row(int row, int grid_row) {
        const int first = grid_row * shape.lines_per_row * shape.columns;
        const int cursor_row = static_cast<int>(grid.cursor) / (shape.columns * shape.lines_per_row);
        if (static_cast<std::uint32_t>(first) < grid.cells) {
            area.write(row, 0, grid.label(static_cast<std::uint32_t>(first)),
                       theme.ink(cursor_row == grid_row ? Ink::strong : Ink::faint));
        }
        for (int column = 0; column < shape.columns; ++column) {
            const int place = model::kGridLabel + column;
            const auto upper = static_cast<std::uint32_t>(first + column);
            const auto lower = static_cast<std::uint32_t>(first + shape.columns + column);
            if (shape.lines_per_row == 1) {
                paint_glyph(row, place, upper, cell(upper));
            } else if (theme.colour() && theme.unicode()) {
                paint_halves(row, place, upper, lower);
            } else {
                paint_pair_glyph(row, place, upper, lower);
            }
        }
    }

    void paint(bool with_cursor) {
        const int cell_lines = static_cast<int>(grid.cursor) / shape.columns;
        const int cursor_row = cell_lines / shape.lines_per_row;
        // A grid that is higher than its place shows the part around the cursor.
        const int last_first = std::max(shape.rows() - area.rows(), 0);
        const int first = std::clamp(cursor_row - area.rows() / 2, 0, last_first);
        for (int row = 0; row < area.rows() && first + row < shape.rows(); ++row) {
            paint_row(row, first + row);
        }
        if (with_cursor) {
            area.set_cursor(cursor_row - first,
                            model::kGridLabel + static_cast<int>(grid.cursor) % shape.columns);
        }
    }
};

std::string address_label(paging::VirtAddr va) {
    paging::FixedText<16> label;
    paging::put_address(label, va);
    return std::string{label.view()};
}

GridCell slot_cell(const Slot& slot, int glow, const Theme& theme) {
    return {.glyph = slot_glyph(slot),
            .colour = theme.slot_colour(slot, glow),
            .empty = slot.kind == SlotKind::empty,
            .glow = glow,
            .weight = static_cast<int>(slot.kind)};
}

Grid directory_grid(const State& state, const Theme& theme) {
    return {.cell =
                [&](std::uint32_t index) {
                    return slot_cell(state.snapshot->slots[index], state.changes.level(index, state.now),
                                     theme);
                },
            .label = [](std::uint32_t index) { return address_label(paging::VirtAddr{index << 22}); },
            .cursor = state.slot()};
}

Grid table_grid(const State& state, const Theme& theme) {
    return {.cell =
                [&](std::uint32_t index) {
                    return slot_cell(model::entry_at(*state.snapshot, state.slot(), index),
                                     state.entry_glow(state.slot(), index), theme);
                },
            .label =
                [&](std::uint32_t index) {
                    return address_label(paging::VirtAddr::from_indices(state.slot(), index));
                },
            .cursor = state.cursor.table_index()};
}

GridCell frames_cell(const State& state, const Theme& theme, std::uint64_t first, std::uint64_t count) {
    // Free frames among used ones are not worth a cell's only character.
    constexpr std::array<int, interface::kFrameRoleNames.size()> kWeight = {1, 0, 2, 5, 4, 3};
    const model::FrameMap& map = *state.snapshot->frames;
    GridCell cell;
    auto role = map.role(first);
    for (std::uint64_t frame = first; frame < std::min(first + count, map.frames); ++frame) {
        const auto other = map.role(frame);
        if (kWeight[static_cast<std::size_t>(other)] > kWeight[static_cast<std::size_t>(role)]) {
            role = other;
        }
        cell.glow = std::max(cell.glow, state.frame_glow(frame));
    }
    cell.glyph = role_glyph(role);
    cell.colour = theme.role_colour(role, cell.glow);
    cell.empty = role == interface::FrameRole::free;
    cell.weight = kWeight[static_cast<std::size_t>(role)];
    return cell;
}

Grid frames_grid(const State& state, const Theme& theme) {
    const std::uint64_t frames = state.snapshot->frames->frames;
    const std::uint64_t each = model::frames_per_cell(frames);
    return {.cell = [&state, &theme,
                     each](std::uint32_t index) { return frames_cell(state, theme, index * each, each); },
            .label = [each](std::uint32_t index) { return fmt::format("0x{:08x}", index * each << 12); },
            .cursor = static_cast<std::uint32_t>(std::min(state.frame_cursor, frames - 1) / each),
            .cells = static_cast<std::uint32_t>((frames + each - 1) / each)};
}

std::string why_no_directory(const State& state) {
    if (!state.snapshot) {
        return state.waiting;
    }
    return state.snapshot->lab.context.control.paging() ? "CR3 points beyond RAM: there is no directory"
                                                        : "paging is off: there is no directory";
}

/// Why a view has no grid; empty if it has one.
std::string why_no_grid(const State& state, model::View view) {
    if (!state.has_directory()) {
        return why_no_directory(state);
    }
    if (view == model::View::frames) {
        const bool known = state.snapshot->frames && state.snapshot->frames->frames != 0;
        return known ? "" : "this guest keeps no records of its frames";
    }
    const Slot& slot = state.snapshot->slots[state.slot()];
    if (view == model::View::table && slot.table == nullptr) {
        return fmt::format("PDE {} leads to no page table: {}", state.slot(), slot_words(slot.kind));
    }
    return {};
}

void paint(Area area, const State& state, const Theme& theme, model::View view, bool with_cursor) {
    if (const std::string why = why_no_grid(state, view); !why.empty()) {
        area.write(std::min(area.rows() / 2, 8), 2, why, theme.ink(Ink::strong));
        return;
    }
    const Grid grid = view == model::View::table    ? table_grid(state, theme)
                      : view == model::View::frames ? frames_grid(state, theme)
                                                    : directory_grid(state, theme);
    GridPainter{area, theme, state.layout().grid_shape, grid}.paint(with_cursor);
}

} // namespace

void draw_grid(Area area, const State& state, const Theme& theme) {
    paint(area, state, theme, state.view, state.focus == model::Pane::picture && !state.question);
}

void draw_table(Area area, const State& state, const Theme& theme) {
    std::string heading = fmt::format("table {}", state.slot());
    if (state.has_directory()) {
        const Slot& slot = state.snapshot->slots[state.slot()];
        if (slot.table != nullptr) {
            heading += fmt::format(": {} of 1024 present", slot.present);
        }
    }
    area.write(0, 0, heading, theme.ink(Ink::strong));
    paint(area.below(1), state, theme, model::View::table, false);
}

} // namespace pagelab::console::view
