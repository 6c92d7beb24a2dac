// The walk of the address under the cursor, in the words of the core; shortened where the line is.
#include "serial-console/src/view/draw.hpp"

#include "kernel/paging/walk_text.hpp"

#include "serial-console/src/model/texts.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

namespace pagelab::console::view {
namespace {

using model::State;
using paging::FixedText;
using paging::Step;
using paging::Walk;

constexpr std::size_t kLine = 200;
using Line = FixedText<kLine>;

/// What a step's line leaves out to fit, in this order.
enum class Short { nothing, entry_pa, entry_va, target };

std::string step_text(const Walk& walk, const Step& step, Short left_out) {
    Line line;
    FixedText<16> name;
    paging::put_step_name(name, walk, step);
    paging::put_padded(line, name.view(), paging::kNameColumn);
    line.put("  ");
    if (left_out < Short::entry_va) {
        if (step.entry_va) {
            paging::put_address(line, *step.entry_va);
        } else {
            line.put("-");
        }
        line.put("  ");
    }
    if (left_out < Short::entry_pa) {
        paging::put_address(line, step.entry_pa);
        line.put("  ");
    }
    if (step.raw) {
        paging::put_hex(line, *step.raw, 8);
    } else {
        line.put("?");
    }
    line.put("  ");
    paging::put_flags(line, step.flags);
    if (left_out < Short::target) {
        line.put("  -> ");
        paging::put_target(line, step.kind, step.target);
    }
    return std::string{line.view()};
}

std::string fitting_step_text(const Walk& walk, const Step& step, int columns) {
    std::string text;
    for (const Short left_out : {Short::nothing, Short::entry_pa, Short::entry_va, Short::target}) {
        text = step_text(walk, step, left_out);
        if (text.size() <= static_cast<std::size_t>(columns)) {
            break;
        }
    }
    return text;
}

std::string outcome_text(const Walk& walk) {
    Line line;
    paging::put_outcome(line, walk);
    if (walk.self_map) {
        line.put("  ");
        paging::put_self_map_view(line, *walk.self_map);
    }
    return std::string{line.view()};
}

/// Each bit of an entry under its name: "frame 0x00106  AVL 000  G 0 …".
std::string bits_text(const Step& step, const paging::PagingContext& context) {
    if (!step.raw) {
        return {};
    }
    const std::uint32_t raw = *step.raw;
    const bool pde = step.level == paging::Level::pde;
    const bool leaf = !pde || paging::Pde{raw}.large(context);
    struct Bit {
        unsigned number;
        std::string_view name;
    };
    const std::array<Bit, 9> bits = {{{8, leaf ? "G" : "-"},
                                      {7, !pde                    ? "PAT"
                                          : context.control.pse() ? "PS"
                                                                  : "-"},
                                      {6, leaf ? "D" : "-"},
                                      {5, "A"},
                                      {4, "PCD"},
                                      {3, "PWT"},
                                      {2, "US"},
                                      {1, "RW"},
                                      {0, "P"}}};
    Line line;
    line.put("  31:12 ");
    paging::put_hex(line, raw >> 12, 5);
    line.put("  11:9 ");
    for (unsigned bit = 12; bit-- > 9;) {
        line.put(((raw >> bit) & 1) != 0 ? "1" : "0");
    }
    for (const Bit& bit : bits) {
        line.put("  ");
        line.put(bit.name);
        line.put(((raw >> bit.number) & 1) != 0 ? " 1" : " 0");
    }
    return std::string{line.view()};
}

/// What becomes of an access, and in which ink that is told.
std::pair<std::string, Ink> verdict(const Walk& walk, const paging::Access& access) {
    const paging::Prediction prediction = paging::predict(walk, access);
    if (!prediction.fault) {
        return {"yes", Ink::good};
    }
    if (walk.outcome == paging::Outcome::unreadable) {
        return {"nobody knows", Ink::bad};
    }
    Line line;
    paging::say(line, "#PF {}", paging::Hex{prediction.code, 1});
    if (prediction.blame) {
        paging::say(line, " by {}", paging::step_name(walk, walk.steps[*prediction.blame]));
    }
    return {std::string{line.view()}, Ink::bad};
}

/// The three fields of the address, bit by bit.
std::string split_text(paging::VirtAddr va) {
    Line line;
    const auto bits = [&](std::uint32_t value, unsigned count) {
        while (count-- > 0) {
            line.put(((value >> count) & 1) != 0 ? "1" : "0");
        }
    };
    line.put("  ");
    bits(va.directory_index(), 10);
    line.put(" ");
    bits(va.table_index(), 10);
    line.put(" ");
    bits(va.page_offset(), 12);
    return std::string{line.view()};
}

struct WalkPainter {
    Area area;
    const State& state;
    const Theme& theme;
    Walk walk;
    int row = 0;

