#include "serial-console/src/serial/marks.hpp"

#include "kernel/interface/marks.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace pagelab::console::serial {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kBegin = interface::marks::kOutputBegin;
constexpr std::string_view kDone = interface::marks::kStatusBegin;
constexpr char kEnd = interface::marks::kEnd.front();
static_assert(interface::marks::kEnd.size() == 1);
constexpr std::size_t kStatusDigits = 3;

enum class Match { none, partial, begin, done };

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/// Does `bytes`, which begins with ESC, spell a mark, its beginning, or neither?
Match match(std::string_view bytes) {
    if (kBegin.starts_with(bytes)) {
        return bytes.size() == kBegin.size() ? Match::begin : Match::partial;
    }
    if (kDone.starts_with(bytes)) {
        return Match::partial;
    }
    if (!bytes.starts_with(kDone)) {
        return Match::none;
    }
    std::string_view rest = bytes.substr(kDone.size());
    const bool complete = rest.back() == kEnd;
    if (complete) {
        rest.remove_suffix(1);
    }
    if (rest.size() > kStatusDigits || !std::ranges::all_of(rest, is_digit) || (complete && rest.empty())) {
        return Match::none;
    }
    return complete ? Match::done : Match::partial;
}

int status_of(std::string_view mark) {
    int status = 0;
    const std::string_view digits = mark.substr(kDone.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), status);
    return status;
}

void append_text(std::vector<Piece>& pieces, std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    if (!pieces.empty() && std::holds_alternative<Text>(pieces.back())) {
        std::get<Text>(pieces.back()).bytes.append(bytes);
    } else {
        pieces.emplace_back(Text{std::string(bytes)});
    }
}

} // namespace

std::vector<Piece> MarkParser::feed(std::string_view bytes) {
    std::vector<Piece> pieces;
    while (!bytes.empty()) {
        if (held_.empty()) {
            const std::size_t escape = std::min(bytes.find(kEscape), bytes.size());
            append_text(pieces, bytes.substr(0, escape));
            bytes.remove_prefix(escape);
            if (bytes.empty()) {
                break;
            }
        }
        held_.push_back(bytes.front());
        switch (match(held_)) {
        case Match::partial:
            bytes.remove_prefix(1);
            break;
        case Match::begin:
            bytes.remove_prefix(1);
            pieces.emplace_back(OutputBegins{});
            held_.clear();
            break;
        case Match::done:
            bytes.remove_prefix(1);
            pieces.emplace_back(CommandDone{status_of(held_)});
            held_.clear();
            break;
        case Match::none:
            // The last byte may itself be the ESC of a mark, so it is looked at again.
            held_.pop_back();
            append_text(pieces, held_);
            held_.clear();
            break;
        }
    }
    return pieces;
}

std::string MarkParser::finish() {
    return std::exchange(held_, {});
}

} // namespace pagelab::console::serial
