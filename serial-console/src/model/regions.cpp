#include "serial-console/src/model/regions.hpp"

#include <algorithm>
#include <bit>

namespace pagelab::console::model {

std::vector<paging::Region> folded_regions(const Snapshot& snapshot) {
    std::vector<paging::Region> result;
    for_each_region(snapshot, [&](paging::Region region) {
        if (region.self_map) {
            const std::uint32_t slot = region.va.directory_index();
            if (!result.empty() && result.back().self_map && result.back().va.directory_index() == slot) {
                return true;
            }
            region.va = paging::VirtAddr::from_indices(slot, 0);
            region.size = paging::kLargePageSize;
            region.pa = snapshot.lab.context.control.directory();
        }
        result.push_back(region);
        return true;
    });
    return result;
}

std::size_t region_at(const std::vector<paging::Region>& regions, paging::VirtAddr va) {
    const auto behind = std::ranges::upper_bound(regions, va, {}, &paging::Region::va);
    return behind == regions.begin() ? 0 : static_cast<std::size_t>(behind - regions.begin() - 1);
}

std::uint64_t frames_per_cell(std::uint64_t frames) {
    return std::max<std::uint64_t>(std::bit_ceil(frames) / paging::kEntryCount, 1);
}

} // namespace pagelab::console::model
