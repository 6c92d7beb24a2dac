#include "serial-console/src/picture/pictures.hpp"

#include "kernel/paging/walk_text.hpp"
#include "serial-console/src/picture/palette.hpp"
#include "serial-console/src/picture/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace pagelab::console::picture {
namespace {

using paging::EntryKind;
using paging::Level;
using paging::Step;
using paging::Walk;

constexpr int kWidth = 1400;
constexpr int kHeight = 884;
constexpr double kLeft = 48;

constexpr std::string_view kDirectoryColour = palette::kUser;
constexpr std::string_view kTableColour = palette::kKernel;
constexpr std::string_view kOffsetColour = palette::kPage;

// The address: 32 cells.
constexpr double kBitTop = 150;
constexpr double kBit = 34;
constexpr double kBitsLeft = kLeft + 108;

// Directory, table and page, side by side.
constexpr double kBoxTop = 352;
constexpr double kRow = 34;
constexpr int kRows = 5; // of which the middle one is the entry
constexpr double kBoxWidth = 270;
constexpr std::array<double, 3> kBoxLeft = {kLeft + 120, kLeft + 560, kLeft + 1000};

constexpr double kEntriesTop = 574;

struct Printed {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

template <class Put>
std::string printed(Put put) {
    Printed out;
    put(out);
    return out.text;
}

std::string hex(std::uint32_t value) {
    return fmt::format("{:#010x}", value);
}

std::string_view colour_of(Level level) {
    return level == Level::pde ? kDirectoryColour : kTableColour;
}

/// One field of the address.
struct Field {
    unsigned high = 0;
    unsigned low = 0;
    std::string_view colour;
    std::string words;

