// The keys of the views: moving in a grid, in a list, from one view to what it speaks of.
#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/model/keys.hpp"
#include "serial-console/src/model/regions.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace pagelab::console::model {
namespace {

using paging::kEntryCount;
using paging::kPageSize;
using paging::VirtAddr;

/// Slots wrap around: right of the last one is the first.
void move_slots(State& state, int slots) {
    const auto count = static_cast<int>(kEntryCount);
    const int slot = (static_cast<int>(state.slot()) + slots + count) % count;
    move_cursor_to(state, VirtAddr::from_indices(static_cast<std::uint32_t>(slot), 0));
}

void move_pages(State& state, int pages) {
    move_cursor_to(state,
                   VirtAddr{state.cursor.page_base().raw() + static_cast<std::uint32_t>(pages) * kPageSize});
}

void move_frames(State& state, std::int64_t cells) {
    const std::uint64_t count = state.snapshot && state.snapshot->frames ? state.snapshot->frames->frames : 0;
    if (count == 0) {
        return;
    }
    const auto step = static_cast<std::int64_t>(frames_per_cell(count));
    const auto last = static_cast<std::int64_t>(count - 1);
    const auto now = static_cast<std::int64_t>(state.frame_cursor) / step * step;
    state.frame_cursor = static_cast<std::uint64_t>(std::clamp<std::int64_t>(now + cells * step, 0, last));
}

void move_regions(State& state, std::int64_t lines) {
    if (!state.has_directory()) {
        return;
    }
    const auto all = folded_regions(*state.snapshot);
    if (all.empty()) {
        return;
    }
    const auto last = static_cast<std::int64_t>(all.size()) - 1;
    const auto next = static_cast<std::int64_t>(region_at(all, state.cursor)) + lines;
    move_cursor_to(state, all[static_cast<std::size_t>(std::clamp<std::int64_t>(next, 0, last))].va);
}

void move_events(State& state, std::int64_t lines) {
    if (!state.snapshot || !state.snapshot->journal || state.snapshot->journal->empty()) {
        return;
    }
    const Journal& journal = *state.snapshot->journal;
    const std::int64_t first = journal.front().sequence;
    const std::int64_t last = journal.back().sequence;
    const std::int64_t next = std::clamp(state.event.value_or(journal.back().sequence) + lines, first, last);
    state.event = static_cast<std::uint32_t>(next);
    if (next == last) {
        state.event.reset(); // the newest stays selected when others come
    }
}

void move_lines(LineList& list, std::int64_t lines) {
    if (list.lines.empty()) {
        return;
    }
    const auto last = static_cast<std::int64_t>(list.lines.size()) - 1;
    list.selected = static_cast<std::size_t>(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(list.selected) + lines, 0, last));
}

void move_to_used_slot(State& state, int step) {
    if (!state.snapshot) {
        return;
    }
    for (int distance = step; std::abs(distance) <= static_cast<int>(kEntryCount); distance += step) {
        const auto count = static_cast<int>(kEntryCount);
        const int slot = (static_cast<int>(state.slot()) + distance + count) % count;
        if (state.snapshot->slots[static_cast<std::size_t>(slot)].kind != SlotKind::empty) {
            move_cursor_to(state, VirtAddr::from_indices(static_cast<std::uint32_t>(slot), 0));
            return;
        }
    }
}

/// The next entry of this table that holds something.
void move_to_used_entry(State& state, int step) {
    if (!state.snapshot) {
        return;
    }
    const auto count = static_cast<int>(kEntryCount);
    for (int distance = step; std::abs(distance) <= count; distance += step) {
        const auto pti = static_cast<std::uint32_t>(
            (static_cast<int>(state.cursor.table_index()) + distance + count) % count);
        if (entry_at(*state.snapshot, state.slot(), pti).kind != SlotKind::empty) {
            move_cursor_to(state, VirtAddr::from_indices(state.slot(), pti));
            return;
        }
    }
}

void move_to_used(State& state, Direction direction) {
    if (!state.search.empty()) {
        search_again(state, direction);
        return;
    }
    const int step = direction == Direction::forwards ? 1 : -1;
    state.view == View::table ? move_to_used_entry(state, step) : move_to_used_slot(state, step);
}

/// One step right and down, in what the view shows.
struct Steps {
    int right = 0;
    int down = 0;
};

