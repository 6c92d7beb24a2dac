// Which combinations the access matrix tries: every value of the bits that a set names, and nothing else.
// Asks no model of paging which of them make sense, and shares no rule with one: a wrong model must not
// choose its own examination. For matrix.hpp and the tests, which pin how many there are. Pure.
#pragma once

#include "kernel/paging/access.hpp"
#include "kernel/paging/control.hpp"
#include "kernel/paging/flags.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace pagelab::selftest {

enum class MatrixSet : std::uint8_t {
    quick,   // rights, A, D, PS and G of both entries; WP, PSE, PGE; three accesses of two rings
    full,    // and SMEP, SMAP, EFLAGS.AC, and each access after a read that filled the TLB
    cache,   // quick, and PWT, PCD of both entries, PAT of the PTE
    reserved // large PDEs with all values of bits 21:12
};
/// By set, as they are typed.
inline constexpr std::array<std::string_view, 4> kMatrixSetNames = {"quick", "full", "cache", "reserved"};

/// What the CPU has: bits of CR4, and how wide its physical addresses are.
struct MatrixCpu {
    std::uint32_t cr4 = 0;
    paging::CpuLimits limits;
};

struct MatrixControl {
    bool write_protect = false;
    std::uint32_t cr4 = 0;
};

/// The bits of both words without frames. `large`: the PDE is to lead to the 4 MiB, else to the table.
struct MatrixEntries {
    std::uint32_t pde = 0;
    std::uint32_t pte = 0;
    bool large = false;
    /// Nothing that lies there may be run: it may be beyond RAM.
    bool no_fetch = false;
};

struct MatrixAccess {
    paging::Access access;
    /// A read by ring 0 goes before, without a flush after it.
    bool warm = false;
};

namespace detail {

/// Bit i of `number` put where `bits[i]` has it.
constexpr std::uint32_t spread(std::uint32_t number, std::span<const std::uint32_t> bits) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < bits.size(); ++i) {
        word |= (number >> i & 1) != 0 ? bits[i] : 0;
    }
    return word;
}

/// In the order in which they are tried; the last ones only with their caching bits.
inline constexpr std::array<std::uint32_t, 9> kPdeBits = {
    paging::bits::kPresent,  paging::bits::kWritable,     paging::bits::kUser,
    paging::bits::kAccessed, paging::bits::kDirty,        paging::bits::kLarge,
    paging::bits::kGlobal,   paging::bits::kWriteThrough, paging::bits::kCacheDisable};
inline constexpr std::array<std::uint32_t, 9> kPteBits = {
    paging::bits::kPresent,      paging::bits::kWritable,     paging::bits::kUser,
    paging::bits::kAccessed,     paging::bits::kDirty,        paging::bits::kGlobal,
    paging::bits::kWriteThrough, paging::bits::kCacheDisable, paging::bits::kPat};
inline constexpr std::size_t kPdeBitsWithoutCache = 7;
inline constexpr std::size_t kPteBitsWithoutCache = 6;

/// The bits of a large PDE that this CPU wants zero, by the tables of the manual (SDM 3A table 4-4): bit b of
/// 20:13 stands for physical bit b + 19. Not the model's: this one decides what is tried.
constexpr std::uint32_t bits_that_fault(const paging::CpuLimits& limits) {
    std::uint32_t mask = 1u << 21;
    for (std::uint32_t bit = 13; bit <= 20; ++bit) {
        if (!limits.pse36 || bit + 19 >= limits.physical_bits) {
            mask |= 1u << bit;
        }
    }
    return mask;
}

