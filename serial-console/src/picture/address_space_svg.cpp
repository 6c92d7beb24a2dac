#include "serial-console/src/picture/pictures.hpp"

#include "kernel/paging/walk_text.hpp"
#include "serial-console/src/picture/facts.hpp"
#include "serial-console/src/picture/palette.hpp"
#include "serial-console/src/picture/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace pagelab::console::picture {
namespace {

using model::SlotKind;
using paging::PhysAddr;
using paging::Region;

constexpr int kWidth = 1400;
constexpr double kTop = 168;
constexpr std::size_t kMostRegions = 36;

// The grid: 32 slots in a row are 128 MiB.
constexpr double kGridLeft = 138;
constexpr double kCell = 13;
constexpr std::uint32_t kGridColumns = 32;

// Regions and physical memory.
constexpr double kRegionLeft = 740;
constexpr double kRegionWidth = 240;
constexpr double kPhysicalLeft = 1150;
constexpr double kPhysicalWidth = 90;
constexpr double kGapHeight = 16;

constexpr Font kLabel{.size = 12, .mono = true, .colour = palette::kFaint};
constexpr Font kLabelEnd{.size = 12, .mono = true, .colour = palette::kFaint, .anchor = "end"};
constexpr Font kHeading{.size = 16, .bold = true};
constexpr Font kNote{.size = 13, .colour = palette::kFaint};

struct Printed {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

std::string size_words(std::uint64_t bytes) {
    Printed out;
    paging::put_size(out, bytes);
    return out.text;
}

std::string letters(const paging::Rights& rights) {
    const auto text = rights.letters();
    return {text.data(), text.size()};
}

std::string_view slot_colour(const model::Slot& slot) {
    switch (slot.kind) {
    case SlotKind::empty:
        return palette::kEmpty;
    case SlotKind::value:
        return palette::kValue;
    case SlotKind::self_map:
    case SlotKind::foreign:
        return palette::kSelfMap;
    case SlotKind::reserved:
    case SlotKind::unreadable:
        return palette::kBroken;
    case SlotKind::kernel:
    case SlotKind::table:
    case SlotKind::page:
        break;
    }
    return slot.user ? palette::kUser : palette::kKernel;
}

std::string_view region_colour(const Region& region) {
    if (region.self_map) {
        return palette::kSelfMap;
    }
    const bool user = region.user.r;
    const bool writable = region.kernel.w || region.user.w;
    return user ? (writable ? palette::kUser : palette::kUserReadOnly)
                : (writable ? palette::kKernel : palette::kKernelReadOnly);
}

bool pale(const Region& region) {
    return !region.self_map && !region.kernel.w && !region.user.w;
}

double height_of(std::uint64_t bytes) {
    return 22 + 2.2 * static_cast<double>(std::bit_width(bytes >> 12));
}

void draw_grid(Svg& svg, const model::Snapshot& snapshot) {
    svg.text(kGridLeft, kTop - 22, "The page directory: 1,024 slots of 4 MiB", kHeading);
    for (std::uint32_t index = 0; index < paging::kEntryCount; ++index) {
        const std::uint32_t row = index / kGridColumns;
        const double x = kGridLeft + kCell * (index % kGridColumns);
        const double y = kTop + kCell * row;
        if (index % (kGridColumns * 4) == 0) {
            svg.text(kGridLeft - 10, y + 11, fmt::format("{:#010x}", index << 22), kLabelEnd);
        }
        const model::Slot& slot = snapshot.slots[index];
        svg.rect(x, y, kCell - 1.5, kCell - 1.5, slot_colour(slot));
        // How full a table is: what is white of its cell is not mapped.
        const bool table =
            (slot.kind == SlotKind::table || slot.kind == SlotKind::kernel) && slot.present > 0;
        if (table && slot.present < paging::kEntryCount) {
            const double inner = kCell - 4.5;
            const double empty = inner * (11 - std::bit_width(slot.present)) / 11.0;
            svg.rect(x + 1.5, y + 1.5, inner, empty, "#ffffff");
        }
        if (paging::Pde{slot.raw}.large(snapshot.lab.context)) {
            svg.rect(x + 4, y + 4, kCell - 9.5, kCell - 9.5, "#ffffff");
        }
    }
}

void draw_legend(Svg& svg) {
    struct Entry {
        std::string_view colour;
        std::string_view words;
    };
    constexpr std::array<Entry, 6> kEntries = {{{palette::kUser, "user code may reach it"},
                                                {palette::kKernel, "for the kernel only"},
                                                {palette::kUserReadOnly, "pale: read-only"},
                                                {palette::kSelfMap, "window: shows page tables"},
                                                {palette::kValue, "not present, holds a value"},
                                                {palette::kBroken, "broken: each access faults"}}};
    const double y = kTop + kCell * 32 + 34;
    for (std::size_t i = 0; i < kEntries.size(); ++i) {
        const double x = kGridLeft + 214 * static_cast<double>(i % 2);
        const std::size_t line = i / 2;
        const double row = y + 24 * static_cast<double>(line);
        svg.rect(x, row - 11, 14, 14, kEntries[i].colour, "none", 2);
        svg.text(x + 22, row, kEntries[i].words, {.size = 13});
    }
    svg.text(kGridLeft, y + 84, "A slot's cell fills as its page table does; a hole in its middle: one page",
             kNote);
    svg.text(kGridLeft, y + 102, "of 4 MiB. Heights on the right grow with the logarithm of the size.",
             kNote);
}

/// Physical memory that some region leads to, and where it is drawn.
struct Block {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    double top = 0;
    double height = 0;

