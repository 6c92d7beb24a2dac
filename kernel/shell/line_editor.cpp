#include "kernel/shell/line_editor.hpp"

namespace pagelab::shell {
namespace {

constexpr char key(char letter) {
    return static_cast<char>(letter & 0x1f);
}
constexpr char kEscape = 0x1b;
constexpr char kDelete = 0x7f;
constexpr unsigned kLargestParameter = 1000;

constexpr bool is_printable(char c) {
    return c >= ' ' && c < kDelete;
}

/// How many characters all candidates share from their beginning.
std::size_t common_prefix(const Completions& completions) {
    std::size_t size = completions.items[0].size();
    for (std::size_t i = 1; i < completions.count; ++i) {
        const std::string_view item = completions.items[i];
        std::size_t same = 0;
        while (same < size && same < item.size() && item[same] == completions.items[0][same]) {
            ++same;
        }
        size = same;
    }
    return size;
}

} // namespace

void LineEditor::begin(std::string_view prompt) {
    prompt_size_ = prompt.size() < kMaxPrompt ? prompt.size() : kMaxPrompt;
    prompt.copy(prompt_.data(), prompt_size_);
    size_ = cursor_ = first_ = draft_size_ = recalled_ = 0;
    escape_ = Escape::none;
    damage_ = Damage::none;
    screen_.put({prompt_.data(), prompt_size_});
}

LineEditor::Event LineEditor::feed(char byte) {
    const bool second_half = after_return_ && byte == '\n';
    after_return_ = byte == '\r';
    if (second_half) {
        return Event::none;
    }
    if (escape_ != Escape::none && (is_printable(byte) || byte == kEscape)) {
        escape(byte);
        return Event::none;
    }
    escape_ = Escape::none;
    if (is_printable(byte)) {
        insert(byte);
        return Event::none;
    }
    if ((static_cast<unsigned char>(byte) & 0x80) != 0) {
        refuse(Damage::not_ascii);
        return Event::none;
    }
    return control(byte);
}

LineEditor::Event LineEditor::control(char byte) {
    switch (byte) {
    case '\r':
    case '\n':
        say(screen_, "\n");
        return Event::line;
    case key('C'):
        say(screen_, "^C\n");
        size_ = cursor_ = 0;
        return Event::cancel;
    case key('D'):
        if (size_ == 0) {
            say(screen_, "\n");
            return Event::end;
        }
        remove(cursor_, cursor_ + 1);
        break;
    case key('A'):
        move_to(0);
        break;
    case key('B'):
        move_to(cursor_ == 0 ? 0 : cursor_ - 1);
        break;
    case key('E'):
        move_to(size_);
        break;
    case key('F'):
        move_to(cursor_ + 1);
        break;
    case key('H'):
    case kDelete:
        if (cursor_ == 0) {
            beep();
        } else {
            remove(cursor_ - 1, cursor_);
        }
        break;
    case key('I'):
        complete();
        break;
    case key('K'):
        remove(cursor_, size_);
        break;
    case key('L'):
        say(screen_, "\x1b[H\x1b[2J");
        redraw();
        break;
    case key('N'):
        recall(recalled_ == 0 ? 0 : recalled_ - 1);
        break;
    case key('P'):
        recall(recalled_ + 1);
        break;
    case key('U'):
        remove(0, cursor_);
        break;
    case key('W'):
        kill_word();
        break;
    case kEscape:
        escape_ = Escape::begun;
        parameter_ = 0;
        first_parameter_ = true;
        break;
    default: // other control characters mean nothing here
        break;
    }
    return Event::none;
}

void LineEditor::escape(char byte) {
    switch (escape_) {
    case Escape::begun:
        if (byte == '[') {
            escape_ = Escape::parameters;
        } else if (byte == 'O') {
            escape_ = Escape::single;
        } else if (byte != kEscape) {
            escape_ = Escape::none; // Alt and a letter: unknown
        }
        break;
    case Escape::parameters:
        if (byte >= '0' && byte <= '9') {
            if (first_parameter_ && parameter_ < kLargestParameter) {
                parameter_ = parameter_ * 10 + static_cast<unsigned>(byte - '0');
            }
        } else if (byte >= '@') {
            escape_ = Escape::none;
            escape_sequence(byte);
        } else if (byte == kEscape) {
            escape_ = Escape::begun;
            parameter_ = 0;
            first_parameter_ = true;
        } else {
            first_parameter_ = false;
        }
        break;
    case Escape::single:
        escape_ = Escape::none;
        escape_sequence(byte);
        break;
    case Escape::none:
        break;
    }
}

void LineEditor::escape_sequence(char final) {
    switch (final) {
    case 'A':
        recall(recalled_ + 1);
        break;
    case 'B':
        recall(recalled_ == 0 ? 0 : recalled_ - 1);
        break;
    case 'C':
        move_to(cursor_ + 1);
        break;
    case 'D':
        move_to(cursor_ == 0 ? 0 : cursor_ - 1);
        break;
    case 'H':
        move_to(0);
        break;
    case 'F':
        move_to(size_);
        break;
    case '~':
        if (parameter_ == 1 || parameter_ == 7) {
            move_to(0);
        } else if (parameter_ == 4 || parameter_ == 8) {
            move_to(size_);
        } else if (parameter_ == 3) {
            remove(cursor_, cursor_ + 1);
        }
        break;
    default:
        break;
    }
}

void LineEditor::insert(char byte) {
    if (size_ == line_.size()) {
        refuse(Damage::too_long);
        return;
    }
    for (std::size_t i = size_; i > cursor_; --i) {
        line_[i] = line_[i - 1];
    }
    line_[cursor_] = byte;
    ++size_;
    ++cursor_;
    if (cursor_ == size_ && cursor_ - first_ <= width()) {
        screen_.put({&byte, 1});
    } else {
        redraw();
    }
}

void LineEditor::insert_text(std::string_view text) {
    for (const char c : text) {
        insert(c);
    }
}

void LineEditor::remove(std::size_t from, std::size_t to) {
    if (to > size_) {
        to = size_;
    }
    if (from >= to) {
        beep();
        return;
    }
    for (std::size_t i = to; i < size_; ++i) {
        line_[from + i - to] = line_[i];
    }
    size_ -= to - from;
    cursor_ = from;
    damage_ = Damage::none; // whoever edits has seen the line as it is
    redraw();
}

void LineEditor::move_to(std::size_t position) {
    if (position > size_) {
        beep();
        return;
    }
    const std::size_t old = cursor_;
    cursor_ = position;
    if (old == position) {
        return;
    }
    if (cursor_ < first_ || cursor_ - first_ > width()) {
        redraw();
        return;
    }
    say(screen_, "\x1b[{}{}",
        Decimal{static_cast<std::uint32_t>(position > old ? position - old : old - position)},
        position > old ? "C" : "D");
}

void LineEditor::kill_word() {
    std::size_t from = cursor_;
    while (from > 0 && line_[from - 1] == ' ') {
        --from;
    }
    while (from > 0 && line_[from - 1] != ' ') {
        --from;
    }
    remove(from, cursor_);
}

void LineEditor::complete() {
    const Completions completions = completer_({line_.data(), cursor_});
    if (completions.count == 0) {
        beep();
        return;
    }
    const std::size_t typed = cursor_ - completions.word_begin;
    const std::size_t common = common_prefix(completions);
    if (common > typed) {
        insert_text(completions.items[0].substr(typed, common - typed));
    }
    if (completions.count == 1) {
        if (cursor_ == size_ && completions.items[0].back() != ',') {
            insert(' ');
        }
    } else if (common <= typed) {
        list(completions);
    }
}

void LineEditor::list(const Completions& completions) {
    std::size_t column = 0;
    say(screen_, "\n");
    for (std::size_t i = 0; i < completions.count; ++i) {
        const std::string_view item = completions.items[i];
        if (column != 0 && column + 2 + item.size() >= kColumns) {
            say(screen_, "\n");
            column = 0;
        }
        screen_.put(column == 0 ? "" : "  ");
        screen_.put(item);
        column += item.size() + 2;
    }
    say(screen_, "\n");
    redraw();
}

void LineEditor::recall(std::size_t back) {
    if (back == recalled_ || back > history_.size()) {
        beep();
        return;
    }
    if (recalled_ == 0) {
        draft_ = line_;
        draft_size_ = size_;
    }
    recalled_ = back;
    const std::string_view line =
        back == 0 ? std::string_view{draft_.data(), draft_size_} : history_.back(back);
    line.copy(line_.data(), line.size());
    size_ = cursor_ = line.size();
    damage_ = Damage::none;
    redraw();
}

void LineEditor::refuse(Damage damage) {
    damage_ = damage;
    beep();
}

void LineEditor::redraw() {
    const std::size_t room = width();
    if (size_ <= room) {
        first_ = 0;
    } else if (cursor_ < first_) {
        first_ = cursor_ > room / 4 ? cursor_ - room / 4 : 0;
    } else if (cursor_ - first_ > room) {
        first_ = cursor_ - room * 3 / 4;
    }
    const std::size_t shown = size_ - first_ < room ? size_ - first_ : room;
    say(screen_, "\r{}{}\x1b[K\r", std::string_view{prompt_.data(), prompt_size_},
        std::string_view{line_.data() + first_, shown});
    say(screen_, "\x1b[{}C", Decimal{static_cast<std::uint32_t>(prompt_size_ + cursor_ - first_)});
}

} // namespace pagelab::shell