template <class F>
constexpr void for_each_reserved(const MatrixCpu& cpu, F&& visit) {
    constexpr std::array<std::uint32_t, 4> kBits = {paging::bits::kPresent, paging::bits::kWritable,
                                                    paging::bits::kUser, paging::bits::kAccessed};
    for (std::uint32_t high = 0; high < 1024; ++high) {
        const std::uint32_t word = high << 12;
        // What may be used leads beyond RAM, but for PAT alone.
        if (high > 1 && (word & bits_that_fault(cpu.limits)) == 0) {
            continue;
        }
        for (std::uint32_t low = 0; low < 1u << kBits.size(); ++low) {
            visit(MatrixEntries{.pde = word | paging::bits::kLarge | spread(low, kBits),
                                .large = true,
                                .no_fetch = high > 1 && (word & 1u << 21) == 0});
        }
    }
}

} // namespace detail

/// CR0.WP and the bits of CR4 that the set varies and the CPU has.
template <class F>
constexpr void for_each_control(MatrixSet set, const MatrixCpu& cpu, F&& visit) {
    constexpr std::array<std::uint32_t, 4> kCr4 = {paging::cr4::kPse, paging::cr4::kPge, paging::cr4::kSmep,
                                                   paging::cr4::kSmap};
    const std::size_t varied = set == MatrixSet::full ? 4 : 2;
    for (std::uint32_t number = 0; number < 1u << (varied + 1); ++number) {
        const std::uint32_t cr4 = detail::spread(number >> 1, std::span{kCr4}.first(varied));
        const bool has_all = (cr4 & ~cpu.cr4) == 0;
        const bool belongs = set != MatrixSet::reserved || cr4 == paging::cr4::kPse;
        if (has_all && belongs) {
            visit(MatrixControl{.write_protect = (number & 1) != 0, .cr4 = cr4});
        }
    }
}

template <class F>
constexpr void for_each_entries(MatrixSet set, const MatrixCpu& cpu, const MatrixControl& control,
                                F&& visit) {
    if (set == MatrixSet::reserved) {
        return detail::for_each_reserved(cpu, visit);
    }
    const bool cache = set == MatrixSet::cache;
    const std::size_t pde_bits = cache ? detail::kPdeBits.size() : detail::kPdeBitsWithoutCache;
    const std::size_t pte_bits = cache ? detail::kPteBits.size() : detail::kPteBitsWithoutCache;
    for (std::uint32_t upper = 0; upper < 1u << pde_bits; ++upper) {
        const std::uint32_t pde = detail::spread(upper, std::span{detail::kPdeBits}.first(pde_bits));
        const bool large = (pde & paging::bits::kLarge) != 0 && (control.cr4 & paging::cr4::kPse) != 0;
        for (std::uint32_t lower = 0; lower < (large ? 1u : 1u << pte_bits); ++lower) {
            visit(MatrixEntries{.pde = pde,
                                .pte = detail::spread(lower, std::span{detail::kPteBits}.first(pte_bits)),
                                .large = large});
        }
    }
}

/// EFLAGS.AC means something to ring 0 with SMAP alone.
template <class F>
constexpr void for_each_access(MatrixSet set, const MatrixControl& control, const MatrixEntries& entries,
                               F&& visit) {
    using paging::AccessKind;
    const bool smap = (control.cr4 & paging::cr4::kSmap) != 0;
    for (const bool warm : {false, true}) {
        if (warm && set != MatrixSet::full) {
            break;
        }
        for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::fetch}) {
            if (kind == AccessKind::fetch && entries.no_fetch) {
                continue;
            }
            visit(MatrixAccess{{.kind = kind, .user = false}, warm});
            visit(MatrixAccess{{.kind = kind, .user = true}, warm});
            if (smap) {
                visit(MatrixAccess{{.kind = kind, .user = false, .ac = true}, warm});
            }
        }
    }
}

/// How many combinations a set has on this CPU.
constexpr std::uint32_t count_combinations(MatrixSet set, const MatrixCpu& cpu) {
    std::uint32_t count = 0;
    for_each_control(set, cpu, [&](const MatrixControl& control) {
        for_each_entries(set, cpu, control, [&](const MatrixEntries& entries) {
            for_each_access(set, control, entries, [&](const MatrixAccess&) { ++count; });
        });
    });
    return count;
}

} // namespace pagelab::selftest
