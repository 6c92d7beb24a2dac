// One frame of the picture: the lab page and a copy of the tables, and what each directory slot holds.
// Everything on a screen is drawn from one of these. Pure.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/paging/regions.hpp"
#include "serial-console/src/model/frame_map.hpp"
#include "serial-console/src/model/lab_info.hpp"
#include "serial-console/src/model/table_copy.hpp"

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace pagelab::console::model {

/// What a directory slot holds, from the least to the most important where two share a glyph.
enum class SlotKind : std::uint8_t {
    empty,      // 0
    value,      // not present, but not 0 either
    kernel,     // a table or page in a slot of the kernel
    table,      // a table, elsewhere
    page,       // a 4 MiB page, elsewhere
    foreign,    // a window on the tables of another directory
    self_map,   // the directory itself
    reserved,   // a 4 MiB page with reserved bits set: each access faults
    unreadable, // a table beyond RAM
};

struct Slot {
    SlotKind kind = SlotKind::empty;
    std::uint32_t raw = 0;
    /// Present entries of its table.
    std::uint16_t present = 0;
    /// Whether a user may access anything of it, and whether anything of it is writable: both levels' bits.
    bool user = false;
    bool writable = false;
    /// Its table, as long as the snapshot is there; null without one.
    const TablePage* table = nullptr;
};

using Slots = std::array<Slot, paging::kEntryCount>;

/// Records one after the other in the order of their numbers, the newest last.
using Journal = std::vector<interface::JournalRecord>;

struct Snapshot {
    LabInfo lab;
    TableCopy tables;
    /// Null where they could not be read; shared with the snapshot before while they are the same.
    std::shared_ptr<const Journal> journal;
    std::shared_ptr<const FrameMap> frames;
    std::optional<std::uint32_t> self_map;
    Slots slots{};
    /// Taken while the kernel was in the middle of a change: a debugger holds it there.
    bool mid_change = false;

    [[nodiscard]] bool has_directory() const { return tables.contains(lab.context.control.directory()); }
    [[nodiscard]] paging::Walk walk(paging::VirtAddr va) const {
        return paging::walk(tables, lab.context, self_map, va);
    }
};

/// What an entry of the table in slot `pdi` maps, with the rights that both levels give; empty without one.
[[nodiscard]] Slot entry_at(const Snapshot& snapshot, std::uint32_t pdi, std::uint32_t pti);

/// The entries of a slot's table that differ; A and D do not count.
[[nodiscard]] std::bitset<paging::kEntryCount> changed_entries(const Snapshot& before, const Snapshot& after,
                                                               std::uint32_t pdi);

/// Decodes the copied tables, where they are not decoded yet, finds the self-map and fills the slots.
void summarise(Snapshot& snapshot);

/// Calls `emit(const paging::Region&)` for each region, in the order of addresses: what the core's
/// for_each_region tells of everything, out of the tables' runs. `emit` returns false to stop.
template <class Emit>
void for_each_region(const Snapshot& snapshot, Emit emit) {
    const paging::PagingContext& context = snapshot.lab.context;
    std::optional<paging::Region> open;
    const auto add = [&](const paging::Region& next) {
        if (open && paging::joins(*open, next)) {
            open->size += next.size;
            return true;
        }
        const bool go_on = !open || emit(*open);
        open = next;
        return go_on;
    };
    for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
        const Slot& slot = snapshot.slots[pdi];
        const paging::Pde pde{slot.raw};
        if (pde.kind(context) == paging::EntryKind::page) {
            if (!add(paging::large_page_region(pdi, pde, context))) {
                return;
            }
        } else if (slot.table != nullptr) {
            for (const TableRun& run : slot.table->digest.runs) {
                paging::Region region =
                    paging::page_region(pdi, pde, run.first, paging::Pte{run.raw}, context);
                region.size *= run.count;
                if (!add(region)) {
                    return;
                }
            }
        }
    }
    if (open) {
        static_cast<void>(emit(*open));
    }
}

/// The slots that differ, in the PDE or in the table behind it. A and D do not count: the CPU sets them.
[[nodiscard]] std::bitset<paging::kEntryCount> changed_slots(const Snapshot& before, const Snapshot& after);

/// The lowest page outside the kernel's slots whose PTE, or PDE, differs; A and D do not count.
[[nodiscard]] std::optional<paging::VirtAddr> first_change(const Snapshot& before, const Snapshot& after);

} // namespace pagelab::console::model
