// The bottom line while it asks for an address, a search or a verb.
#include "serial-console/src/model/address_input.hpp"
#include "serial-console/src/model/keys.hpp"
#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/model/wrap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pagelab::console::model {
namespace {

constexpr std::size_t kLongestQuestion = 200;

Effects go_to(State& state, const Question& question) {
    const auto va = parse_virtual_address(question.text);
    if (!va) {
        state.question->error = va.error();
        return {};
    }
    move_cursor_to(state, *va);
    state.question.reset();
    return {LookAgain{}};
}

Effects search_space(State& state, const Question& question) {
    if (!state.has_directory()) {
        state.question->error = "there is no directory to search";
        return {};
    }
    const auto found = search(*state.snapshot, question.text, state.cursor, Direction::forwards);
    if (!found) {
        state.question->error = found.error();
        return {};
    }
    state.search = question.text;
    move_cursor_to(state, found->va);
    state.note = found->note;
    state.question.reset();
    return {LookAgain{}};
}

/// The row of the wrapped terminal, counted back from the newest, that `line` begins in.
std::size_t rows_back(const State& state, std::size_t line) {
    const Rect pane = state.layout().terminal;
    const auto columns = static_cast<std::size_t>(std::max(pane.columns, 1));
    std::size_t rows = 0;
    for (std::size_t i = line; i < state.screen.lines().size(); ++i) {
        rows += std::max<std::size_t>((state.screen.lines()[i].size() + columns - 1) / columns, 1);
    }
    return rows;
}

/// Scrolls to the newest line older than those in sight, or than any if `anew`, that holds the text.
bool scroll_to_text(State& state, bool anew) {
    const std::u32string wanted = from_utf8(state.text_search);
    const auto& lines = state.screen.lines();
    const auto height = static_cast<std::size_t>(std::max(state.layout().terminal.rows, 1));
    const std::size_t seen = anew ? 0 : state.scroll + height;
    for (std::size_t i = lines.size(); i-- > 0;) {
        const std::size_t back = rows_back(state, i);
        if (back <= seen || lines[i].find(wanted) == std::u32string::npos) {
            continue;
        }
        state.scroll = back > height ? back - height : 0;
        if (state.scroll == 0 || !anew) {
            // In the middle of the pane, where the eye is.
            state.scroll = back > height / 2 + 1 ? back - height / 2 - 1 : 0;
        }
        return true;
    }
    return false;
}

Effects search_text(State& state, const Question& question) {
    state.text_search = question.text;
    if (!scroll_to_text(state, true)) {
        state.question->error = fmt::format("no line holds '{}'", question.text);
        return {};
    }
    state.note = "^] n finds the next older one; any key for the guest goes back";
    state.question.reset();
    return {};
}

Effects finish(State& state) {
    const Question question = *state.question;
    if (question.text.empty()) {
        state.question.reset();
        return {};
    }
    switch (question.what) {
    case Asked::address:
        return go_to(state, question);
    case Asked::search:
        return search_space(state, question);
    case Asked::text:
        return search_text(state, question);
    case Asked::verb:
        state.question.reset();
        return {Ask{View::answer, question.text}};
    }
    return {};
}

} // namespace

void search_again(State& state, Direction direction) {
    if (!state.has_directory()) {
        return;
    }
    const auto found = search(*state.snapshot, state.search, state.cursor, direction);
    if (found) {
        move_cursor_to(state, found->va);
    }
    state.note = found ? found->note : found.error();
}

void search_terminal_again(State& state) {
    if (state.text_search.empty()) {
        state.note = "nothing was searched yet; ^] / does";
    } else if (!scroll_to_text(state, false)) {
        state.note = fmt::format("no older line holds '{}'", state.text_search);
    }
}

Effects answer_question(State& state, const Key& key) {
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
    case KeyCode::enter:
        return finish(state);
    case KeyCode::character:
        question.error.clear();
        if (key.character == (U'U' & 0x1f)) {
            question.text.clear();
        } else if (key.character == (U'C' & 0x1f) || key.character == (U'G' & 0x1f)) {
            state.question.reset();
        } else if (key.character >= 0x20 && key.character < 0x7f && question.text.size() < kLongestQuestion) {
            question.text.push_back(static_cast<char>(key.character));
        }
        break;
    default:
        break;
    }
    return {};
}

} // namespace pagelab::console::model
