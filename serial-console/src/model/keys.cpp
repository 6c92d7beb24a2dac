#include "serial-console/src/model/keys.hpp"

#include "serial-console/src/model/wrap.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace pagelab::console::model {
namespace {

void focus_on(State& state, Pane pane) {
    state.focus = pane;
    state.question.reset();
}

void move_focus(State& state) {
    focus_on(state, state.focus == Pane::terminal ? Pane::picture : Pane::terminal);
}

void scroll_terminal(State& state, bool back, std::size_t step) {
    const Rect pane = state.layout().terminal;
    const std::size_t history = wrap(state.screen, {pane.rows, pane.columns}, 0).history;
    state.scroll =
        back ? std::min(state.scroll + step, history) : state.scroll - std::min(state.scroll, step);
}

void scroll_page(State& state, bool back) {
    scroll_terminal(state, back, static_cast<std::size_t>(std::max(state.layout().terminal.rows - 1, 1)));
}

Effects press_in_terminal(State& state, const Key& key) {
    std::string bytes = key_bytes(key);
    if (bytes.empty()) {
        return {};
    }
    state.scroll = 0;
    return {SendSerial{std::move(bytes)}};
}

Effects ask(State& state, Asked what) {
    state.question = Question{what, {}, {}};
    return {};
}

Effects toggle_mouse(State& state) {
    state.mouse = !state.mouse;
    state.note = state.mouse ? "clicks are the picture's; F8 gives the mouse back"
                             : "the mouse is your terminal's: select and copy as ever";
    return {TakeMouse{state.mouse}};
}

Effects hold_or_go_on(State& state) {
    if (state.run == Run::stopped_by_gdb) {
        state.note = "GDB holds the guest: continue there";
        return {};
    }
    return {HoldGuest{state.run != Run::stopped}};
}

/// What acts on the machine, and is never a bare letter.
std::optional<Effects> press_machine_key(State& state, char32_t letter) {
    switch (letter) {
    case U'q':
        return Effects{Quit{}};
    case U'u':
        return Effects{GoBack{}};
    case U'p':
        return hold_or_go_on(state);
    case U's':
        return Effects{StepLine{}};
    case U'c':
        return Effects{TypeCommand{"checkpoint"}};
    case U'r':
        return Effects{TypeCommand{"restore"}};
    case U'i':
        return Effects{SendNmi{}};
    case U'R':
        return Effects{BootAfresh{}};
    case U']':
        return Effects{SendSerial{"\x1d"}};
    default:
        return std::nullopt;
    }
}

/// The twins of function keys, and what asks.
std::optional<Effects> press_twin(State& state, char32_t letter) {
    if (const auto view = view_of_digit(letter)) {
        return show_view(state, *view);
    }
    switch (letter) {
    case U'z':
        state.zoomed = !state.zoomed;
        return Effects{};
    case U'v':
        return show_view(state, static_cast<View>((static_cast<std::size_t>(state.view) + 1) % kTabCount));
    case U'm':
        return toggle_mouse(state);
    case U'?':
        state.help = true;
        return Effects{};
    case U':':
        return ask(state, Asked::verb);
    case U'g':
        return ask(state, Asked::address);
    case U'/':
        return ask(state, state.focus == Pane::terminal ? Asked::text : Asked::search);
    case U'n':
        if (state.focus != Pane::terminal) {
            return std::nullopt;
        }
        search_terminal_again(state);
        return Effects{};
    case U'y':
        return Effects{Copy{copied_text(state)}};
    default:
        return std::nullopt;
    }
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
        scroll_page(state, true);
        return {};
    case KeyCode::page_down:
    case KeyCode::shift_page_down:
        scroll_page(state, false);
        return {};
    case KeyCode::character:
        break;
    default: // Esc and keys without a meaning
        return {};
    }
    if (auto done = press_machine_key(state, key.character)) {
        return *done;
    }
    if (auto done = press_twin(state, key.character)) {
        return *done;
    }
    if (key.character > 0x20 && key.character < 0x7f) {
        state.note = std::string{"^] "} + static_cast<char>(key.character) + " means nothing; ^] ? helps";
    }
    return {};
}

/// What next, after the guest died. In the picture the other keys go on working.
std::optional<Effects> choose(const State& state, const Key& key) {
    if (key.code == KeyCode::character) {
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

std::optional<Effects> press_function_key(State& state, const Key& key) {
    if (key == Key::f(1)) {
        return press_twin(state, U'?');
    }
    if (key == Key::f(2)) {
        return press_twin(state, U'v');
    }
    if (key == Key::f(5)) {
        return press_twin(state, U'z');
    }
    if (key == Key::f(6)) {
        move_focus(state);
        return Effects{};
    }
    if (key == Key::f(8)) {
        return press_twin(state, U'm');
    }
    if (key.code == KeyCode::shift_page_up || key.code == KeyCode::shift_page_down) {
        scroll_page(state, key.code == KeyCode::shift_page_up);
        return Effects{};
    }
    return std::nullopt;
}

bool inside(const Rect& rect, const MouseUsed& mouse) {
    return mouse.row >= rect.row && mouse.row < rect.row + rect.rows && mouse.column >= rect.column &&
           mouse.column < rect.column + rect.columns;
}

} // namespace

Effects press(State& state, const Key& key) {
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
    if (auto done = press_function_key(state, key)) {
        return *done;
    }
    if (state.question) {
        return answer_question(state, key);
    }
    if (state.death) {
        if (auto chosen = choose(state, key)) {
            return *chosen;
        }
    }
    if (state.focus == Pane::terminal) {
        return press_in_terminal(state, key);
    }
    if (key.code == KeyCode::character && !state.death) {
        if (key.character == U'q' || key.character == U'p') {
            return *press_machine_key(state, key.character);
        }
    }
    if (key.code == KeyCode::character) {
        if (auto done = press_twin(state, key.character)) {
            return *done;
        }
    }
    return press_in_picture(state, key);
}

Effects use_mouse(State& state, const MouseUsed& mouse) {
    state.note.clear();
    if (std::exchange(state.help, false)) {
        return {};
    }
    const Layout layout = state.layout();
    const bool in_terminal = inside(layout.terminal, mouse) || inside(layout.divider, mouse);
    if (mouse.what != MouseUsed::What::press) {
        constexpr std::size_t kWheelRows = 3;
        const bool up = mouse.what == MouseUsed::What::wheel_up;
        if (in_terminal) {
            scroll_terminal(state, up, kWheelRows);
            return {};
        }
        return press_in_picture(state, Key::of(up ? KeyCode::up : KeyCode::down));
    }
    if (inside(layout.status, mouse)) {
        return {};
    }
    focus_on(state, in_terminal ? Pane::terminal : Pane::picture);
    return in_terminal ? Effects{} : click(state, mouse.row, mouse.column);
}

} // namespace pagelab::console::model
