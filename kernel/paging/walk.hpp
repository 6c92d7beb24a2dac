// The two-level walk (SDM 3A 4.3): all its steps and one outcome that names each way to stop.
// For everyone. Pure and total: it allocates, prints and changes nothing, and ends after two entries at most.
// Where its words come from is a parameter, so kernel, console, tests and fuzzers run the same lines.
#pragma once

#include "kernel/paging/access.hpp"
#include "kernel/paging/self_map.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::paging {

enum class Outcome : std::uint8_t { page_4k, page_4m, not_present, reserved_bit, paging_off, unreadable };

inline constexpr std::array<const char*, 6> kOutcomeNames = {"page-4k",      "page-4m",    "not-present",
                                                             "reserved-bit", "paging-off", "unreadable"};

/// One entry on the way.
struct Step {
    Level level{};
    std::uint16_t index = 0;
    /// Where the entry appears in the walked space's own self-map, if it has one.
    std::optional<VirtAddr> entry_va;
    PhysAddr entry_pa;
    /// Nothing if the entry can't be read.
    std::optional<std::uint32_t> raw;
    EntryKind kind{};
    FlagSet flags;
    /// What it leads to: the table's frame or the first byte of the page. Meaningful for `table` and `page`.
    PhysAddr target;
};

/// The whole answer. `steps` end with the entry that stops the walk.
struct Walk {
    PagingContext context;
    VirtAddr va;
    Outcome outcome = Outcome::paging_off;
    std::array<Step, 2> steps{};
    std::uint8_t step_count = 0;
    /// The bits of all levels ANDed; meaningful where there is a page.
    CombinedBits combined;
    /// The byte that `va` leads to, where there is a page.
    std::optional<PhysAddr> pa;
    /// 4096 or 4194304, or 0 without a page.
    std::uint32_t page_size = 0;
    Rights kernel;
    Rights user;
    bool global = false;
    std::optional<SelfMapView> self_map;

    [[nodiscard]] constexpr bool has_page() const { return page_size != 0; }
    /// The entry that maps the page or stops the walk. There is none with paging off.
    [[nodiscard]] constexpr const Step* last() const {
        return step_count == 0 ? nullptr : &steps[step_count - 1u];
    }
};

namespace detail {

constexpr void finish_page(Walk& walk, PhysAddr page, std::uint32_t size, bool leaf_global) {
    walk.outcome = size == kLargePageSize ? Outcome::page_4m : Outcome::page_4k;
    walk.pa = page.plus(walk.va.raw() & (size - 1));
    walk.page_size = size;
    walk.kernel = kernel_rights(walk.combined, walk.context.control);
    walk.user = user_rights(walk.combined);
    walk.global = leaf_global && walk.context.control.pge();
}

constexpr Outcome outcome_of_stop(EntryKind kind) {
    switch (kind) {
    case EntryKind::reserved:
        return Outcome::reserved_bit;
    case EntryKind::unreadable:
        return Outcome::unreadable;
    default:
        return Outcome::not_present;
    }
}

} // namespace detail

/// Where the PDE of `va` lies.
constexpr PhysAddr pde_address(const PagingContext& context, VirtAddr va) {
    return context.control.directory().plus(entry_offset(va.directory_index()));
}
/// Where its PTE lies in the table of `pde`.
constexpr PhysAddr pte_address(Pde pde, VirtAddr va) {
    return pde.table().plus(entry_offset(va.table_index()));
}

