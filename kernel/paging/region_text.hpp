// Regions as text (the self-map folded into a line) and as JSON (never folded).
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/regions.hpp"
#include "kernel/paging/walk_text.hpp"

namespace pagelab::paging {

/// One line, without its newline.
template <TextSink S>
constexpr void put_region(S& sink, const Region& region) {
    FixedText<24> range;
    put_range(range, region.range());
    put_padded(sink, range.view(), 22);
    FixedText<16> size;
    put_size(size, region.size);
    sink.put("  ");
    put_spaces(sink, size.size() < 8 ? 8 - size.size() : 0);
    sink.put(size.view());
    sink.put("  ");
    put_address(sink, region.pa);
    sink.put("  ");
    put_size(sink, region.page_size);
    sink.put("  kernel ");
    put_rights(sink, region.kernel);
    sink.put("  user ");
    put_rights(sink, region.user);
    sink.put("  ");
    put_flags(sink, region.flags);
}

template <TextSink S>
constexpr void write_json(S& sink, const Region& region) {
    JsonObject json(sink, "region");
    json.address("va", region.va);
    json.number("size", region.size);
    json.address("pa", region.pa);
    json.number("page_size", region.page_size);
    json.rights("kernel", region.kernel);
    json.rights("user", region.user);
    json.flags("flags", region.flags);
    json.boolean("self_map", region.self_map);
}

/// The line that stands for a whole self-map slot: its rights are what its PDE gives on both levels.
template <TextSink S, WordReader R>
constexpr void write_folded_self_map(S& sink, R& read, const PagingContext& context, std::uint32_t slot) {
    std::uint32_t tables = 0;
    for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
        const Pde pde{read(context.control.directory().plus(entry_offset(pdi))).value_or(0)};
        tables += pde.kind(context) == EntryKind::table && !is_self_map(pde, context) ? 1 : 0;
    }
    CombinedBits combined;
    combined.combine(Pde{read(context.control.directory().plus(entry_offset(slot))).value_or(0)});
    FixedText<24> range;
    put_range(range, *VirtRange::from_size(VirtAddr::from_indices(slot, 0), kLargePageSize));
    put_padded(sink, range.view(), 22);
    sink.put("     4 MiB  self-map of ");
    put_address(sink, context.control.directory());
    sink.put(", ");
    put_decimal(sink, tables);
    sink.put(tables == 1 ? " table  kernel " : " tables  kernel ");
    put_rights(sink, kernel_rights(combined, context.control));
    sink.put("  user ");
    put_rights(sink, user_rights(combined));
}

/// The whole answer of `maps`. A self-map slot is folded where nothing is filtered and the slot is wholly
/// asked for.
template <TextSink S, WordReader R>
constexpr void write_maps_text(S& sink, R& read, const PagingContext& context, const RegionQuery& query) {
    std::uint32_t lines = 0;
    std::uint64_t bytes = 0;
    std::optional<std::uint32_t> folded;
    for_each_region(read, context, query, [&](const Region& region) {
        const std::uint32_t slot = region.va.directory_index();
        const bool whole = query.range.first.raw() <= VirtAddr::from_indices(slot, 0).raw() &&
                           query.range.end >= (std::uint64_t{slot} + 1) << 22;
        if (region.self_map && whole && !query.filters()) {
            if (folded != slot) {
                folded = slot;
                write_folded_self_map(sink, read, context, slot);
                sink.put("\n");
                ++lines;
                bytes += kLargePageSize;
            }
            return true;
        }
        put_region(sink, region);
        sink.put("\n");
        ++lines;
        bytes += region.size;
        return true;
    });
    if (lines == 0) {
        sink.put("nothing is mapped\n");
        return;
    }
    put_decimal(sink, lines);
    sink.put(lines == 1 ? " region, " : " regions, ");
    put_size(sink, bytes);
    sink.put(" mapped\n");
}

} // namespace pagelab::paging
