// The views that are lines: regions, the journal, findings, the answer of a verb, registers.
#include "serial-console/src/view/draw.hpp"

#include "kernel/interface/journal_text.hpp"
#include "kernel/paging/region_text.hpp"
#include "serial-console/src/model/regions.hpp"
#include "serial-console/src/model/texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace pagelab::console::view {
namespace {

using model::State;
using model::View;

struct ListLine {
    std::string text;
    Ink ink = Ink::plain;
};

/// A heading, and the lines around the selected one.
template <class LineOf>
void draw_lines(Area area, const State& state, const Theme& theme, std::string_view heading,
                std::size_t count, std::size_t selected, LineOf line_of) {
    area.write(0, 0, heading, theme.ink(Ink::faint));
    const auto rows = static_cast<std::size_t>(std::max(area.rows() - 1, 0));
    const std::size_t last_first = count > rows ? count - rows : 0;
    const std::size_t first = std::min(selected > rows / 2 ? selected - rows / 2 : 0, last_first);
    for (std::size_t i = first; i < std::min(first + rows, count); ++i) {
        const int row = static_cast<int>(i - first) + 1;
        const ListLine line = line_of(i);
        Style style = theme.ink(line.ink);
        if (i == selected) {
            const Style selection = theme.ink(Ink::selected);
            style.background = selection.background;
            style.reverse = selection.reverse;
            style.bold = true;
            area.fill_row(row, U' ', style);
            if (state.focus == model::Pane::picture && !state.question) {
                area.set_cursor(row, 0);
            }
        }
        area.write(row, 0, line.text, style);
    }
    if (count > rows && area.columns() > 60) {
        const std::string place = fmt::format(" {} of {} ", selected + 1, count);
        area.write(0, area.columns() - static_cast<int>(place.size()), place, theme.ink(Ink::faint));
    }
}

void say_one(Area area, const Theme& theme, std::string_view text) {
    area.write(std::min(area.rows() / 2, 5), 2, text, theme.ink(Ink::strong));
}

std::string region_text(const paging::Region& region, bool wide) {
    paging::FixedText<200> line;
    if (region.self_map) {
        paging::say(line, "{:22}  {:>8}  {}  the self-map", region.range(), paging::Size{region.size},
                    region.pa);
    } else if (wide) {
        paging::put_region(line, region);
    } else {
        paging::say(line, "{:22}  {:>8}  {}  ", region.range(), paging::Size{region.size}, region.pa);
        paging::say(line, "{}  {}  {}", region.kernel, region.user, region.flags);
    }
    return std::string{line.view()};
}

/// Whether anything of a region changed a short while ago.
bool glows(const State& state, const paging::Region& region) {
    const std::uint64_t end = region.va.raw() + region.size;
    const auto last = static_cast<std::uint32_t>((end - 1) >> 22);
    for (std::uint32_t pdi = region.va.directory_index(); pdi <= last; ++pdi) {
        if (state.changes.level(pdi, state.now) == 0) {
            continue;
        }
        if (region.page_size == paging::kLargePageSize) {
            return true;
        }
        const std::uint32_t first_page = pdi == region.va.directory_index() ? region.va.table_index() : 0;
        const std::uint32_t end_page =
            pdi == last ? static_cast<std::uint32_t>((end - 1) >> 12 & 0x3ff) + 1 : paging::kEntryCount;
        for (std::uint32_t pti = first_page; pti < end_page; ++pti) {
            if (state.entry_glow(pdi, pti) > 0) {
                return true;
            }
        }
    }
    return false;
}

void draw_maps(Area area, const State& state, const Theme& theme) {
    if (!state.has_directory()) {
        say_one(area, theme, state.snapshot ? "there is no directory" : state.waiting);
        return;
    }
    const auto all = model::folded_regions(*state.snapshot);
    if (all.empty()) {
        say_one(area, theme, "nothing is mapped");
        return;
    }
    constexpr int kWide = 100;
    const bool wide = area.columns() >= kWide;
    draw_lines(
        area, state, theme,
        wide ? "pages                       size  physical      page   rights                   flags"
             : "pages                       size  physical     kernel user  flags",
        all.size(), model::region_at(all, state.cursor), [&](std::size_t i) {
            return ListLine{region_text(all[i], wide), glows(state, all[i]) ? Ink::changed : Ink::plain};
        });
}

ListLine event_line(const State& state, const interface::JournalRecord& record) {
    paging::FixedText<200> line;
    interface::put_event(line, record);
    using enum interface::JournalKind;
    const bool bad = record.kind == fault || record.kind == rescue || record.kind == rollback;
    const bool faint = record.kind == begin || record.kind == commit;
    const Ink ink = state.event_glow(record.sequence) > 0 ? Ink::changed
                    : bad                                 ? Ink::bad
                    : faint                               ? Ink::faint
                                                          : Ink::plain;
    return {std::string{line.view()}, ink};
}

void draw_events(Area area, const State& state, const Theme& theme) {
    if (!state.snapshot || !state.snapshot->journal || state.snapshot->journal->empty()) {
        say_one(area, theme, model::log_lines(state).front());
        return;
    }
    const model::Journal& journal = *state.snapshot->journal;
    const auto found = state.event
                           ? std::ranges::find(journal, *state.event, &interface::JournalRecord::sequence)
                           : journal.end();
    const auto selected =
        found == journal.end() ? journal.size() - 1 : static_cast<std::size_t>(found - journal.begin());
    draw_lines(area, state, theme, "     #  what        the journal, newest last", journal.size(), selected,
               [&](std::size_t i) { return event_line(state, journal[i]); });
}

Ink finding_ink(std::string_view line) {
    return line.starts_with("error") ? Ink::bad : line.starts_with("warning") ? Ink::strong : Ink::plain;
}

void draw_line_list(Area area, const State& state, const Theme& theme, const model::LineList& list,
                    std::string_view heading) {
    draw_lines(area, state, theme, heading, list.lines.size(), list.selected, [&](std::size_t i) {
        return ListLine{list.lines[i], finding_ink(list.lines[i])};
    });
}

void draw_registers(Area area, const State& state, const Theme& theme) {
    int row = 0;
    for (const std::string& line : model::register_lines(state)) {
        area.write(row++, 0, line, theme.ink(line.starts_with("  ") ? Ink::faint : Ink::plain));
    }
}

} // namespace

void draw_list(Area area, const State& state, const Theme& theme) {
    switch (state.view) {
    case View::maps:
        return draw_maps(area, state, theme);
    case View::log:
        return draw_events(area, state, theme);
    case View::check:
        return draw_line_list(area, state, theme, state.findings, "what check finds; Enter goes there");
    case View::answer:
        return draw_line_list(area, state, theme, state.answer,
                              fmt::format(":{}   Esc goes back, y copies", state.answer.title));
    case View::regs:
        return draw_registers(area, state, theme);
    default:
        return;
    }
}

void draw_log(Area area, const State& state, const Theme& theme) {
    area.write(0, 0, "log", theme.ink(Ink::strong));
    if (!state.snapshot || !state.snapshot->journal) {
        return;
    }
    const model::Journal& journal = *state.snapshot->journal;
    const auto rows = static_cast<std::size_t>(std::max(area.rows() - 1, 0));
    const std::size_t first = journal.size() > rows ? journal.size() - rows : 0;
    for (std::size_t i = first; i < journal.size(); ++i) {
        const ListLine line = event_line(state, journal[i]);
        area.write(static_cast<int>(i - first) + 1, 0, line.text, theme.ink(line.ink));
    }
}

} // namespace pagelab::console::view