/// The walk of `va` by its PDE and, where that leads to a table, its PTE; nothing stands for a word that
/// can't be read. `self_map_slot` is where the walked space maps its directory (find_self_map), for the
/// entries' virtual addresses.
[[gnu::noinline]] constexpr Walk decode_walk(const PagingContext& context,
                                             std::optional<std::uint32_t> self_map_slot, VirtAddr va,
                                             std::optional<std::uint32_t> upper,
                                             std::optional<std::uint32_t> lower) {
    Walk result{.context = context, .va = va};
    if (!context.control.paging()) {
        return result;
    }
    const Pde pde{upper.value_or(0)};
    Step& first = result.steps[0];
    result.step_count = 1;
    first.level = Level::pde;
    first.index = static_cast<std::uint16_t>(va.directory_index());
    first.entry_pa = pde_address(context, va);
    first.raw = upper;
    if (self_map_slot) {
        first.entry_va = pde_window(*self_map_slot, va);
    }
    first.kind = upper ? pde.kind(context) : EntryKind::unreadable;
    first.flags = pde.flags(context);
    result.combined.combine(pde);
    if (first.kind == EntryKind::page) {
        first.target = pde.large_frame(context);
        detail::finish_page(result, first.target, kLargePageSize, pde.global());
        return result;
    }
    if (first.kind != EntryKind::table) {
        result.outcome = detail::outcome_of_stop(first.kind);
        return result;
    }
    first.target = pde.table();

    const Pte pte{lower.value_or(0)};
    Step& second = result.steps[1];
    result.step_count = 2;
    second.level = Level::pte;
    second.index = static_cast<std::uint16_t>(va.table_index());
    second.entry_pa = pte_address(pde, va);
    second.raw = lower;
    if (self_map_slot) {
        second.entry_va = pte_window(*self_map_slot, va);
    }
    second.kind = lower ? pte.kind() : EntryKind::unreadable;
    second.flags = pte.flags();
    result.self_map = self_map_view(context, pde, lower, va);
    result.combined.combine(pte);
    if (second.kind != EntryKind::page) {
        result.outcome = detail::outcome_of_stop(second.kind);
        return result;
    }
    second.target = pte.frame();
    detail::finish_page(result, second.target, kPageSize, pte.global());
    return result;
}

/// Walks `va`: reads what decode_walk needs.
template <WordReader R>
constexpr Walk walk(R& read, const PagingContext& context, std::optional<std::uint32_t> self_map_slot,
                    VirtAddr va) {
    std::optional<std::uint32_t> upper;
    std::optional<std::uint32_t> lower;
    if (context.control.paging()) {
        upper = read(pde_address(context, va));
        const Pde pde{upper.value_or(0)};
        if (pde.kind(context) == EntryKind::table) {
            lower = read(pte_address(pde, va));
        }
    }
    return decode_walk(context, self_map_slot, va, upper, lower);
}

/// What one access does: fault or not, the error code, and both entries afterwards.
struct Prediction {
    bool fault = false;
    std::uint32_t code = 0;
    /// The step to blame for the fault: index into `steps`, or none.
    std::optional<std::uint8_t> blame;
    /// The entries after the access, A and D set as the CPU sets them. On a fault below the PDE the CPU may
    /// set the PDE's A or leave it; this says it is set, as QEMU does.
    std::uint32_t pde_after = 0;
    std::uint32_t pte_after = 0;
};

namespace detail {

/// The level whose bit denies the access: the leaf, unless only the PDE denies it.
constexpr std::uint8_t blamed_step(const Walk& walk, const Access& access) {
    if (walk.step_count < 2) {
        return 0;
    }
    CombinedBits leaf_alone;
    leaf_alone.combine(EntryWord{walk.steps[1].raw.value_or(0)});
    CombinedBits pde_alone;
    pde_alone.combine(EntryWord{walk.steps[0].raw.value_or(0)});
    const ControlRegisters& control = walk.context.control;
    return !allows(leaf_alone, control, access) || allows(pde_alone, control, access) ? 1 : 0;
}

} // namespace detail

/// Predicts `access` to the walked address (SDM 3A 4.6, 4.7, 4.8). An unreadable walk predicts a fault
/// without a code: nobody knows what such memory answers. With paging off nothing faults.
constexpr Prediction predict(const Walk& walk, const Access& access) {
    Prediction result;
    result.pde_after = walk.steps[0].raw.value_or(0);
    result.pte_after = walk.steps[1].raw.value_or(0);
    if (walk.outcome == Outcome::paging_off) {
        return result;
    }
    if (walk.step_count == 2) {
        result.pde_after |= bits::kAccessed;
    }
    const auto fault = [&](std::uint32_t code, std::uint8_t blame) {
        result.fault = true;
        result.code = access_code(walk.context.control, access) | code;
        result.blame = blame;
        return result;
    };
    const auto last = static_cast<std::uint8_t>(walk.step_count - 1);
    switch (walk.outcome) {
    case Outcome::not_present:
    case Outcome::unreadable:
        return fault(0, last);
    case Outcome::reserved_bit:
        return fault(fault_code::kProtection | fault_code::kReserved, last);
    default:
        break;
    }
    if (!allows(walk.combined, walk.context.control, access)) {
        return fault(fault_code::kProtection, detail::blamed_step(walk, access));
    }
    const std::uint32_t set = bits::kAccessed | (access.kind == AccessKind::write ? bits::kDirty : 0);
    (walk.step_count == 2 ? result.pte_after : result.pde_after) |= set;
    return result;
}

} // namespace pagelab::paging
