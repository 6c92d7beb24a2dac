// The instructions that the rescue needs. For the rescue alone: it shares no code with the kernel.
#pragma once

#include <cstdint>

namespace pagelab::rescue {

[[nodiscard]] inline std::uint32_t read_cr0() {
    std::uint32_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
inline void write_cr0(std::uint32_t value) {
    asm volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}
[[nodiscard]] inline std::uint32_t read_cr2() {
    std::uint32_t value;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
/// Only where there is a CR4.
[[nodiscard]] inline std::uint32_t read_cr4() {
    std::uint32_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
inline void write_cr4(std::uint32_t value) {
    asm volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}
/// No breakpoint of the user's may stop what follows.
inline void clear_breakpoints() {
    asm volatile("mov %0, %%db7" ::"r"(0x400) : "memory");
}
inline void invalidate_page(std::uint32_t address) {
    asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

struct [[gnu::packed]] TableRegister {
    std::uint16_t limit;
    std::uint32_t base;
};
inline void load_gdt(const TableRegister& table) {
    asm volatile("lgdt %0" ::"m"(table) : "memory");
}
inline void load_idt(const TableRegister& table) {
    asm volatile("lidt %0" ::"m"(table) : "memory");
}
inline void load_task(std::uint16_t selector) {
    asm volatile("ltr %w0" ::"r"(static_cast<std::uint32_t>(selector)) : "memory");
}
inline void load_no_ldt() {
    asm volatile("lldt %w0" ::"r"(0) : "memory");
}
/// Until an NMI comes.
inline void stop() {
    asm volatile("cli\n\thlt");
}
/// NT, TF and their like off: an IRET is then a plain return.
inline void clear_eflags() {
    asm volatile("pushl $2\n\tpopfl" ::: "memory", "cc");
}

} // namespace pagelab::rescue
