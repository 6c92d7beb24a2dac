#include "serial-console/src/model/keys.hpp"

#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/model/wrap.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace pagelab::console::model {
namespace {

using Effects = std::vector<Effect>;
using paging::kEntryCount;
using paging::VirtAddr;

constexpr std::size_t kLongestQuestion = 40;

void move_focus(State& state) {
    state.focus = state.focus == Pane::terminal ? Pane::picture : Pane::terminal;
    state.question.reset();
}

void move_cursor_to(State& state, VirtAddr va) {
    state.follow = false;
    if (va != state.cursor) {
        state.cursor = va;
        state.walk_changes = {};
    }
}

/// Slots wrap around: right of the last one is the first.
void move_slots(State& state, int slots) {
    const auto count = static_cast<int>(kEntryCount);
    const int slot = (static_cast<int>(state.slot()) + slots + count) % count;
    move_cursor_to(state, VirtAddr::from_indices(static_cast<std::uint32_t>(slot), 0));
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

void scroll_terminal(State& state, bool back) {
    const Rect pane = state.layout().terminal;
    const auto step = static_cast<std::size_t>(std::max(pane.rows - 1, 1));
    const std::size_t history = wrap(state.screen, {pane.rows, pane.columns}, 0).history;
    state.scroll =
        back ? std::min(state.scroll + step, history) : state.scroll - std::min(state.scroll, step);
}

Effects answer(State& state, const Key& key) {
    Question& question = *state.question;
    switch (key.code) {
    case KeyCode::escape:
        state.question.reset();
        break;
    case KeyCode::backspace:
        question.error.clear();
        if (question.text.empty()) {
            state.question.reset();
        } else {
            question.text.pop_back();
        }
        break;
    case KeyCode::enter: {
        const auto va = parse_virtual_address(question.text);
        if (!va) {
            question.error = va.error();
            break;
        }
        move_cursor_to(state, *va);
        state.question.reset();
        return {LookAgain{}};
    }
    case KeyCode::character:
        question.error.clear();
        if (key.character == (U'U' & 0x1f)) {
            question.text.clear();
        } else if (key.character == (U'C' & 0x1f) || key.character == (U'G' & 0x1f)) {
            state.question.reset();
        } else if (key.character > 0x20 && key.character < 0x7f && question.text.size() < kLongestQuestion) {
            question.text.push_back(static_cast<char>(key.character));
        }
        break;
    default:
        break;
    }
    return {};
}

Effects press_letter(State& state, char32_t letter) {
    const int columns = state.layout().grid_shape.columns;
    switch (letter) {
    case U'h':
        move_slots(state, -1);
        break;
    case U'l':
        move_slots(state, 1);
        break;
    case U'k':
        move_slots(state, -columns);
        break;
    case U'j':
        move_slots(state, columns);
        break;
    case U'n':
        move_to_used_slot(state, 1);
        break;
    case U'N':
        move_to_used_slot(state, -1);
        break;
    case U']':
        move_cursor_to(state, VirtAddr{state.cursor.page_base().raw() + paging::kPageSize});
        break;
    case U'[':
        move_cursor_to(state, VirtAddr{state.cursor.page_base().raw() - paging::kPageSize});
        break;
    case U'f':
        state.follow = !state.follow;
        state.note = state.follow ? "the cursor follows what commands change" : "the cursor stays";
        break;
    case U'g':
        state.question = Question{};
        break;
    case U'z':
        state.zoomed = !state.zoomed;
        break;
    case U'?':
        state.help = true;
        break;
    case U'q':
        return {Quit{}};
    default:
        return {};
    }
    return {LookAgain{}};
}

Effects press_in_picture(State& state, const Key& key) {
    if (state.question) {
        return answer(state, key);
    }
    const int columns = state.layout().grid_shape.columns;
    switch (key.code) {
    case KeyCode::left:
        move_slots(state, -1);
        break;
    case KeyCode::right:
        move_slots(state, 1);
        break;
    case KeyCode::up:
        move_slots(state, -columns);
        break;
    case KeyCode::down:
        move_slots(state, columns);
        break;
    case KeyCode::home:
        move_cursor_to(state, VirtAddr{0});
        break;
    case KeyCode::end:
        move_cursor_to(state, VirtAddr::from_indices(kEntryCount - 1, 0));
        break;
    case KeyCode::enter:
        state.question = Question{};
        break;
    case KeyCode::character:
        return press_letter(state, key.character);
    default:
        return {};
    }
    return {LookAgain{}};
}

Effects press_in_terminal(State& state, const Key& key) {
    std::string bytes = key_bytes(key);
    if (bytes.empty()) {
        return {};
    }
    state.scroll = 0;
    return {SendSerial{std::move(bytes)}};
}

/// The key after Ctrl-].
Effects press_after_prefix(State& state, const Key& key) {
    if (key == kPrefixKey) {
        move_focus(state);
        return {};
    }
    switch (key.code) {
    case KeyCode::page_up:
    case KeyCode::shift_page_up:
        scroll_terminal(state, true);
        return {};
    case KeyCode::page_down:
    case KeyCode::shift_page_down:
        scroll_terminal(state, false);
        return {};
    case KeyCode::character:
        break;
    default: // Esc and keys without a meaning
        return {};
    }
    switch (key.character) {
    case U'q':
        return {Quit{}};
    case U'z':
        state.zoomed = !state.zoomed;
        return {};
    case U'u':
        return {GoBack{}};
    case U'?':
        state.help = true;
        return {};
    case U']':
        return {SendSerial{"\x1d"}};
    default:
        if (key.character > 0x20 && key.character < 0x7f) {
            state.note = std::string{"^] "} + static_cast<char>(key.character) + " means nothing; ^] ? helps";
        }
        return {};
    }
}

/// What next, after the guest died. In the picture the other keys go on working.
std::optional<Effects> choose(const State& state, const Key& key) {
    if (key.code == KeyCode::character && !state.question) {
        if (key.character == U'b' && state.death->can_go_back) {
            return Effects{GoBack{}};
        }
        if (key.character == U'r') {
            return Effects{BootAfresh{}};
        }
        if (key.character == U'q') {
            return Effects{Quit{}};
        }
    }
    return state.focus == Pane::terminal ? std::optional{Effects{}} : std::nullopt; // nobody listens there
}

bool press_function_key(State& state, const Key& key) {
    if (key == Key::f(6)) {
        move_focus(state);
    } else if (key == Key::f(5)) {
        state.zoomed = !state.zoomed;
    } else if (key == Key::f(1)) {
        state.help = true;
    } else if (key.code == KeyCode::shift_page_up || key.code == KeyCode::shift_page_down) {
        scroll_terminal(state, key.code == KeyCode::shift_page_up);
    } else {
        return false;
    }
    return true;
}

} // namespace

std::vector<Effect> press(State& state, const Key& key) {
    state.note.clear();
    if (std::exchange(state.prefix, false)) {
        state.help = false;
        return press_after_prefix(state, key);
    }
    if (key == kPrefixKey) {
        state.prefix = true;
        return {};
    }
    // Whatever is pressed closes the help, and does nothing else.
    if (std::exchange(state.help, false)) {
        return {};
    }
    if (press_function_key(state, key)) {
        return {};
    }
    if (state.death) {
        if (auto chosen = choose(state, key)) {
            return *chosen;
        }
    }
    return state.focus == Pane::terminal ? press_in_terminal(state, key) : press_in_picture(state, key);
}

} // namespace pagelab::console::model
