#include "serial-console/src/serial/prompt.hpp"

#include "kernel/interface/marks.hpp"

#include <algorithm>
#include <cstddef>

namespace pagelab::console::serial {
namespace {

constexpr std::string_view kName = interface::kPromptName;
constexpr std::string_view kEnd = interface::kPromptEnd;
constexpr std::size_t kLongestLine = 4096; // no prompt is longer; an endless line must not eat memory

} // namespace

bool is_prompt(std::string_view line) {
    if (!line.starts_with(kName) || !line.ends_with(kEnd) || line.size() < kName.size() + kEnd.size()) {
        return false;
    }
    std::string_view middle = line.substr(kName.size(), line.size() - kName.size() - kEnd.size());
    if (middle.empty()) {
        return true;
    }
    if (middle.front() != ':' || middle.size() < 2) {
        return false;
    }
    middle.remove_prefix(1);
    return std::ranges::all_of(middle, [](char byte) { return byte >= '0' && byte <= '9'; });
}

void PromptFinder::feed(std::string_view bytes) {
    for (const char byte : bytes) {
        const UnitParser::Completed completed = parser_.feed(byte);
        if (completed.first) {
            pass(*completed.first);
        }
        if (completed.second) {
            pass(*completed.second);
        }
    }
}

void PromptFinder::pass(const Unit& unit) {
    if (unit.kind == UnitKind::control && (unit.bytes == "\n" || unit.bytes == "\r")) {
        line_ended_ = line_ended_ || unit.bytes == "\n";
        line_.clear();
    } else if ((unit.kind == UnitKind::character || unit.kind == UnitKind::invalid) &&
               line_.size() < kLongestLine) {
        line_.append(unit.bytes);
    }
}

} // namespace pagelab::console::serial
