#include "kernel/shell/tiny_computer.hpp"

namespace pagelab::shell {
namespace {

using Geometry = TinyComputer::Geometry;

constexpr std::uint32_t group(std::uint32_t page) {
    return Geometry::directory_index(Geometry::page_address(page));
}

constexpr std::uint32_t place(std::uint32_t page) {
    return Geometry::table_index(Geometry::page_address(page));
}

/// Pages and frames of the start, out of order: that is what paging is for.
constexpr std::uint8_t kStart[][2] = {{0, 9}, {1, 4}, {3, 12}, {4, 7}, {5, 10}, {6, 5}};

} // namespace

void TinyComputer::reset() {
    words_ = {};
    write(kDirectory, kSelf, kDirectory);
    for (const auto& [page, frame] : kStart) {
        map(page, frame);
    }
}

std::optional<std::uint32_t> TinyComputer::entry(std::uint32_t frame, std::uint32_t index) const {
    const std::uint32_t word = words_[frame * Geometry::kEntries + index];
    return (word & kPresent) != 0 ? std::optional{word / Geometry::kPageBytes} : std::nullopt;
}

void TinyComputer::write(std::uint32_t frame, std::uint32_t index, std::uint32_t target) {
    words_[frame * Geometry::kEntries + index] = target * Geometry::kPageBytes | kPresent;
}

TinyComputer::Walk TinyComputer::walk(std::uint32_t page) const {
    const auto table = entry(kDirectory, group(page));
    return {table, table ? entry(*table, place(page)) : std::nullopt};
}

std::optional<std::uint32_t> TinyComputer::group_of_table(std::uint32_t frame) const {
    for (std::uint32_t index = Geometry::kEntries; index-- > 0;) {
        if (entry(kDirectory, index) == frame) {
            return index;
        }
    }
    return std::nullopt;
}

std::uint32_t TinyComputer::uses(std::uint32_t frame) const {
    std::uint32_t count = 0;
    for (std::uint32_t page = 0; !shows_tables(page); ++page) {
        count += walk(page).frame == frame ? 1 : 0;
    }
    return count;
}

std::optional<std::uint32_t> TinyComputer::map(std::uint32_t page, std::uint32_t frame) {
    std::optional<std::uint32_t> made;
    auto table = entry(kDirectory, group(page));
    if (!table) {
        // Of 16 frames the directory, two tables, eight pages and `frame` use twelve at most.
        table = kDirectory + 1;
        while (group_of_table(*table) || uses(*table) != 0 || *table == frame) {
            ++*table;
        }
        for (std::uint32_t index = 0; index < Geometry::kEntries; ++index) {
            words_[*table * Geometry::kEntries + index] = 0;
        }
        write(kDirectory, group(page), *table);
        made = table;
    }
    write(*table, place(page), frame);
    return made;
}

void TinyComputer::unmap(std::uint32_t page) {
    if (const auto table = entry(kDirectory, group(page))) {
        words_[*table * Geometry::kEntries + place(page)] = 0;
    }
}

} // namespace pagelab::shell
