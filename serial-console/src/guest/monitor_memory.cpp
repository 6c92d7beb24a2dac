#include "serial-console/src/guest/monitor_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pagelab::console::guest {
namespace {

constexpr machine::milliseconds kPatience{1000};

} // namespace

std::optional<model::TableWords> parse_words(std::string_view text) {
    model::TableWords words;
    std::size_t count = 0;
    for (std::size_t at = text.find(" 0x"); at != std::string_view::npos; at = text.find(" 0x", at)) {
        at += 3;
        std::uint32_t word = 0;
        const auto [stop, error] = std::from_chars(text.data() + at, text.data() + text.size(), word, 16);
        if (error != std::errc{} || count == words.size()) {
            return std::nullopt;
        }
        words[count++] = word;
        at = static_cast<std::size_t>(stop - text.data());
    }
    return count == words.size() ? std::optional{words} : std::nullopt;
}

bool MonitorMemory::copy_frame(paging::PhysAddr frame, model::TableWords& into) const {
    const bool ram =
        std::ranges::any_of(pieces_, [&](const RamPiece& piece) { return piece.range.contains(frame); });
    if (!ram || !frame.is_aligned(paging::kPageSize)) {
        return false;
    }
    const auto text =
        monitor_->human(fmt::format("xp /1024xw {:#x}", frame.raw()), machine::Deadline(kPatience));
    const auto words = text ? parse_words(*text) : std::nullopt;
    if (!words) {
        return false;
    }
    into = *words;
    return true;
}

std::vector<paging::PhysRange> MonitorMemory::ranges() const {
    std::vector<paging::PhysRange> ranges;
    for (const RamPiece& piece : pieces_) {
        ranges.push_back(piece.range);
    }
    return ranges;
}

} // namespace pagelab::console::guest
