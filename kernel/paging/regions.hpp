// The address space as regions: neighbours that lead to consecutive memory with the same rights are one.
// For shell and console. Pure; visits each present entry once, in the order of addresses.
#pragma once

#include "kernel/paging/walk.hpp"

#include <optional>

namespace pagelab::paging {

/// pa(va + k) = pa + k over the whole size, with one page size, one set of rights and of flags.
struct Region {
    VirtAddr va;
    std::uint64_t size = 0; // bytes
    PhysAddr pa;
    std::uint32_t page_size = 0;
    Rights kernel;
    Rights user;
    /// The leaf's flags without P, and without A and D unless they were asked for.
    FlagSet flags;
    /// Lies in a self-map slot; a region never crosses the edge of one.
    bool self_map = false;

    [[nodiscard]] constexpr VirtRange range() const { return {va, va.raw() + size}; }
};

/// Which pages are wanted. Ranges cut at 4 KiB: of a large page only the part inside is told.
struct RegionQuery {
    VirtRange range = VirtRange::everything();
    /// Only pages that the kernel or a user may write / that a user may access / that either may execute.
    bool writable = false;
    bool user = false;
    bool executable = false;
    std::optional<PhysRange> phys;
    /// A and D are told, and so pages that differ in them are not one region.
    bool accessed_dirty = false;
    /// A region ends with its directory slot.
    bool by_slot = false;

    [[nodiscard]] constexpr bool filters() const {
        return writable || user || executable || phys.has_value();
    }
    [[nodiscard]] constexpr bool wants(const Region& page) const {
        return (!writable || page.kernel.w || page.user.w) && (!user || page.user.r) &&
               (!executable || page.kernel.x || page.user.x) &&
               (!phys || phys->overlaps({page.pa, page.pa.plus(page.size)}));
    }
};

/// Whether `next` goes on where `region` ends, so that the two are one.
constexpr bool joins(const Region& region, const Region& next, bool by_slot = false) {
    const bool same_slot = region.va.directory_index() == next.va.directory_index();
    return region.va.raw() + region.size == next.va.raw() && region.pa.plus(region.size) == next.pa &&
           region.page_size == next.page_size && region.kernel == next.kernel && region.user == next.user &&
           region.flags == next.flags && region.self_map == next.self_map &&
           (same_slot || (!region.self_map && !by_slot));
}

namespace detail {

constexpr FlagSet region_flags(FlagSet flags, bool accessed_dirty) {
    flags.remove(Flag::p);
    if (!accessed_dirty) {
        flags.remove(Flag::a);
        flags.remove(Flag::d);
    }
    return flags;
}

/// Cuts a page to what lies within [first, end) of virtual and of physical addresses; nothing may be left.
constexpr std::optional<Region> cut(Region page, const RegionQuery& query) {
    std::uint64_t first = page.va.raw();
    std::uint64_t end = first + page.size;
    if (query.phys && page.page_size == kLargePageSize) {
        const std::uint64_t base = page.pa.raw();
        const std::uint64_t low = query.phys->first.frame_base().raw();
        const std::uint64_t high = (query.phys->end.raw() + kPageSize - 1) & ~std::uint64_t{kPageSize - 1};
        if (low > base) {
            first += low - base;
        }
        if (high < base + page.size) {
            end -= base + page.size - high;
        }
    }
    const std::uint64_t wanted_first = query.range.first.page_base().raw();
    const std::uint64_t wanted_end = (query.range.end + kPageSize - 1) & ~std::uint64_t{kPageSize - 1};
    const std::uint64_t cut_first = first < wanted_first ? wanted_first : first;
    const std::uint64_t cut_end = end > wanted_end ? wanted_end : end;
    if (cut_first >= cut_end) {
        return std::nullopt;
    }
    page.pa = page.pa.plus(cut_first - page.va.raw());
    page.va = VirtAddr{static_cast<std::uint32_t>(cut_first)};
    page.size = cut_end - cut_first;
    return page;
}

constexpr void fill_rights(Region& page, const CombinedBits& combined, const PagingContext& context,
                           FlagSet flags, bool accessed_dirty) {
    page.kernel = kernel_rights(combined, context.control);
    page.user = user_rights(combined);
    page.flags = region_flags(flags, accessed_dirty);
}

} // namespace detail

/// The page that a PDE of 4 MiB maps.
constexpr Region large_page_region(std::uint32_t pdi, Pde pde, const PagingContext& context,
                                   bool accessed_dirty = false) {
    Region page{.va = VirtAddr::from_indices(pdi, 0),
                .size = kLargePageSize,
                .pa = pde.large_frame(context),
                .page_size = kLargePageSize};
    CombinedBits combined;
    combined.combine(pde);
    detail::fill_rights(page, combined, context, pde.flags(context), accessed_dirty);
    return page;
}

/// The page that a present PTE maps below a PDE that leads to its table.
constexpr Region page_region(std::uint32_t pdi, Pde pde, std::uint32_t pti, Pte pte,
                             const PagingContext& context, bool accessed_dirty = false) {
    Region page{
        .va = VirtAddr::from_indices(pdi, pti), .size = kPageSize, .pa = pte.frame(), .page_size = kPageSize};
    page.self_map = is_self_map(pde, context);
    CombinedBits combined;
    combined.combine(pde);
    combined.combine(pte);
    detail::fill_rights(page, combined, context, pte.flags(), accessed_dirty);
    return page;
}

/// Calls `emit(const Region&)` for each region of the query; `emit` returns false to stop.
template <WordReader R, class Emit>
constexpr void for_each_region(R& read, const PagingContext& context, const RegionQuery& query, Emit emit) {
    if (!context.control.paging() || query.range.size() == 0) {
        return;
    }
    std::optional<Region> open;
    bool stopped = false;
    const auto add = [&](const Region& whole) {
        if (!query.wants(whole)) {
            return;
        }
        const std::optional<Region> page = detail::cut(whole, query);
        if (!page) {
            return;
        }
        if (open && joins(*open, *page, query.by_slot)) {
            open->size += page->size;
            return;
        }
        if (open && !emit(*open)) {
            stopped = true;
        }
        open = *page;
    };
    const std::uint32_t last = static_cast<std::uint32_t>((query.range.end - 1) >> 22);
    for (std::uint32_t pdi = query.range.first.directory_index(); pdi <= last && !stopped; ++pdi) {
        const auto raw = read(context.control.directory().plus(entry_offset(pdi)));
        if (!raw) {
            continue;
        }
        const Pde pde{*raw};
        if (pde.kind(context) == EntryKind::page) {
            add(large_page_region(pdi, pde, context, query.accessed_dirty));
            continue;
        }
        if (pde.kind(context) != EntryKind::table) {
            continue;
        }
        for (std::uint32_t pti = 0; pti < kEntryCount && !stopped; ++pti) {
            const auto word = read(pde.table().plus(entry_offset(pti)));
            if (word && Pte{*word}.present()) {
                add(page_region(pdi, pde, pti, Pte{*word}, context, query.accessed_dirty));
            }
        }
    }
    if (open && !stopped) {
        emit(*open);
    }
}

} // namespace pagelab::paging
