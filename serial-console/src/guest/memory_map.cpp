#include "serial-console/src/guest/memory_map.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace pagelab::console::guest {
namespace {

constexpr std::uint64_t kPageMask = paging::kPageSize - 1;
/// Addresses beyond this one need tables that this program does not decode.
constexpr std::uint64_t kLastPhysical = std::uint64_t{1} << 52;

struct Line {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t offset = 0;
    std::string_view name;
};

/// Takes 16 hex digits off the front.
std::optional<std::uint64_t> take_hex(std::string_view& text) {
    constexpr std::size_t kDigits = 16;
    const std::string_view digits = text.substr(0, kDigits);
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != kDigits || error != std::errc{} || stop != digits.data() + digits.size()) {
        return std::nullopt;
    }
    text.remove_prefix(kDigits);
    return value;
}

/// `  0000000000100000-000000007fffffff (prio 0, ram): mem0 @0000000000100000`
std::optional<Line> parse_line(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    Line line;
    const auto first = take_hex(text);
    if (!first || !text.starts_with('-')) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const auto last = take_hex(text);
    const std::size_t kind = text.find(", ");
    const std::size_t colon = text.find("): ");
    if (!last || kind == std::string_view::npos || colon == std::string_view::npos || colon < kind) {
        return std::nullopt;
    }
    const std::string_view type = text.substr(kind + 2, colon - kind - 2);
    if (type != "ram" && type != "rom") { // shadowed RAM is `rom` while it is write-protected
        return std::nullopt;
    }
    line.first = *first;
    line.last = *last;
    text.remove_prefix(colon + 3);
    const std::size_t at = text.find(" @");
    line.name = text.substr(0, at);
    if (at != std::string_view::npos) {
        text.remove_prefix(at + 2);
        const auto offset = take_hex(text);
        if (!offset) {
            return std::nullopt;
        }
        line.offset = *offset;
    }
    line.name = line.name.substr(0, line.name.find_last_not_of(" \r") + 1);
    return line;
}

/// The text of the view that the CPU has outside of system management mode.
std::string_view memory_view(std::string_view text) {
    std::size_t begin = text.find("FlatView");
    while (begin != std::string_view::npos) {
        const std::size_t end = text.find("FlatView", begin + 1);
        const std::string_view view = text.substr(begin, end - begin);
        if (view.find("AS \"memory\",") != std::string_view::npos) {
            return view;
        }
        begin = end;
    }
    return {};
}

bool usable(const Line& line) {
    return line.first <= line.last && line.last < kLastPhysical && line.offset < kLastPhysical &&
           (line.first & kPageMask) == 0 && ((line.last + 1) & kPageMask) == 0 &&
           (line.offset & kPageMask) == 0;
}

} // namespace

std::vector<RamPiece> parse_memory_map(std::string_view text) {
    std::string_view rest = memory_view(text);
    std::vector<RamPiece> pieces;
    std::optional<std::string_view> main; // the name of what lies at address 0
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const auto line = parse_line(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!line || !usable(*line)) {
            continue;
        }
        if (!main && line->first == 0) {
            main = line->name;
        }
        if (main != line->name) {
            continue;
        }
        const paging::PhysRange range{paging::PhysAddr{line->first}, paging::PhysAddr{line->last + 1}};
        if (!pieces.empty() && pieces.back().range.end > range.first) {
            continue; // QEMU sorts them; whoever says otherwise is not believed
        }
        if (!pieces.empty() && pieces.back().range.end == range.first &&
            pieces.back().offset + pieces.back().range.size() == line->offset) {
            pieces.back().range.end = range.end;
        } else {
            pieces.push_back({range, line->offset});
        }
    }
    return pieces;
}

} // namespace pagelab::console::guest