void move(State& state, const Steps& steps) {
    const int columns = state.layout().grid_shape.columns;
    const int cells = steps.right + steps.down * columns;
    switch (state.view) {
    case View::directory:
        return move_slots(state, cells);
    case View::table:
        return move_pages(state, cells);
    case View::walk:
        return move_pages(state, steps.right + steps.down);
    case View::frames:
        return move_frames(state, cells);
    case View::maps:
        return move_regions(state, steps.down);
    case View::log:
        return move_events(state, steps.down);
    case View::check:
        return move_lines(state.findings, steps.down);
    case View::answer:
        return move_lines(state.answer, steps.down);
    case View::regs:
        return;
    }
}

int page_of(const State& state) {
    const Layout layout = state.layout();
    return is_list(state.view) ? std::max(layout.list.rows - 2, 1)
                               : std::max(layout.grid_shape.lines() / 4, 1);
}

void move_to_end(State& state, bool last) {
    if (is_list(state.view)) {
        constexpr int kFar = 1 << 24;
        move(state, {.down = last ? kFar : -kFar});
    } else if (state.view == View::frames) {
        const bool known = state.snapshot && state.snapshot->frames && state.snapshot->frames->frames != 0;
        state.frame_cursor = last && known ? state.snapshot->frames->frames - 1 : 0;
    } else if (state.view == View::table) {
        move_cursor_to(state, VirtAddr::from_indices(state.slot(), last ? kEntryCount - 1 : 0));
    } else {
        move_cursor_to(state, last ? VirtAddr::from_indices(kEntryCount - 1, 0) : VirtAddr{0});
    }
}

/// The first virtual address that a line tells; `p:` ones are none.
std::optional<VirtAddr> address_in(std::string_view line) {
    for (std::size_t at = line.find("0x"); at != std::string_view::npos; at = line.find("0x", at + 1)) {
        const std::size_t end = std::min(line.find_first_not_of("0123456789abcdef", at + 2), line.size());
        const bool physical = at >= 2 && line.substr(at - 2, 2) == "p:";
        if (constexpr std::size_t kDigits = 10; !physical && end - at == kDigits) {
            const auto va = parse_virtual_address(line.substr(at, end - at));
            return va ? std::optional{*va} : std::nullopt;
        }
    }
    return std::nullopt;
}

Effects walk_to(State& state, std::optional<VirtAddr> va) {
    if (!va) {
        state.note = "this line names no virtual address";
        return {};
    }
    move_cursor_to(state, *va);
    return show_view(state, View::walk);
}

std::optional<VirtAddr> address_of_event(const State& state) {
    if (!state.snapshot || !state.snapshot->journal || state.snapshot->journal->empty()) {
        return std::nullopt;
    }
    const Journal& journal = *state.snapshot->journal;
    const std::uint32_t wanted = state.event.value_or(journal.back().sequence);
    const auto found = std::ranges::find(journal, wanted, &interface::JournalRecord::sequence);
    using enum interface::JournalKind;
    const bool of_address = found != journal.end() && (found->kind == pde || found->kind == pte ||
                                                       found->kind == flush_page || found->kind == fault);
    return of_address ? std::optional{VirtAddr{found->address}} : std::nullopt;
}

/// Enter: to what the view speaks of.
Effects open(State& state) {
    switch (state.view) {
    case View::directory:
        return show_view(state, View::table);
    case View::table:
    case View::maps:
        return show_view(state, View::walk);
    case View::frames: {
        const auto all = state.snapshot ? aliases(*state.snapshot, paging::PhysAddr{state.frame_cursor << 12})
                                        : std::vector<VirtAddr>{};
        if (all.empty()) {
            state.note = "no page shows this frame";
            return {};
        }
        return walk_to(state, all.front());
    }
    case View::log:
        return walk_to(state, address_of_event(state));
    case View::check:
    case View::answer: {
        const LineList& list = state.view == View::check ? state.findings : state.answer;
        return walk_to(state, list.lines.empty() ? std::nullopt : address_in(list.lines[list.selected]));
    }
    case View::walk:
    case View::regs:
        state.question = Question{};
        return {};
    }
    return {};
}

Effects press_letter(State& state, char32_t letter) {
    switch (letter) {
    case U'h':
        move(state, {.right = -1});
        break;
    case U'l':
        move(state, {.right = 1});
        break;
    case U'k':
        move(state, {.down = -1});
        break;
    case U'j':
        move(state, {.down = 1});
        break;
    case U'n':
        move_to_used(state, Direction::forwards);
        break;
    case U'N':
        move_to_used(state, Direction::backwards);
        break;
    case U']':
        move_pages(state, 1);
        break;
    case U'[':
        move_pages(state, -1);
        break;
    case U'f':
        state.follow = !state.follow;
        state.note = state.follow ? "the cursor follows what commands change" : "the cursor stays";
        break;
    default:
        return {};
    }
    return {LookAgain{}};
}