    [[nodiscard]] double left() const { return kBitsLeft + kBit * (31 - high); }
    [[nodiscard]] double right() const { return kBitsLeft + kBit * (32 - low); }
    [[nodiscard]] double middle() const { return (left() + right()) / 2; }
};

std::vector<Field> fields_of(const Walk& walk) {
    const paging::VirtAddr va = walk.va;
    const Field directory{31, 22, kDirectoryColour, fmt::format("directory index {}", va.directory_index())};
    if (walk.page_size == paging::kLargePageSize) {
        return {directory, {21, 0, kOffsetColour, fmt::format("offset {:#x}", va.large_page_offset())}};
    }
    return {directory,
            {21, 12, kTableColour, fmt::format("table index {}", va.table_index())},
            {11, 0, kOffsetColour, fmt::format("offset {:#05x}", va.page_offset())}};
}

void draw_address(Svg& svg, const Walk& walk, const std::vector<Field>& fields) {
    svg.text(kLeft, kBitTop + 25, "address", {.size = 16, .bold = true});
    for (const Field& field : fields) {
        for (unsigned bit = field.high + 1; bit-- > field.low;) {
            const double x = kBitsLeft + kBit * (31 - bit);
            const bool set = ((walk.va.raw() >> bit) & 1) != 0;
            svg.rect(x + 1, kBitTop, kBit - 2, 38, set ? field.colour : std::string_view{"#ffffff"},
                     field.colour, 3);
            svg.text(x + kBit / 2, kBitTop + 26, set ? "1" : "0",
                     {.size = 18,
                      .mono = true,
                      .colour = set ? std::string_view{"#ffffff"} : field.colour,
                      .anchor = "middle"});
        }
        svg.text(field.left() + 2, kBitTop - 8, fmt::format("{}", field.high),
                 {.size = 11, .colour = palette::kFaint});
        svg.text(field.right() - 2, kBitTop - 8, fmt::format("{}", field.low),
                 {.size = 11, .colour = palette::kFaint, .anchor = "end"});
        svg.text(field.middle(), kBitTop + 64, field.words,
                 {.size = 16, .bold = true, .colour = field.colour, .anchor = "middle"});
    }
}

/// A table of which the entry in question and its neighbours are seen.
void draw_table(Svg& svg, double x, const Step& step, std::string_view name, const model::TableCopy& tables) {
    const std::string_view colour = colour_of(step.level);
    const paging::PhysAddr base = step.entry_pa.frame_base();
    svg.text(x, kBoxTop - 34, name, {.size = 16, .bold = true, .colour = colour});
    svg.text(x, kBoxTop - 14, fmt::format("p:{:#010x}", base.raw()),
             {.size = 13, .mono = true, .colour = palette::kFaint});
    const int first = std::clamp(static_cast<int>(step.index) - kRows / 2, 0,
                                 static_cast<int>(paging::kEntryCount) - kRows);
    for (int row = 0; row < kRows; ++row) {
        const int index = first + row;
        const bool chosen = index == step.index;
        const double y = kBoxTop + kRow * row;
        const auto word = tables(base.plus(paging::entry_offset(static_cast<std::uint32_t>(index))));
        svg.rect(x, y, kBoxWidth, kRow - 3, chosen ? colour : palette::kEmpty, "none", 3);
        const std::string_view ink = chosen ? std::string_view{"#ffffff"} : palette::kFaint;
        svg.text(x + 12, y + 21, fmt::format("{}", index),
                 {.size = 14, .mono = true, .bold = chosen, .colour = ink});
        svg.text(x + kBoxWidth - 12, y + 21, word ? hex(*word) : "?",
                 {.size = 15, .mono = true, .bold = chosen, .colour = ink, .anchor = "end"});
    }
}

double row_middle(const Step& step) {
    const int first = std::clamp(static_cast<int>(step.index) - kRows / 2, 0,
                                 static_cast<int>(paging::kEntryCount) - kRows);
    return kBoxTop + kRow * (step.index - first) + (kRow - 3) / 2;
}

/// Where the walk ends: the page, or why there is none.
void draw_end(Svg& svg, double x, const Walk& walk) {
    const double middle = kBoxTop + kRow * kRows / 2;
    if (!walk.has_page()) {
        svg.rect(x, kBoxTop, kBoxWidth, kRow * kRows - 3, "#fdecee", palette::kBroken, 4);
        svg.text(x + kBoxWidth / 2, middle - 6, "no page",
                 {.size = 24, .bold = true, .colour = palette::kBroken, .anchor = "middle"});
        svg.text(x + kBoxWidth / 2, middle + 22, "an access faults",
                 {.size = 15, .colour = palette::kBroken, .anchor = "middle"});
        return;
    }
    const bool large = walk.page_size == paging::kLargePageSize;
    const std::uint64_t offset = large ? walk.va.large_page_offset() : walk.va.page_offset();
    const std::uint64_t base = walk.pa->raw() - offset;
    svg.text(x, kBoxTop - 34, large ? "page of 4 MiB" : "page of 4 KiB",
             {.size = 16, .bold = true, .colour = palette::kPage});
    svg.text(x, kBoxTop - 14, fmt::format("p:{:#010x}", base),
             {.size = 13, .mono = true, .colour = palette::kFaint});
    svg.rect(x, kBoxTop, kBoxWidth, kRow * kRows - 3, "#e7f5ef", palette::kPage, 4);
    const double y = kBoxTop + (kRow * kRows - 37) * static_cast<double>(offset) / walk.page_size;
    svg.rect(x, y, kBoxWidth, kRow, palette::kPage, "none", 3);
    svg.text(x + 12, y + 22, fmt::format("+{:#x}", offset), {.size = 14, .mono = true, .colour = "#ffffff"});
    svg.text(x + kBoxWidth - 12, y + 22, fmt::format("p:{:#010x}", walk.pa->raw()),
             {.size = 15, .mono = true, .bold = true, .colour = "#ffffff", .anchor = "end"});
}

/// The lowest twelve bits of an entry by name; `-` where the CPU looks at none.
std::array<std::string_view, 12> bit_names(const Step& step, const paging::PagingContext& context) {
    const bool pde = step.level == Level::pde;
    const bool leaf = !pde || paging::Pde{step.raw.value_or(0)}.large(context);
    return {"P",
            "RW",
            "US",
            "PWT",
            "PCD",
            "A",
            leaf ? "D" : "-",
            pde ? (context.control.pse() ? "PS" : "-") : "PAT",
            leaf ? "G" : "-",
            "AVL9",
            "AVL10",
            "AVL11"};
}

void draw_entry(Svg& svg, double y, const Walk& walk, const Step& step) {
    constexpr double kCellWidth = 58;
    constexpr double kFrameWidth = 330;
    const std::string_view colour = colour_of(step.level);
    const std::string name = printed([&](Printed& out) { paging::put_step_name(out, walk, step); });
    svg.text(kLeft, y + 25, name, {.size = 16, .bold = true, .colour = colour});
    const double left = kLeft + 132;
    if (!step.raw) {
        svg.text(left, y + 25, "its memory can't be read", {.size = 15, .colour = palette::kBroken});
        return;
    }
    const std::uint32_t raw = *step.raw;
    svg.rect(left, y, kFrameWidth, 38, "#ffffff", colour, 3);
    svg.text(left + 12, y + 25, "31:12", {.size = 12, .colour = palette::kFaint});
    svg.text(left + kFrameWidth - 12, y + 25, fmt::format("{:#07x}", raw >> 12),
             {.size = 17, .mono = true, .bold = true, .colour = colour, .anchor = "end"});
    const auto names = bit_names(step, walk.context);
    for (unsigned bit = 12; bit-- > 0;) {
        const double x = left + kFrameWidth + 6 + kCellWidth * (11 - bit);
        const bool set = ((raw >> bit) & 1) != 0;
        const bool counts = names[bit] != "-";
        const std::string_view edge = counts ? colour : palette::kHair;
        svg.rect(x + 1, y, kCellWidth - 2, 38, set && counts ? colour : std::string_view{"#ffffff"}, edge, 3);
        svg.text(x + kCellWidth / 2, y + 25, fmt::format("{}", set ? 1 : 0),
                 {.size = 16,
                  .mono = true,
                  .colour = set && counts ? std::string_view{"#ffffff"} : edge,
                  .anchor = "middle"});
        svg.text(x + kCellWidth / 2, y + 54, names[bit],
                 {.size = 12,
                  .bold = set && counts,
                  .colour = set && counts ? palette::kInk : palette::kFaint,
                  .anchor = "middle"});
    }
    const std::string leads = printed([&](Printed& out) { paging::put_target(out, step.kind, step.target); });
    svg.text(left, y + 54,
             fmt::format("{}{}", leads,
                         step.entry_va ? fmt::format("  ·  appears at {}", hex(step.entry_va->raw())) : ""),
             {.size = 12, .colour = palette::kFaint});
}

void draw_verdict(Svg& svg, const Walk& walk) {
    constexpr double kTop = 778;
    const std::string_view colour = walk.has_page() ? palette::kPage : palette::kBroken;
    const std::string words = printed([&](Printed& out) { paging::put_outcome(out, walk); });
    svg.rect(kLeft, kTop, kWidth - 2 * kLeft, 58, walk.has_page() ? "#e7f5ef" : "#fdecee", "none", 4);
    svg.rect(kLeft, kTop, 8, 58, colour);
    svg.text(kLeft + 28, kTop + 37, words, {.size = 22, .mono = true, .bold = true, .colour = colour});
    if (walk.self_map) {
        svg.text(kWidth - kLeft - 20, kTop + 36,
                 printed([&](Printed& out) { paging::put_self_map_view(out, *walk.self_map); }),
                 {.size = 15, .colour = palette::kSelfMap, .anchor = "end"});
    }
}

/// From a field of the address down to the entry that it chooses.
void draw_choice(Svg& svg, const Field& field, double x, double y, std::string_view colour) {
    const double bend = kBitTop + 88 + (field.high == 31 ? 0 : field.low == 12 ? 12 : 24);
    svg.path(fmt::format("M{0:.1f} {1:.1f} V{2:.1f} H{3:.1f} V{4:.1f} H{5:.1f}", field.middle(), kBitTop + 74,
                         bend, x - 26, y, x - 10),
             "none", colour, 1, 2);
    svg.path(fmt::format("M{:.1f} {:.1f} l-10 -5 v10 z", x, y), colour);
}

} // namespace

std::string walk_svg(const model::Snapshot& snapshot, paging::VirtAddr va) {
    const Walk walk = snapshot.walk(va);
    Svg svg;
    const std::string title = fmt::format("Where {} leads", hex(va.raw()));
    svg.text(kLeft, 62, title, {.size = 30, .bold = true});
    svg.text(kLeft, 94, printed([&](Printed& out) { paging::put_walk_head(out, walk); }),
             {.size = 15, .mono = true, .colour = palette::kFaint});
    const std::vector<Field> fields = fields_of(walk);
    draw_address(svg, walk, fields);
    if (walk.step_count > 0) {
        svg.text(kLeft, kBoxTop - 34, "CR3", {.size = 16, .bold = true});
        svg.text(kLeft, kBoxTop - 14, hex(walk.context.control.cr3),
                 {.size = 13, .mono = true, .colour = palette::kFaint});
    }
    for (std::size_t i = 0; i < walk.step_count; ++i) {
        const Step& step = walk.steps[i];
        draw_table(svg, kBoxLeft[i], step,
                   i == 0 ? "page directory" : fmt::format("page table {}", va.directory_index()),
                   snapshot.tables);
        draw_choice(svg, fields[i], kBoxLeft[i], row_middle(step), colour_of(step.level));
        const bool last = i + 1 == walk.step_count;
        // To the head of what it leads to, or into the box that says that it leads nowhere.
        const double end = last && !walk.has_page() ? row_middle(step) : kBoxTop - 19;
        svg.arrow(kBoxLeft[i] + kBoxWidth, row_middle(step), kBoxLeft[i + 1] - (last ? 4 : 40), end,
                  colour_of(step.level));
        draw_entry(svg, kEntriesTop + 96 * static_cast<double>(i), walk, step);
    }
    if (walk.step_count > 0) {
        draw_end(svg, kBoxLeft[walk.step_count], walk);
    }
    draw_verdict(svg, walk);
    return svg.document(kWidth, kHeight, title, walk_text(snapshot, va));
}

} // namespace pagelab::console::picture
