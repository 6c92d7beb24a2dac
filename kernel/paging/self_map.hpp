// The arithmetic of a recursive directory: where tables and entries appear when slot S holds the directory
// itself. For everyone. The article's claim in two lines: table I appears at S:I, and the directory at S:S.
#pragma once

#include "kernel/paging/entry.hpp"

#include <concepts>
#include <cstdint>
#include <optional>

namespace pagelab::paging {

/// How the walker reaches memory: `read(pa)` gives the word at a physical address (a multiple of 4), or
/// nothing where it can't be read. It must not fault; it may be asked for any address.
template <class R>
concept WordReader = requires(R& read, PhysAddr address) {
    { read(address) } -> std::same_as<std::optional<std::uint32_t>>;
};

/// Where the PDE of `va` appears when slot `slot` is the self-map.
constexpr VirtAddr pde_window(std::uint32_t slot, VirtAddr va) {
    return VirtAddr::from_indices(slot, slot, va.directory_index() * kEntrySize);
}

/// Where the PTE of `va` appears when slot `slot` is the self-map.
constexpr VirtAddr pte_window(std::uint32_t slot, VirtAddr va) {
    return VirtAddr::from_indices(slot, va.directory_index(), va.table_index() * kEntrySize);
}

/// What an address within a self-map slot shows.
struct SelfMapView {
    enum class Kind : std::uint8_t { directory, table, pde, pte } kind{};
    std::uint16_t pdi = 0;
    std::uint16_t pti = 0; // only for pte
    constexpr bool operator==(const SelfMapView&) const = default;
    /// For `pde` and `pte`: the first address that the entry translates.
    [[nodiscard]] constexpr VirtAddr translates() const { return VirtAddr::from_indices(pdi, pti); }
};

/// Whether this PDE makes its slot a self-map: a table at the directory's own frame.
constexpr bool is_self_map(Pde pde, const PagingContext& context) {
    return pde.kind(context) == EntryKind::table && pde.table() == context.control.directory();
}

/// What `va` shows if it lies in a self-map slot, whichever of several; the offset is rounded down to the
/// entry. `pde` translates `va`; `below` is the word that a walk reads through it: in a self-map slot the
/// directory's entry for what is shown. Nothing where that is a large page: its window shows the page's data,
/// no table.
constexpr std::optional<SelfMapView> self_map_view(const PagingContext& context, Pde pde,
                                                   std::optional<std::uint32_t> below, VirtAddr va) {
    const Pde shown{below.value_or(0)};
    if (!is_self_map(pde, context) || shown.large(context)) {
        return std::nullopt;
    }
    using Kind = SelfMapView::Kind;
    const bool in_directory = is_self_map(shown, context);
    const auto pdi = static_cast<std::uint16_t>(va.table_index());
    const auto index = static_cast<std::uint16_t>(va.page_offset() / kEntrySize);
    if (va.page_offset() == 0) {
        return in_directory ? SelfMapView{Kind::directory} : SelfMapView{Kind::table, pdi};
    }
    return in_directory ? SelfMapView{Kind::pde, index} : SelfMapView{Kind::pte, pdi, index};
}

/// The highest slot that maps the directory onto itself. 1,024 reads.
template <WordReader R>
constexpr std::optional<std::uint32_t> find_self_map(R& read, const PagingContext& context) {
    for (std::uint32_t slot = kEntryCount; slot-- > 0;) {
        const auto raw = read(context.control.directory().plus(entry_offset(slot)));
        if (raw && is_self_map(Pde{*raw}, context)) {
            return slot;
        }
    }
    return std::nullopt;
}

} // namespace pagelab::paging
