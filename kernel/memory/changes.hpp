// The operations that change entries: map, unmap, protect, setpde, setpte, free tables. Each checks all of
// it first, then applies through the transaction, flushes, and frees last; what fails midway is taken back.
// For the lab.
#pragma once

#include "kernel/memory/guard.hpp"
#include "kernel/memory/sharing.hpp"

#include <expected>

namespace pagelab::memory {

using machine::MapRequest;
using machine::ProtectRequest;
using machine::UnmapRequest;
using ChangeResult = std::expected<ChangeReport, OperationError>;

namespace bits = paging::bits;

/// The leaf bits of a page of the size in use: a large page has its PAT bit elsewhere.
constexpr std::uint32_t leaf_bits(std::uint32_t attributes, bool large) {
    std::uint32_t raw = attributes & machine::kAttributeMask;
    if (large && (raw & bits::kPat) != 0) {
        raw = (raw & ~bits::kPat) | bits::kLargePat;
    }
    return raw;
}

/// A PDE that maps 4 MiB; PSE-36 puts physical bits 39:32 into bits 20:13.
constexpr std::uint32_t large_pde(PhysAddr first, std::uint32_t attributes) {
    const auto low = static_cast<std::uint32_t>(first.raw());
    const auto high = static_cast<std::uint32_t>(first.raw() >> 32);
    return (low & bits::kLargeFrameMask) | ((high & 0xff) << 13) | leaf_bits(attributes, true) |
           bits::kLarge | bits::kPresent;
}

template <Hardware H>
class Changes {
public:
    constexpr Changes(H& hw, Scratch<H>& scratch, Tables<H>& tables, Frames<H>& frames, Flusher<H>& flusher,
                      Transaction<H>& transaction, Guard<H>& guard)
        : hw_(hw), scratch_(scratch), tables_(tables), frames_(frames), flusher_(flusher),
          transaction_(transaction), guard_(guard) {}

    [[nodiscard]] ChangeResult map(const MapRequest& request);
    [[nodiscard]] ChangeResult unmap(const UnmapRequest& request);
    [[nodiscard]] ChangeResult protect(const ProtectRequest& request);
    [[nodiscard]] ChangeResult set_pde(std::uint32_t pdi, std::uint32_t value, ChangeOptions options);
    [[nodiscard]] ChangeResult set_pte(VirtAddr va, std::uint32_t value, ChangeOptions options);
    [[nodiscard]] ChangeResult free_tables();
    [[nodiscard]] ChangeResult alloc_frames(std::uint32_t count);
    [[nodiscard]] ChangeResult free_frames(PhysAddr first, std::uint32_t count);

private:
    using Problem = std::optional<OperationError>;
    using EntryKind = paging::EntryKind;
    static constexpr std::uint32_t kFramesPerLarge = paging::kEntryCount;

    struct MapNeeds {
        std::uint32_t tables = 0;
        std::uint32_t frames = 0;
    };
    /// A page that is there: which size, and what it is aligned to.
    struct Page {
        std::uint32_t size = paging::kPageSize;
        std::uint32_t raw = 0;
    };

    // Checks (map_checks.hpp): nothing is changed.
    [[nodiscard]] Problem check_map_request(const MapRequest& request);
    [[nodiscard]] Problem check_map_target(const MapRequest& request);
    [[nodiscard]] std::expected<MapNeeds, OperationError> check_map_pages(const MapRequest& request);
    [[nodiscard]] Problem check_small(const MapRequest& request, VirtAddr va, std::uint64_t index,
                                      MapNeeds& needs);
    [[nodiscard]] Problem check_large(const MapRequest& request, VirtAddr va, std::uint64_t index);
    [[nodiscard]] std::expected<Page, OperationError> page_at(std::uint64_t va);
    [[nodiscard]] Problem check_leaf(VirtAddr va, const Page& page, std::uint32_t value, bool force);
    template <class F>
    [[nodiscard]] Problem check_pages(VirtAddr first, std::uint32_t count, F&& check);

    // Steps that change; false when the journal or the pool is used up.
    [[nodiscard]] bool make_tables(const MapRequest& request, std::uint32_t count);
    [[nodiscard]] bool drop_old_table(std::uint32_t pdi);
    [[nodiscard]] bool write_pages(const MapRequest& request, std::uint32_t frames_from);
    [[nodiscard]] bool claim_data(const MapRequest& request);
    [[nodiscard]] bool take_data(const MapRequest& request);
    [[nodiscard]] bool table_is_empty(Pde pde);

    static OperationError error(Refusal refusal, VirtAddr va, std::uint32_t value = 0) {
        return {.refusal = refusal, .va = va, .pa = std::nullopt, .value = value, .reason = {}};
    }
    static OperationError guarded(VirtAddr va, GuardReason reason) {
        return {
            .refusal = Refusal::guarded, .va = va, .pa = std::nullopt, .value = 0, .reason = text_of(reason)};
    }
    static std::uint32_t page_size(const MapRequest& request) {
        return request.large ? paging::kLargePageSize : paging::kPageSize;
    }
    static VirtAddr advance(VirtAddr va, std::uint64_t bytes) {
        return VirtAddr{static_cast<std::uint32_t>(va.raw() + bytes)};
    }

    /// Flushes, frees and reports what was done since `from`; or takes it back and says why.
    [[nodiscard]] ChangeResult finish(std::uint32_t from, bool done, ChangeOptions options, VirtAddr va,
                                      bool free_frames);
    [[nodiscard]] ChangeReport summarise(std::uint32_t from);
    void count_item(ChangeReport& report, const JournalItem& item);
    [[nodiscard]] bool needs_flush(std::uint32_t from);

    H& hw_;
    Scratch<H>& scratch_;
    Tables<H>& tables_;
    Frames<H>& frames_;
    Flusher<H>& flusher_;
    Transaction<H>& transaction_;
    Guard<H>& guard_;
};

} // namespace pagelab::memory

#include "kernel/memory/changes_apply.inl.hpp"
#include "kernel/memory/changes_check.inl.hpp"