/// The index that a click in a grid means; it may be in the upper or the lower half of a cell.
std::optional<std::uint32_t> index_at(const Rect& grid, const GridShape& shape, int row, int column,
                                      std::uint32_t current) {
    const int place = column - grid.column - kGridLabel;
    if (row < grid.row || row >= grid.row + grid.rows || place < 0 || place >= shape.columns ||
        grid.rows < shape.rows()) {
        return std::nullopt;
    }
    const int first = (row - grid.row) * shape.lines_per_row * shape.columns + place;
    // A second click at the same cell takes the other half.
    const bool other_half = shape.lines_per_row == 2 && static_cast<int>(current) == first;
    return static_cast<std::uint32_t>(first + (other_half ? shape.columns : 0));
}

} // namespace

void move_cursor_to(State& state, VirtAddr va) {
    state.follow = false;
    if (va != state.cursor) {
        state.cursor = va;
        state.walk_changes = {};
    }
}

Effects show_view(State& state, View view) {
    if (view == View::frames && state.view != View::frames && state.snapshot) {
        // It begins where the address under the cursor leads.
        if (const auto pa = state.snapshot->walk(state.cursor).pa) {
            state.frame_cursor = pa->frame();
        }
    }
    if (view == View::answer && state.view != View::answer) {
        state.view_before = state.view;
    }
    state.view = view;
    // Where there is room for one pane only, the picture is the one that is meant.
    if (const Layout layout = state.layout(); layout.title.empty()) {
        state.focus = Pane::picture;
    }
    Effects effects{LookAgain{}};
    if (view == View::check) {
        effects.push_back(Ask{View::check, "check"});
    } else if (view == View::regs) {
        effects.push_back(ReadRegisters{});
    }
    return effects;
}

Effects press_in_picture(State& state, const Key& key) {
    switch (key.code) {
    case KeyCode::left:
        move(state, {.right = -1});
        break;
    case KeyCode::right:
        move(state, {.right = 1});
        break;
    case KeyCode::up:
        move(state, {.down = -1});
        break;
    case KeyCode::down:
        move(state, {.down = 1});
        break;
    case KeyCode::page_up:
        move(state, {.down = -page_of(state)});
        break;
    case KeyCode::page_down:
        move(state, {.down = page_of(state)});
        break;
    case KeyCode::home:
        move_to_end(state, false);
        break;
    case KeyCode::end:
        move_to_end(state, true);
        break;
    case KeyCode::tab:
        return show_view(state, static_cast<View>((static_cast<std::size_t>(state.view) + 1) % kTabCount));
    case KeyCode::back_tab:
        return show_view(
            state, static_cast<View>((static_cast<std::size_t>(state.view) + kTabCount - 1) % kTabCount));
    case KeyCode::enter:
        return open(state);
    case KeyCode::escape:
    case KeyCode::backspace:
        state.search.clear();
        return state.view == View::answer ? show_view(state, state.view_before) : Effects{};
    case KeyCode::character:
        return press_letter(state, key.character);
    default:
        return {};
    }
    return {LookAgain{}};
}

Effects click(State& state, int row, int column) {
    const Layout layout = state.layout();
    if (row == layout.title.row && !layout.title.empty()) {
        const auto view = tab_at(layout.title.columns, column - layout.title.column);
        return view ? show_view(state, *view) : Effects{};
    }
    if (const auto index =
            index_at(layout.table, layout.grid_shape, row - 1, column, state.cursor.table_index())) {
        move_cursor_to(state, VirtAddr::from_indices(state.slot(), *index));
        return {LookAgain{}};
    }
    const std::uint32_t current = state.view == View::table ? state.cursor.table_index() : state.slot();
    if (const auto index = index_at(layout.grid, layout.grid_shape, row, column, current)) {
        if (state.view == View::frames) {
            state.frame_cursor = 0;
            move_frames(state, *index);
        } else {
            move_cursor_to(state, state.view == View::table ? VirtAddr::from_indices(state.slot(), *index)
                                                            : VirtAddr::from_indices(*index, 0));
        }
        return {LookAgain{}};
    }
    return {};
}

} // namespace pagelab::console::model
