// Definitions of strategy_loops.hpp. For who instantiates it: strategy_loops.cpp on the CPU, the host's
// tests.
#pragma once

#include "kernel/memory/strategy_loops.hpp"

namespace pagelab::memory::bare {

inline constexpr std::uint32_t kTableMask = paging::bits::kPresent | paging::bits::kLarge;

/// A table leads to the page, and it is free: then it is mapped.
template <Hardware H, AccessStrategy S>
[[gnu::always_inline]] inline bool map(H& hw, S& strategy, VirtAddr va, std::uint32_t leaf) {
    const Pde pde{hw.load(strategy.pde_at(va.directory_index()), Unit::word)};
    if ((pde.raw() & kTableMask) != paging::bits::kPresent) {
        return false;
    }
    const VirtAddr at = strategy.pte_at(pde, va);
    if ((hw.load(at, Unit::word) & paging::bits::kPresent) != 0) {
        return false;
    }
    hw.store(at, Unit::word, leaf);
    return true;
}

/// The physical address of `va`, or ~0.
template <Hardware H, AccessStrategy S>
[[gnu::always_inline]] inline std::uint32_t walk(H& hw, S& strategy, VirtAddr va) {
    const Pde pde{hw.load(strategy.pde_at(va.directory_index()), Unit::word)};
    if ((pde.raw() & kTableMask) != paging::bits::kPresent) {
        if (!pde.present()) {
            return ~0u;
        }
        return (pde.raw() & paging::bits::kLargeFrameMask) | (va.raw() & ~paging::bits::kLargeFrameMask);
    }
    const Pte pte{hw.load(strategy.pte_at(pde, va), Unit::word)};
    return pte.present() ? (pte.raw() & paging::bits::kFrameMask) | va.page_offset() : ~0u;
}

/// A page is there: it is unmapped and flushed.
template <Hardware H, AccessStrategy S>
[[gnu::always_inline]] inline bool unmap(H& hw, S& strategy, VirtAddr va) {
    const Pde pde{hw.load(strategy.pde_at(va.directory_index()), Unit::word)};
    if ((pde.raw() & kTableMask) != paging::bits::kPresent) {
        return false;
    }
    const VirtAddr at = strategy.pte_at(pde, va);
    if ((hw.load(at, Unit::word) & paging::bits::kPresent) == 0) {
        return false;
    }
    hw.store(at, Unit::word, 0);
    hw.invlpg(va);
    return true;
}

/// What every loop has besides its operation; the empty one is taken off.
template <Hardware H, class F>
[[gnu::always_inline]] inline LoopResult repeat(H& hw, const LoopPages& pages, F&& operation) {
    LoopResult result;
    const std::uint64_t start = hw.ticks();
    std::uint32_t address = pages.first;
    const std::uint32_t end = pages.first + pages.span;
    for (std::uint32_t left = pages.count; left != 0; --left) {
        result.done += operation(VirtAddr{address}) ? 1 : 0;
        address += pages.stride;
        if (address >= end) {
            address -= pages.span;
        }
    }
    result.ticks = hw.ticks() - start;
    return result;
}

template <Hardware H, AccessStrategy S>
LoopResult by(H& hw, S strategy, LoopKind kind, const LoopPages& pages, std::uint32_t leaf) {
    switch (kind) {
    case LoopKind::map:
        return repeat(hw, pages, [&](VirtAddr va) { return map(hw, strategy, va, leaf); });
    case LoopKind::walk:
        return repeat(hw, pages, [&](VirtAddr va) {
            return walk(hw, strategy, va) == (leaf & paging::bits::kFrameMask);
        });
    case LoopKind::unmap:
        return repeat(hw, pages, [&](VirtAddr va) { return unmap(hw, strategy, va); });
    default:
        return repeat(hw, pages, [&](VirtAddr va) {
            bool done = va.raw() != 0;
            asm volatile("" : "+r"(done) : "r"(va.raw())); // as if it were worked out
            return done;
        });
    }
}

} // namespace pagelab::memory::bare

namespace pagelab::memory {

template <Hardware H>
LoopResult run_loop(H& hw, Scratch<H>& scratch, const Space& space, LoopKind kind, const LoopPages& pages,
                    std::uint32_t leaf) {
    switch (space.strategy) {
    case Strategy::table:
        return bare::by(hw, TableStrategy<H>{{}, hw}, kind, pages, leaf);
    case Strategy::upper_half:
        return bare::by(hw, UpperHalfStrategy<H>{{}, hw, space}, kind, pages, leaf);
    case Strategy::window:
        return bare::by(hw, WindowStrategy<H>{{}, scratch}, kind, pages, leaf);
    case Strategy::direct:
        return bare::by(hw, DirectStrategy{}, kind, pages, leaf);
    default:
        return bare::by(hw, RecursiveStrategy{}, kind, pages, leaf);
    }
}

} // namespace pagelab::memory
