#include "serial-console/src/picture/facts.hpp"

#include "kernel/paging/region_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pagelab::console::picture {
namespace {

struct Printed {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

/// All of a self-map's slot is one region, as `maps` folds it.
void add(std::vector<paging::Region>& regions, paging::Region region) {
    if (region.self_map) {
        const std::uint32_t slot = region.va.directory_index();
        if (!regions.empty() && regions.back().self_map && regions.back().va.directory_index() == slot) {
            return;
        }
        region.va = paging::VirtAddr::from_indices(slot, 0);
        region.size = paging::kLargePageSize;
    }
    regions.push_back(region);
}

std::string summarise(const model::Snapshot& snapshot, const Facts& facts, std::size_t regions) {
    const paging::ControlRegisters& control = snapshot.lab.context.control;
    if (!control.paging()) {
        return "paging is off";
    }
    Printed size;
    paging::put_size(size, facts.mapped);
    return fmt::format(
        "32-bit paging{}  ·  CR3 p:{:#010x}  ·  {}  ·  {} page table{}  ·  {} region{}, {} mapped",
        control.pse() ? " with 4 MiB pages" : "", control.directory().raw(),
        snapshot.self_map ? fmt::format("self-map in slot {}", *snapshot.self_map)
                          : std::string("no self-map"),
        facts.tables, facts.tables == 1 ? "" : "s", regions, regions == 1 ? "" : "s", size.text);
}

} // namespace

Facts gather(const model::Snapshot& snapshot, std::string name, std::size_t most) {
    Facts facts;
    facts.name = std::move(name);
    const paging::PagingContext& context = snapshot.lab.context;
    const paging::RegionQuery everything;
    model::TableCopy read = snapshot.tables;
    paging::for_each_region(read, context, everything, [&](const paging::Region& region) {
        add(facts.regions, region);
        return true;
    });
    for (const paging::Region& region : facts.regions) {
        facts.mapped += region.size;
    }
    for (const model::Slot& slot : snapshot.slots) {
        const bool own = slot.kind == model::SlotKind::table || slot.kind == model::SlotKind::kernel;
        facts.tables += own && !paging::Pde{slot.raw}.large(context) ? 1 : 0;
    }
    facts.summary = summarise(snapshot, facts, facts.regions.size());
    Printed maps;
    paging::write_maps_text(maps, read, context, everything);
    facts.maps = std::move(maps.text);
    if (facts.regions.size() > most) {
        facts.left_out = facts.regions.size() - most;
        std::ranges::stable_sort(facts.regions, std::ranges::greater{}, &paging::Region::size);
        facts.regions.resize(most);
        std::ranges::sort(facts.regions, {}, [](const paging::Region& region) { return region.va; });
    }
    return facts;
}

} // namespace pagelab::console::picture
