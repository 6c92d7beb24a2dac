#include "serial-console/src/serial/sanitise.hpp"

#include <algorithm>

namespace pagelab::console::serial {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

/// Spells bytes so that no terminal obeys them: `^[` for ESC, `^?` for DEL, others as they are.
void append_caret(std::string_view bytes, std::string& out) {
    if (bytes.size() == 2 && static_cast<unsigned char>(bytes[0]) == 0xc2 &&
        static_cast<unsigned char>(bytes[1]) < 0xa0) {
        out.append(kReplacement);
        return;
    }
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        if (value < 0x20) {
            out.push_back('^');
            out.push_back(static_cast<char>(value + 0x40));
        } else if (value == 0x7f) {
            out.append("^?");
        } else if (value < 0x80) {
            out.push_back(byte);
        } else {
            out.append(kReplacement);
        }
    }
}

/// Cursor moves, erasures, insertions, scrolling region, colours; the cursor's visibility.
bool harmless_csi(std::string_view bytes) {
    if (bytes.size() < 3) {
        return false;
    }
    const char final = bytes.back();
    const std::string_view parameters = bytes.substr(2, bytes.size() - 3);
    if (final == 'h' || final == 'l') {
        return parameters == "?25" || parameters == "4";
    }
    const bool plain = std::ranges::all_of(
        parameters, [](char byte) { return (byte >= '0' && byte <= '9') || byte == ';' || byte == ':'; });
    return plain && std::string_view("@ABCDEFGHIJKLMPSTXZ`adefmrsu").contains(final);
}

bool harmless_escape(std::string_view bytes) {
    return bytes == "\x1b"
                    "7" ||
           bytes == "\x1b"
                    "8" ||
           bytes == "\x1b"
                    "M";
}

} // namespace

std::string Filter::feed(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    for (const char byte : bytes) {
        const UnitParser::Completed completed = parser_.feed(byte);
        if (completed.first) {
            pass(*completed.first, out);
        }
        if (completed.second) {
            pass(*completed.second, out);
        }
    }
    return out;
}

void Filter::pass(const Unit& unit, std::string& out) {
    if (policy_ == Policy::show) {
        const bool newline = unit.kind == UnitKind::control && unit.bytes == "\n";
        if (return_pending_ && !newline) {
            out.append("^M");
        }
        return_pending_ = unit.kind == UnitKind::control && unit.bytes == "\r";
        if (return_pending_) {
            return;
        }
    }
    switch (unit.kind) {
    case UnitKind::character:
        out.append(unit.bytes);
        break;
    case UnitKind::invalid:
        out.append(kReplacement);
        break;
    case UnitKind::control:
        pass_control(unit, out);
        break;
    case UnitKind::csi:
    case UnitKind::escape:
    case UnitKind::string:
        if (policy_ == Policy::show) {
            append_caret(unit.bytes, out);
        } else if (policy_ == Policy::terminal &&
                   ((unit.kind == UnitKind::csi && harmless_csi(unit.bytes)) ||
                    (unit.kind == UnitKind::escape && harmless_escape(unit.bytes)))) {
            out.append(unit.bytes);
        }
        break;
    }
}

void Filter::pass_control(const Unit& unit, std::string& out) const {
    const bool always = unit.bytes == "\n" || unit.bytes == "\t";
    const bool on_terminal = unit.bytes == "\r" || unit.bytes == "\b" || unit.bytes == "\a";
    if (always || (on_terminal && policy_ == Policy::terminal)) {
        out.append(unit.bytes);
    } else if (policy_ == Policy::show) {
        append_caret(unit.bytes, out);
    }
}

} // namespace pagelab::console::serial
