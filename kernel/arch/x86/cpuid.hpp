// What the CPU can do. Asked once at boot, before CR4 or RDTSC is touched; a 486 may have no CPUID at all.
#pragma once

#include "kernel/paging/control.hpp"

#include <cstdint>

namespace pagelab::arch {

struct CpuFeatures {
    bool cpuid = false;
    bool page_size_extension = false; ///< CR4.PSE, 4 MiB pages
    bool global_pages = false;        ///< CR4.PGE
    bool page_attribute_table = false;
    bool pse36 = false; ///< 4 MiB pages above 4 GiB
    bool smep = false;  ///< CR4.SMEP
    bool smap = false;  ///< CR4.SMAP
    bool time_stamp_counter = false;
    bool apic = false;
    unsigned char physical_bits = 32; ///< MAXPHYADDR

    /// CR4 came with the first feature that it controls.
    [[nodiscard]] constexpr bool has_cr4() const { return page_size_extension || global_pages; }
    /// The bits of CR4 that 32-bit paging depends on and that this CPU has.
    [[nodiscard]] constexpr std::uint32_t paging_cr4() const {
        return boot_cr4() | (smep ? paging::cr4::kSmep : 0) | (smap ? paging::cr4::kSmap : 0);
    }
    /// What boot puts into CR4, and the rescue puts back.
    [[nodiscard]] constexpr std::uint32_t boot_cr4() const {
        return (page_size_extension ? paging::cr4::kPse : 0) | (global_pages ? paging::cr4::kPge : 0);
    }

    constexpr bool operator==(const CpuFeatures&) const = default;
};

/// Asks the CPU. SDM 2A, CPUID: bit 21 of EFLAGS can be changed where the instruction exists.
[[nodiscard]] CpuFeatures detect_cpu();

} // namespace pagelab::arch
