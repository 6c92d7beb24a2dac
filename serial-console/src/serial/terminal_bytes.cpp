#include "serial-console/src/serial/terminal_bytes.hpp"

#include <utility>

namespace pagelab::console::serial {
namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\a';

unsigned value_of(char byte) {
    return static_cast<unsigned char>(byte);
}

bool is_control(char byte) {
    return value_of(byte) < 0x20 || value_of(byte) == 0x7f;
}

/// Length of the UTF-8 character that `byte` begins; 0 if none does.
std::size_t utf8_length(char byte) {
    const unsigned value = value_of(byte);
    if (value >= 0xc2 && value <= 0xdf) {
        return 2;
    }
    if (value >= 0xe0 && value <= 0xef) {
        return 3;
    }
    return value >= 0xf0 && value <= 0xf4 ? 4 : 0;
}

/// May `second` follow `first`? Excludes overlong forms, surrogates and what lies beyond U+10FFFF.
bool second_byte_fits(char first, char second) {
    const unsigned next = value_of(second);
    switch (value_of(first)) {
    case 0xe0:
        return next >= 0xa0 && next <= 0xbf;
    case 0xed:
        return next >= 0x80 && next <= 0x9f;
    case 0xf0:
        return next >= 0x90 && next <= 0xbf;
    case 0xf4:
        return next >= 0x80 && next <= 0x8f;
    default:
        return next >= 0x80 && next <= 0xbf;
    }
}

/// U+0080 to U+009F: controls in their eight-bit form.
bool is_c1(const std::string& character) {
    return character.size() == 2 && value_of(character[0]) == 0xc2 && value_of(character[1]) < 0xa0;
}

} // namespace

Unit UnitParser::take(UnitKind kind) {
    state_ = State::ground;
    return Unit{kind, std::exchange(bytes_, {})};
}

UnitParser::Completed UnitParser::feed(char byte) {
    switch (state_) {
    case State::ground:
        return start(byte);
    case State::utf8:
        return in_utf8(byte);
    case State::escape:
        return in_escape(byte);
    case State::csi:
        return in_csi(byte);
    case State::string:
    case State::string_escape:
        return in_string(byte);
    }
    return {};
}

/// The unit in progress ends without its last byte; `byte` begins the next one.
UnitParser::Completed UnitParser::broken_by(char byte, UnitKind kind) {
    Unit broken = take(kind);
    Completed next = start(byte);
    return {std::move(broken), std::move(next.first)};
}

UnitParser::Completed UnitParser::start(char byte) {
    bytes_.assign(1, byte);
    if (byte == kEscape) {
        state_ = State::escape;
        return {};
    }
    if (is_control(byte)) {
        return {take(UnitKind::control), {}};
    }
    if (value_of(byte) < 0x80) {
        return {take(UnitKind::character), {}};
    }
    wanted_ = utf8_length(byte);
    if (wanted_ == 0) {
        return {take(UnitKind::invalid), {}};
    }
    state_ = State::utf8;
    return {};
}

UnitParser::Completed UnitParser::in_utf8(char byte) {
    const bool fits = bytes_.size() == 1 ? second_byte_fits(bytes_[0], byte)
                                         : value_of(byte) >= 0x80 && value_of(byte) <= 0xbf;
    if (!fits) {
        return broken_by(byte, UnitKind::invalid);
    }
    bytes_.push_back(byte);
    if (bytes_.size() < wanted_) {
        return {};
    }
    return {take(is_c1(bytes_) ? UnitKind::control : UnitKind::character), {}};
}

UnitParser::Completed UnitParser::in_escape(char byte) {
    if (is_control(byte) || value_of(byte) >= 0x80) {
        return broken_by(byte, UnitKind::escape);
    }
    bytes_.push_back(byte);
    if (bytes_.size() == 2) {
        if (byte == '[') {
            state_ = State::csi;
            return {};
        }
        if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
            state_ = State::string;
            return {};
        }
    }
    const bool intermediate = value_of(byte) < 0x30;
    if (intermediate && bytes_.size() < kLongestSequence) {
        return {};
    }
    return {take(UnitKind::escape), {}};
}

UnitParser::Completed UnitParser::in_csi(char byte) {
    if (is_control(byte) || value_of(byte) >= 0x80) {
        return broken_by(byte, UnitKind::csi);
    }
    bytes_.push_back(byte);
    if (value_of(byte) < 0x40 && bytes_.size() < kLongestSequence) {
        return {};
    }
    return {take(UnitKind::csi), {}};
}

UnitParser::Completed UnitParser::in_string(char byte) {
    if (state_ == State::string_escape && byte != '\\') {
        // ESC ended the string, and begins a sequence of its own.
        bytes_.pop_back();
        Unit broken = take(UnitKind::string);
        bytes_.assign(1, kEscape);
        state_ = State::escape;
        Completed next = in_escape(byte);
        return {std::move(broken), std::move(next.first)};
    }
    bytes_.push_back(byte);
    if (byte == kBell || state_ == State::string_escape || bytes_.size() >= kLongestSequence) {
        return {take(UnitKind::string), {}};
    }
    // A newline ends an unterminated string: else one stray ESC ] would swallow the rest of a session.
    if (byte == '\n' || byte == '\r') {
        bytes_.pop_back();
        return broken_by(byte, UnitKind::string);
    }
    state_ = byte == kEscape ? State::string_escape : State::string;
    return {};
}

} // namespace pagelab::console::serial
