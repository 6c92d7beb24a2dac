// The 1,024 directory slots. In colour where two slots share a cell: half-blocks; else one glyph a cell.
#include "serial-console/src/view/draw.hpp"

#include "kernel/paging/writer.hpp"

#include <algorithm>
#include <array>

namespace pagelab::console::view {
namespace {

using model::Slot;
using model::SlotKind;
using model::State;

constexpr char32_t kUpperHalf = U'▀';
constexpr char32_t kLowerHalf = U'▄';

struct GridPainter {
    Area area;
    const State& state;
    const Theme& theme;
    model::GridShape shape;

    [[nodiscard]] const Slot& slot(std::uint32_t index) const { return state.snapshot->slots[index]; }
    [[nodiscard]] int glow(std::uint32_t index) const { return state.changes.level(index, state.now); }
    [[nodiscard]] bool under_cursor(std::uint32_t index) const { return state.slot() == index; }
    [[nodiscard]] Colour colour(std::uint32_t index) const {
        return under_cursor(index) ? theme.cursor_colour() : theme.slot_colour(slot(index), glow(index));
    }

    /// One slot in a cell: its glyph, in colour on a tile.
    void paint_glyph(int row, int column, std::uint32_t index) {
        const SlotKind kind = slot(index).kind;
        const bool empty = kind == SlotKind::empty;
        const int level = glow(index);
        Style style;
        if (theme.colour() && (!empty || level > 0)) {
            style.foreground = theme.depth() == ColourDepth::many ? Colour{16} : Colour{0};
            style.background = theme.slot_colour(slot(index), level);
        } else if (empty) {
            style = theme.ink(Ink::faint);
        }
        style.bold = !theme.colour() && level > 0;
        style.underline = style.bold;
        if (under_cursor(index)) {
            style = theme.colour() ? Style{.foreground = theme.cursor_colour(), .bold = true, .reverse = true}
                                   : Style{.reverse = true};
        }
        area.put(row, column, empty ? theme.empty_glyph() : slot_glyph(kind), style);
    }

    /// Two slots in a cell without half-blocks: the one under the cursor, else the more important one.
    void paint_pair_glyph(int row, int column, std::uint32_t upper, std::uint32_t lower) {
        const bool lower_matters = slot(lower).kind > slot(upper).kind ||
                                   (slot(lower).kind == slot(upper).kind && glow(lower) > glow(upper));
        std::uint32_t shown = lower_matters ? lower : upper;
        if (under_cursor(upper) || under_cursor(lower)) {
            shown = under_cursor(upper) ? upper : lower;
        }
        paint_glyph(row, column, shown);
    }

    void paint_halves(int row, int column, std::uint32_t upper, std::uint32_t lower) {
        const Colour above = colour(upper);
        const Colour below = colour(lower);
        if (above == kDefaultColour && below == kDefaultColour) {
            area.put(row, column, theme.empty_glyph(), theme.ink(Ink::faint));
        } else if (above == kDefaultColour) {
            area.put(row, column, kLowerHalf, {.foreground = below});
        } else {
            area.put(row, column, kUpperHalf, {.foreground = above, .background = below});
        }
    }

    void paint_row(int row, int grid_row) {
        const int first = grid_row * shape.lines_per_row * shape.columns;
        paging::FixedText<16> label;
        paging::put_address(label, paging::VirtAddr{static_cast<std::uint32_t>(first) << 22});
        const int cursor_row = static_cast<int>(state.slot()) / (shape.columns * shape.lines_per_row);
        area.write(row, 0, label.view(), theme.ink(cursor_row == grid_row ? Ink::strong : Ink::faint));
        for (int column = 0; column < shape.columns; ++column) {
            const int place = model::kGridLabel + column;
            const auto upper = static_cast<std::uint32_t>(first + column);
            const auto lower = static_cast<std::uint32_t>(first + shape.columns + column);
            if (shape.lines_per_row == 1) {
                paint_glyph(row, place, upper);
            } else if (theme.colour() && theme.unicode()) {
                paint_halves(row, place, upper, lower);
            } else {
                paint_pair_glyph(row, place, upper, lower);
            }
        }
    }

    void paint() {
        const int cell_lines = static_cast<int>(state.slot()) / shape.columns;
        const int cursor_row = cell_lines / shape.lines_per_row;
        // A grid that is higher than its place shows the part around the cursor.
        const int last_first = std::max(shape.rows() - area.rows(), 0);
        const int first = std::clamp(cursor_row - area.rows() / 2, 0, last_first);
        for (int row = 0; row < area.rows() && first + row < shape.rows(); ++row) {
            paint_row(row, first + row);
        }
        if (state.focus == model::Pane::picture && !state.question) {
            area.set_cursor(cursor_row - first,
                            model::kGridLabel + static_cast<int>(state.slot()) % shape.columns);
        }
    }
};

} // namespace

void draw_grid(Area area, const State& state, const Theme& theme) {
    if (!state.snapshot || !state.snapshot->has_directory() ||
        !state.snapshot->lab.context.control.paging()) {
        const std::string_view reason =
            !state.snapshot ? std::string_view{state.waiting}
            : !state.snapshot->lab.context.control.paging()
                ? std::string_view{"paging is off: there is no directory"}
                : std::string_view{"CR3 points beyond RAM: there is no directory"};
        area.write(area.rows() / 2, 2, reason, theme.ink(Ink::strong));
        return;
    }
    GridPainter{area, state, theme, state.layout().grid_shape}.paint();
}

} // namespace pagelab::console::view