    [[nodiscard]] double place(std::uint64_t pa) const {
        return top + height * static_cast<double>(pa - first) / static_cast<double>(end - first);
    }
};

/// Beside the middle of a column of the regions that is `height` high.
std::vector<Block> blocks_of(const std::vector<Region>& regions, double height) {
    std::vector<Block> blocks;
    for (const Region& region : regions) {
        if (!region.self_map) {
            blocks.push_back({region.pa.raw(), region.pa.raw() + region.size});
        }
    }
    std::ranges::sort(blocks, {}, &Block::first);
    std::vector<Block> merged;
    for (const Block& block : blocks) {
        if (!merged.empty() && block.first <= merged.back().end) {
            merged.back().end = std::max(merged.back().end, block.end);
        } else {
            merged.push_back(block);
        }
    }
    double y = kTop;
    for (Block& block : merged) {
        block.top = y;
        block.height = height_of(block.end - block.first) * 1.6;
        y += block.height + kGapHeight + 10;
    }
    for (Block& block : merged) {
        block.top += std::max(0.0, (height - (y - kTop)) / 2);
    }
    return merged;
}

void draw_region(Svg& svg, const Region& region, double y, double height) {
    svg.rect(kRegionLeft, y, kRegionWidth, height, region_colour(region), "none", 3);
    svg.text(kRegionLeft - 10, y + 12, fmt::format("{:#010x}", region.va.raw()), kLabelEnd);
    const std::string_view ink = pale(region) ? palette::kInk : std::string_view{"#ffffff"};
    const double middle = y + height / 2 + 5;
    svg.text(kRegionLeft + 10, middle,
             region.self_map ? "self-map"
                             : size_words(region.size) + (region.page_size > paging::kPageSize ? " big" : ""),
             {.size = 13, .bold = true, .colour = ink});
    svg.text(kRegionLeft + kRegionWidth - 10, middle,
             fmt::format("{}  {}", letters(region.kernel), letters(region.user)),
             {.size = 13, .mono = true, .colour = ink, .anchor = "end"});
}

void draw_ribbon(Svg& svg, const Region& region, double y, double height, const std::vector<Block>& blocks) {
    const auto block = std::ranges::find_if(blocks, [&](const Block& candidate) {
        return candidate.first <= region.pa.raw() && region.pa.raw() < candidate.end;
    });
    if (region.self_map || block == blocks.end()) {
        return;
    }
    const double x1 = kRegionLeft + kRegionWidth;
    const double x2 = kPhysicalLeft;
    const double middle = (x1 + x2) / 2;
    const double top = block->place(region.pa.raw());
    const double bottom = std::max(block->place(region.pa.raw() + region.size), top + 1.5);
    svg.path(fmt::format("M{0:.1f} {1:.1f} C{2:.1f} {1:.1f} {2:.1f} {3:.1f} {4:.1f} {3:.1f} V{5:.1f} "
                         "C{2:.1f} {5:.1f} {2:.1f} {6:.1f} {0:.1f} {6:.1f} Z",
                         x1, y, middle, top, x2, bottom, y + height),
             region_colour(region), "none", 0.35);
    svg.rect(kPhysicalLeft, top, kPhysicalWidth, bottom - top, region_colour(region));
}

/// What the column of regions will be high.
double column_height(const std::vector<Region>& regions) {
    double height = 0;
    std::uint64_t last = 0;
    for (const Region& region : regions) {
        height += height_of(region.size) + 2 + (region.va.raw() > last ? kGapHeight : 0);
        last = region.va.raw() + region.size;
    }
    return height;
}

/// The end of the lower of the two columns.
double draw_memory(Svg& svg, const Facts& facts) {
    svg.text(kRegionLeft, kTop - 22, "Virtual memory", kHeading);
    svg.text(kRegionLeft + kRegionWidth, kTop - 22, "kernel  user",
             {.size = 12, .mono = true, .colour = palette::kFaint, .anchor = "end"});
    const std::vector<Block> blocks = blocks_of(facts.regions, column_height(facts.regions));
    svg.text(kPhysicalLeft, (blocks.empty() ? kTop : blocks.front().top) - 22, "Physical memory", kHeading);
    double physical_end = kTop;
    for (const Block& block : blocks) {
        svg.rect(kPhysicalLeft, block.top, kPhysicalWidth, block.height, palette::kEmpty, palette::kHair);
        svg.text(kPhysicalLeft + kPhysicalWidth + 10, block.top + 12, fmt::format("p:{:#010x}", block.first),
                 kLabel);
        physical_end = block.top + block.height;
        svg.text(kPhysicalLeft + kPhysicalWidth + 10, physical_end, fmt::format("p:{:#010x}", block.end),
                 kLabel);
    }
    double y = kTop;
    std::uint64_t last = 0;
    for (const Region& region : facts.regions) {
        if (region.va.raw() > last) {
            svg.text(kRegionLeft + kRegionWidth / 2, y + 11,
                     fmt::format("… {} …", size_words(region.va.raw() - last)),
                     {.size = 11, .colour = palette::kFaint, .anchor = "middle"});
            y += kGapHeight;
        }
        const double height = height_of(region.size);
        draw_ribbon(svg, region, y, height, blocks);
        draw_region(svg, region, y, height);
        y += height + 2;
        last = region.va.raw() + region.size;
    }
    if (facts.regions.empty()) {
        svg.text(kRegionLeft, y + 16, "nothing is mapped", kNote);
    }
    if (facts.left_out != 0) {
        svg.text(kRegionLeft, y + 18, fmt::format("{} smaller regions are not drawn", facts.left_out), kNote);
        y += 24;
    }
    return std::max(y, physical_end);
}

} // namespace

std::string address_space_svg(const model::Snapshot& snapshot, std::string_view name) {
    const Facts facts = gather(snapshot, std::string(name), kMostRegions);
    Svg svg;
    const std::string title = fmt::format("The address space of {}", name);
    svg.text(48, 62, title, {.size = 30, .bold = true});
    svg.text(48, 94, facts.summary, {.size = 15, .colour = palette::kFaint});
    svg.line(48, 114, kWidth - 48, 114, palette::kHair);
    draw_grid(svg, snapshot);
    draw_legend(svg);
    const double end = std::max(draw_memory(svg, facts), kTop + kCell * 32 + 150);
    return svg.document(kWidth, static_cast<int>(end) + 40, title, facts.summary + "\n" + facts.maps);
}

} // namespace pagelab::console::picture
