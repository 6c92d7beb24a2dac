#include "serial-console/src/model/vt_screen.hpp"

#include "serial-console/src/model/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace pagelab::console::model {
namespace {

constexpr std::size_t kTabWidth = 8;
constexpr std::size_t kMaxParameter = 9999;

/// The parameters of a control sequence.
struct Parameters {
    std::array<std::optional<std::size_t>, 2> values;

    [[nodiscard]] std::size_t get(std::size_t index, std::size_t missing) const {
        return values[index].value_or(missing);
    }
    /// A count: absent and 0 mean 1.
    [[nodiscard]] std::size_t count() const { return std::max<std::size_t>(get(0, 1), 1); }
};

/// Nothing if there is anything but digits and semicolons: a private sequence, none of ours.
std::optional<Parameters> parse_parameters(std::string_view text) {
    Parameters result;
    std::size_t index = 0;
    for (const char c : text) {
        if (c == ';') {
            ++index;
            continue;
        }
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        if (index < result.values.size()) {
            auto& value = result.values[index];
            value = std::min(value.value_or(0) * 10 + static_cast<std::size_t>(c - '0'), kMaxParameter);
        }
    }
    return result;
}

} // namespace

void VtScreen::feed(std::string_view bytes) {
    for (const char byte : bytes) {
        auto completed = parser_.feed(byte);
        if (completed.first) {
            pass(*completed.first);
        }
        if (completed.second) {
            pass(*completed.second);
        }
    }
}

void VtScreen::pass(const serial::Unit& unit) {
    switch (unit.kind) {
    case serial::UnitKind::character: {
        const char32_t character = from_utf8(unit.bytes).front();
        put(is_plain_cell(character) ? character : U'\ufffd');
        return;
    }
    case serial::UnitKind::invalid:
        put(U'\ufffd');
        return;
    case serial::UnitKind::control:
        if (unit.bytes.size() == 1) {
            control(unit.bytes[0]);
        }
        return;
    case serial::UnitKind::csi:
        sequence(unit.bytes);
        return;
    case serial::UnitKind::string:
        mark(unit.bytes);
        return;
    case serial::UnitKind::escape:
        return;
    }
}

void VtScreen::put(char32_t character) {
    if (cursor_.column >= kMaxLineLength) {
        line_feed();
        cursor_.column = 0;
    }
    std::u32string& text = line();
    if (text.size() <= cursor_.column) {
        text.resize(cursor_.column + 1, U' ');
    }
    text[cursor_.column++] = character;
}

void VtScreen::control(char byte) {
    switch (byte) {
    case '\r':
        cursor_.column = 0;
        return;
    case '\n':
    case '\v':
    case '\f':
        line_feed();
        return;
    case '\b':
        cursor_.column -= cursor_.column > 0 ? 1 : 0;
        return;
    case '\t':
        cursor_.column = std::min((cursor_.column / kTabWidth + 1) * kTabWidth, kMaxLineLength);
        return;
    case '\a':
        bell_ = true;
        return;
    default:
        return;
    }
}

void VtScreen::sequence(std::string_view bytes) {
    if (bytes.size() < 3) {
        return;
    }
    const auto parameters = parse_parameters(bytes.substr(2, bytes.size() - 3));
    if (!parameters) {
        return;
    }
    const std::size_t count = parameters->count();
    switch (bytes.back()) {
    case 'A':
        cursor_.line -= std::min(count, cursor_.line - top_);
        return;
    case 'B':
        cursor_.line = std::min(cursor_.line + count, lines_.size() - 1);
        return;
    case 'C':
        cursor_.column = std::min(cursor_.column + count, kMaxLineLength);
        return;
    case 'D':
        cursor_.column -= std::min(count, cursor_.column);
        return;
    case 'G':
        cursor_.column = std::min(count - 1, kMaxLineLength);
        return;
    case 'H':
    case 'f': {
        const std::size_t row = std::min(count, kMaxRow) - 1;
        ensure_line(top_ + row);
        cursor_ = {top_ + row, std::min(std::max<std::size_t>(parameters->get(1, 1), 1) - 1, kMaxLineLength)};
        return;
    }
    case 'J':
        erase_screen(parameters->get(0, 0));
        return;
    case 'K':
        erase_line(parameters->get(0, 0));
        return;
    case 'P':
        if (cursor_.column < line().size()) {
            line().erase(cursor_.column, count);
        }
        return;
    case '@':
        if (cursor_.column < line().size()) {
            line().insert(cursor_.column, std::min(count, kMaxLineLength), U' ');
            line().resize(std::min(line().size(), kMaxLineLength));
        }
        return;
    default: // colours and all the rest
        return;
    }
}

void VtScreen::mark(std::string_view bytes) {
    if (bytes.starts_with("\x1b]133;C")) {
        output_begin_ = cursor_;
        output_end_.reset();
    } else if (bytes.starts_with("\x1b]133;D")) {
        output_end_ = cursor_;
    }
}

std::string VtScreen::last_output() const {
    std::string text;
    if (!output_begin_ || !output_end_) {
        return text;
    }
    for (std::size_t i = output_begin_->line; i <= output_end_->line && i < lines_.size(); ++i) {
        // The end's line is the prompt's.
        if (i == output_end_->line && output_end_->column == 0) {
            break;
        }
        text += to_utf8(lines_[i]);
        text += '\n';
    }
    return text;
}

void VtScreen::line_feed() {
    ++cursor_.line;
    ensure_line(cursor_.line);
    drop_surplus();
}

void VtScreen::ensure_line(std::size_t line) {
    while (lines_.size() <= line) {
        lines_.emplace_back();
    }
}

void VtScreen::drop_surplus() {
    while (lines_.size() > kMaxLines) {
        lines_.pop_front();
        top_ -= top_ > 0 ? 1 : 0;
        cursor_.line -= cursor_.line > 0 ? 1 : 0;
        for (auto* const place : {&output_begin_, &output_end_}) {
            if (*place) {
                (*place)->line -= (*place)->line > 0 ? 1 : 0;
            }
        }
    }
}

void VtScreen::erase_line(std::size_t mode) {
    std::u32string& text = line();
    if (mode == 0) {
        text.resize(std::min(text.size(), cursor_.column));
    } else if (mode == 1) {
        const std::size_t end = std::min(cursor_.column + 1, text.size());
        std::fill_n(text.begin(), end, U' ');
    } else if (mode == 2) {
        text.clear();
    }
}

void VtScreen::erase_screen(std::size_t mode) {
    if (mode == 0) {
        erase_line(0);
        lines_.resize(cursor_.line + 1);
    } else if (mode == 1) {
        for (std::size_t i = top_; i < cursor_.line; ++i) {
            lines_[i].clear();
        }
        erase_line(1);
    } else if (mode == 2) {
        clear();
    }
}

/// What was on the screen becomes history; the cursor keeps its row.
void VtScreen::clear() {
    const std::size_t row = cursor_.line - top_;
    const bool blank = std::all_of(lines_.begin() + static_cast<std::ptrdiff_t>(top_), lines_.end(),
                                   [](const std::u32string& text) { return text.empty(); });
    if (!blank) {
        top_ = lines_.size();
    }
    cursor_.line = top_ + row;
    ensure_line(cursor_.line);
    drop_surplus();
}

} // namespace pagelab::console::model
