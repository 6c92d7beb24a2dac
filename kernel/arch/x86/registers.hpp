// Control registers, EFLAGS, time stamp and TLB instructions, one function per instruction.
// For arch, memory's hardware policy and main. Says nothing about whether the CPU has a feature: ask
// cpuid.hpp first (CR4 and RDTSC are #UD on a 486 without them).
#pragma once

#include <cstdint>

namespace pagelab::arch {

inline constexpr std::uint32_t kEflagsInterrupt = 1u << 9;
inline constexpr std::uint32_t kEflagsAlignmentCheck = 1u << 18; // AC; in ring 0 it lifts SMAP
inline constexpr std::uint32_t kEflagsId = 1u << 21;

[[nodiscard]] inline std::uint32_t read_cr0() {
    std::uint32_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value)::"memory");
    return value;
}
inline void write_cr0(std::uint32_t value) {
    asm volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}

/// The address of the last page fault; a move from it changes nothing.
[[nodiscard]] inline std::uint32_t read_cr2() {
    std::uint32_t value;
    asm volatile("mov %%cr2, %0" : "=r"(value)::"memory");
    return value;
}

[[nodiscard]] inline std::uint32_t read_cr3() {
    std::uint32_t value;
    asm volatile("mov %%cr3, %0" : "=r"(value)::"memory");
    return value;
}
/// Loads CR3: all TLB entries but the global ones are gone afterwards (SDM 3A 4.10.4.1).
inline void write_cr3(std::uint32_t value) {
    asm volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

[[nodiscard]] inline std::uint32_t read_cr4() {
    std::uint32_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value)::"memory");
    return value;
}
/// A change of PGE or PSE flushes the whole TLB, global entries included (SDM 3A 4.10.4.1).
inline void write_cr4(std::uint32_t value) {
    asm volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}

/// Drops the TLB entries for the page that holds the virtual address, global or not.
inline void invalidate_page(std::uint32_t address) {
    asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

[[nodiscard]] inline std::uint32_t read_eflags() {
    std::uint32_t value;
    asm volatile("pushfl\n\tpopl %0" : "=r"(value)::"memory");
    return value;
}
inline void write_eflags(std::uint32_t value) {
    asm volatile("pushl %0\n\tpopfl" ::"r"(value) : "memory", "cc");
}

/// The time stamp counter. Only where cpuid says that there is one.
[[nodiscard]] inline std::uint64_t read_time_stamp() {
    std::uint32_t low;
    std::uint32_t high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return (static_cast<std::uint64_t>(high) << 32) | low;
}

inline void disable_interrupts() {
    asm volatile("cli" ::: "memory");
}

/// Opens interrupts and sleeps until one came, then closes them. STI holds them off for one more
/// instruction, so one that is already pending wakes the HLT: nothing is lost in between.
inline void wait_for_interrupt() {
    asm volatile("sti\n\thlt\n\tcli" ::: "memory");
}

} // namespace pagelab::arch
