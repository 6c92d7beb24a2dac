// What decides how an entry is read besides the entry itself: control registers and the CPU's limits.
// For everyone. Values only; reading the real registers is the business of kernel/arch and the host's
// clients.
#pragma once

#include "kernel/paging/address.hpp"

#include <cstdint>

namespace pagelab::paging {

namespace cr0 {
inline constexpr std::uint32_t kProtection = 1u << 0;    // PE
inline constexpr std::uint32_t kWriteProtect = 1u << 16; // WP
inline constexpr std::uint32_t kPaging = 1u << 31;       // PG
} // namespace cr0

namespace cr4 {
inline constexpr std::uint32_t kPse = 1u << 4;   // 4 MiB pages
inline constexpr std::uint32_t kPae = 1u << 5;   // another format of tables
inline constexpr std::uint32_t kPge = 1u << 7;   // global pages
inline constexpr std::uint32_t kSmep = 1u << 20; // the kernel does not execute user pages
inline constexpr std::uint32_t kSmap = 1u << 21; // the kernel does not read or write user pages
} // namespace cr4

/// The control registers that paging depends on (SDM 3A 2.5).
struct ControlRegisters {
    std::uint32_t cr0 = 0;
    std::uint32_t cr3 = 0;
    std::uint32_t cr4 = 0;

    [[nodiscard]] constexpr bool paging() const { return (cr0 & cr0::kPaging) != 0; }
    [[nodiscard]] constexpr bool write_protect() const { return (cr0 & cr0::kWriteProtect) != 0; }
    [[nodiscard]] constexpr bool pse() const { return (cr4 & cr4::kPse) != 0; }
    [[nodiscard]] constexpr bool pge() const { return (cr4 & cr4::kPge) != 0; }
    [[nodiscard]] constexpr bool smep() const { return (cr4 & cr4::kSmep) != 0; }
    [[nodiscard]] constexpr bool smap() const { return (cr4 & cr4::kSmap) != 0; }
    /// The frame of the page directory; the low 12 bits of CR3 are no address bits.
    [[nodiscard, gnu::always_inline]] constexpr PhysAddr directory() const { return PhysAddr{cr3 & ~0xfffu}; }

    constexpr bool operator==(const ControlRegisters&) const = default;
};

/// What the CPU model allows in a 4 MiB PDE (SDM 3A 4.3, table 4-4).
struct CpuLimits {
    /// CPUID.01H:EDX.PSE-36: bits 20:13 of a 4 MiB PDE hold physical bits 39:32.
    bool pse36 = true;
    /// MAXPHYADDR, 32 to 52. QEMU's TCG behaves like 40 whatever CPUID says.
    std::uint8_t physical_bits = 40;

    constexpr bool operator==(const CpuLimits&) const = default;
};

/// All that a decoder must know besides memory.
struct PagingContext {
    ControlRegisters control;
    CpuLimits cpu;

    /// The bits of a 4 MiB PDE that must be zero: bit 21, and of bits 20:13 those above MAXPHYADDR.
    [[nodiscard]] constexpr std::uint32_t reserved_in_large_pde() const {
        constexpr std::uint32_t kBit21 = 1u << 21;
        constexpr std::uint32_t kHighAddress = 0xffu << 13;
        if (!cpu.pse36 || cpu.physical_bits <= 32) {
            return kBit21 | kHighAddress;
        }
        const std::uint32_t used = cpu.physical_bits >= 40 ? 8u : cpu.physical_bits - 32u;
        return kBit21 | (kHighAddress & ~(((1u << used) - 1) << 13));
    }

    constexpr bool operator==(const PagingContext&) const = default;
};

} // namespace pagelab::paging