    void line(std::string_view text, Ink ink) { area.write(row++, 0, text, theme.ink(ink)); }

    void step(std::size_t index, bool with_bits) {
        if (index >= walk.step_count) {
            return;
        }
        const bool changed = model::glow_level(state.walk_changes[index], state.now) > 0;
        line(fitting_step_text(walk, walk.steps[index], area.columns()), changed ? Ink::changed : Ink::plain);
        if (with_bits) {
            line(bits_text(walk.steps[index], walk.context), Ink::faint);
        }
    }

    void paint() {
        const bool with_bits = area.rows() >= 7;
        const bool with_head = area.rows() >= 5;
        if (with_head) {
            Line head;
            paging::put_walk_head(head, walk);
            line(head.view(), Ink::plain);
        }
        if (with_bits) {
            line(split_text(walk.va), Ink::faint);
        }
        step(0, with_bits);
        step(1, with_bits);
        line(outcome_text(walk), Ink::strong);
    }
};

/// Bits and meaning of the three fields.
std::string named_split_text(paging::VirtAddr va) {
    const auto bits = [](std::uint32_t value, unsigned count) {
        return fmt::format("{:0{}b}", value, count);
    };
    return fmt::format("directory {} = {}  table {} = {}  offset {}", bits(va.directory_index(), 10),
                       va.directory_index(), bits(va.table_index(), 10), va.table_index(),
                       bits(va.page_offset(), 12));
}

struct WholeWalkPainter {
    Area area;
    const State& state;
    const Theme& theme;
    Walk walk;
    bool roomy;
    int row = 0;

    void line(std::string_view text, Ink ink) { area.write(row++, 0, text, theme.ink(ink)); }
    void gap() { row += roomy ? 1 : 0; }

    void step(std::size_t index) {
        if (index >= walk.step_count) {
            return;
        }
        const bool changed = model::glow_level(state.walk_changes[index], state.now) > 0;
        line(fitting_step_text(walk, walk.steps[index], area.columns()), changed ? Ink::changed : Ink::plain);
        line(bits_text(walk.steps[index], walk.context), Ink::faint);
        gap();
    }

    void verdicts() {
        constexpr int kFirst = 8;
        constexpr int kEach = 24;
        using enum paging::AccessKind;
        constexpr std::array<std::pair<paging::AccessKind, std::string_view>, 3> kKinds = {
            {{read, "read"}, {write, "write"}, {fetch, "execute"}}};
        for (std::size_t i = 0; i < kKinds.size(); ++i) {
            area.write(row, kFirst + kEach * static_cast<int>(i), kKinds[i].second, theme.ink(Ink::faint));
        }
        ++row;
        for (const bool user : {false, true}) {
            area.write(row, 0, user ? "user" : "kernel", theme.ink(Ink::strong));
            for (std::size_t i = 0; i < kKinds.size(); ++i) {
                const auto [text, ink] = verdict(walk, {.kind = kKinds[i].first, .user = user});
                area.write(row, kFirst + kEach * static_cast<int>(i), text, theme.ink(ink));
            }
            ++row;
        }
    }

    void paint() {
        Line head;
        paging::put_walk_head(head, walk);
        line(head.view(), Ink::strong);
        line(named_split_text(walk.va), Ink::plain);
        gap();
        step(0);
        step(1);
        line(outcome_text(walk), Ink::strong);
        gap();
        if (walk.outcome != paging::Outcome::paging_off) {
            verdicts();
        }
    }
};

} // namespace

void draw_whole_walk(Area area, const State& state, const Theme& theme) {
    constexpr int kWithGaps = 14;
    if (!state.snapshot) {
        area.write(2, 2, state.waiting, theme.ink(Ink::strong));
        return;
    }
    WholeWalkPainter{area, state, theme, state.snapshot->walk(state.cursor), area.rows() >= kWithGaps}
        .paint();
}

void draw_detail(Area area, const State& state, const Theme& theme) {
    if (state.view == model::View::walk) {
        draw_whole_walk(area, state, theme);
        return;
    }
    if (state.view != model::View::frames) {
        draw_walk(area, state, theme);
        return;
    }
    int row = 0;
    if (state.has_directory()) {
        for (const std::string& text : model::frame_lines(state)) {
            area.write(row, 0, text, theme.ink(row == 0 ? Ink::strong : Ink::plain));
            ++row;
        }
    }
}

void draw_walk(Area area, const State& state, const Theme& theme) {
    if (state.snapshot) {
        WalkPainter{area, state, theme, state.snapshot->walk(state.cursor)}.paint();
    }
}

} // namespace pagelab::console::view
