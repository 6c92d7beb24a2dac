// What the operations of Changes refuse, and why. Part of changes.hpp: include that. Changes nothing.
#pragma once

namespace pagelab::memory {

/// Sizes, alignment, ends and the CPU's features: what can be said without a look at the tables.
template <Hardware H>
auto Changes<H>::check_map_request(const MapRequest& request) -> Problem {
    const std::uint32_t size = page_size(request);
    const std::uint64_t bytes = static_cast<std::uint64_t>(request.count) * size;
    if (request.large && (hw_.cr4() & paging::cr4::kPse) == 0) {
        return error(Refusal::no_pse, request.va);
    }
    if ((request.attributes.bits & bits::kGlobal) != 0 && !hw_.has_pge()) {
        return error(Refusal::no_pge, request.va);
    }
    if (!request.va.is_aligned(size)) {
        return error(Refusal::unaligned, request.va, size);
    }
    if (request.va.raw() + bytes > paging::kAddressSpaceEnd) {
        return error(Refusal::past_end, request.va);
    }
    return request.pa ? check_map_target(request) : std::nullopt;
}

/// The physical side: alignment, what an entry can hold, and whether it is RAM.
template <Hardware H>
auto Changes<H>::check_map_target(const MapRequest& request) -> Problem {
    const std::uint32_t size = page_size(request);
    const std::uint64_t bytes = static_cast<std::uint64_t>(request.count) * size;
    const bool reaches_far = request.large && hw_.limits().pse36;
    const std::uint64_t limit = reaches_far ? 1ull << hw_.limits().physical_bits : paging::kAddressSpaceEnd;
    OperationError problem = error(Refusal::unaligned, request.va, size);
    problem.pa = request.pa;
    if (!request.pa->is_aligned(size)) {
        return problem;
    }
    if (request.pa->raw() >= limit || limit - request.pa->raw() < bytes) {
        problem.refusal = Refusal::past_end;
        return problem;
    }
    for (std::uint64_t offset = 0; offset < bytes && !request.options.force; offset += paging::kPageSize) {
        const PhysAddr frame = request.pa->plus(offset);
        if (!frames_.map().is_ram(frame.frame())) {
            problem.refusal = Refusal::not_ram;
            problem.pa = frame;
            return problem;
        }
    }
    return std::nullopt;
}

/// Every page of the request against the tables; counts the tables and frames that it needs.
template <Hardware H>
auto Changes<H>::check_map_pages(const MapRequest& request) -> std::expected<MapNeeds, OperationError> {
    MapNeeds needs;
    for (std::uint64_t index = 0; index < request.count; ++index) {
        static_cast<void>(transaction_.breathe());
        const VirtAddr va = advance(request.va, index * page_size(request));
        const Problem problem =
            request.large ? check_large(request, va, index) : check_small(request, va, index, needs);
        if (problem) {
            return std::unexpected(*problem);
        }
    }
    if (!request.pa) {
        needs.frames = request.large ? request.count * kFramesPerLarge : request.count;
    }
    const std::uint32_t free = frames_.counts().free;
    if (needs.frames > free || needs.tables > free - needs.frames) {
        return std::unexpected(error(Refusal::no_frames, request.va, free));
    }
    return needs;
}

template <Hardware H>
auto Changes<H>::check_small(const MapRequest& request, VirtAddr va, std::uint64_t index, MapNeeds& needs)
    -> Problem {
    const Pde pde = tables_.pde(va.directory_index());
    const EntryKind kind = pde.kind(context(hw_));
    if (kind == EntryKind::page || kind == EntryKind::reserved) {
        return error(Refusal::large_page, va, pde.raw());
    }
    const bool first_of_slot = index == 0 || va.table_index() == 0;
    if (kind == EntryKind::not_present) {
        if (first_of_slot) {
            needs.tables += 1;
        }
        const auto reason = guard_.pde(va.directory_index(), 0);
        return guard_.refuses(reason, request.options.force) ? Problem{guarded(va, *reason)} : std::nullopt;
    }
    const Pte old = tables_.pte(va);
    const std::uint32_t frame =
        request.pa ? static_cast<std::uint32_t>(request.pa->raw() + index * paging::kPageSize) : 0;
    const std::uint32_t value = frame | leaf_bits(request.attributes.bits, false) | bits::kPresent;
    if (const auto reason = guard_.pte(va, value); guard_.refuses(reason, request.options.force)) {
        return guarded(va, *reason);
    }
    if (old.present() && !request.options.force) {
        return error(Refusal::present, va, old.raw());
    }
    return std::nullopt;
}

template <Hardware H>
auto Changes<H>::check_large(const MapRequest& request, VirtAddr va, std::uint64_t) -> Problem {
    const Pde pde = tables_.pde(va.directory_index());
    if (const auto reason = guard_.pde(va.directory_index(), 0);
        guard_.refuses(reason, request.options.force)) {
        return guarded(va, *reason);
    }
    switch (pde.kind(context(hw_))) {
    case EntryKind::page:
    case EntryKind::reserved:
        return request.options.force ? std::nullopt : Problem{error(Refusal::present, va, pde.raw())};
    case EntryKind::table:
        return request.options.force || table_is_empty(pde)
                   ? std::nullopt
                   : Problem{error(Refusal::table_in_use, va, pde.raw())};
    default:
        return std::nullopt;
    }
}

/// The present page at `va`, which must be its first byte.
template <Hardware H>
auto Changes<H>::page_at(std::uint64_t address) -> std::expected<Page, OperationError> {
    const VirtAddr va{static_cast<std::uint32_t>(address)};
    if (address >= paging::kAddressSpaceEnd) {
        return std::unexpected(error(Refusal::past_end, va));
    }
    if (!va.is_aligned(paging::kPageSize)) {
        return std::unexpected(error(Refusal::unaligned, va, paging::kPageSize));
    }
    const Pde pde = tables_.pde(va.directory_index());
    const EntryKind kind = pde.kind(context(hw_));
    if (kind == EntryKind::not_present) {
        return std::unexpected(error(Refusal::not_present, va, pde.raw()));
    }
    if (kind == EntryKind::table) {
        const Pte pte = tables_.pte(va);
        if (!pte.present()) {
            return std::unexpected(error(Refusal::not_present, va, pte.raw()));
        }
        return Page{paging::kPageSize, pte.raw()};
    }
    if (!va.is_aligned(paging::kLargePageSize)) {
        return std::unexpected(error(Refusal::unaligned, va, paging::kLargePageSize));
    }
    return Page{paging::kLargePageSize, pde.raw()};
}

/// Whether the leaf of the page may become `value`.
template <Hardware H>
auto Changes<H>::check_leaf(VirtAddr va, const Page& page, std::uint32_t value, bool force) -> Problem {
    const auto reason =
        page.size == paging::kLargePageSize ? guard_.pde(va.directory_index(), value) : guard_.pte(va, value);
    return guard_.refuses(reason, force) ? Problem{guarded(va, *reason)} : std::nullopt;
}

/// Runs `check(va, page)` over `count` present pages of whichever size from `first` on.
template <Hardware H>
template <class F>
auto Changes<H>::check_pages(VirtAddr first, std::uint32_t count, F&& check) -> Problem {
    std::uint64_t at = first.raw();
    for (std::uint32_t index = 0; index < count; ++index) {
        const auto page = page_at(at);
        if (!page) {
            return page.error();
        }
        if (const Problem problem = check(VirtAddr{static_cast<std::uint32_t>(at)}, *page)) {
            return problem;
        }
        at += page->size;
        static_cast<void>(transaction_.breathe());
    }
    return std::nullopt;
}

/// Whether no word of the table holds anything. Tables outside RAM can't be asked and count as used.
template <Hardware H>
bool Changes<H>::table_is_empty(Pde pde) {
    if (!frames_.map().is_ram(pde.table().frame())) {
        return false;
    }
    for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
        if (scratch_.entry(frame_of(pde.table()), pti) != 0) {
            return false;
        }
    }
    return true;
}

} // namespace pagelab::memory
