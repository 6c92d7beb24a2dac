#include "kernel/arch/x86/crash.hpp"

#include <array>

namespace pagelab::arch {
namespace {

struct [[gnu::packed]] TableRegister {
    std::uint16_t limit;
    std::uint32_t base;
};

} // namespace

void recurse_for_ever() {
    // The compiler would make a loop of any recursion in C++.
    asm volatile("1: call 1b");
}

void push_for_ever(std::uint32_t esp) {
    asm volatile("movl %0, %%esp\n1: pushl %%eax\n\tjmp 1b" ::"r"(esp));
    __builtin_unreachable();
}

void load_flags(std::uint32_t flags) {
    // IF stays off: an interrupt would find the flags' own trouble and hide it.
    asm volatile("pushl %0\n\tpopfl\n\tpushfl\n\tpushl %%cs\n\tpushl $1f\n\tiretl\n1:\tcld"
                 :
                 : "r"(flags & ~0x200u)
                 : "cc", "memory");
}

void run_undefined_opcode() {
    asm volatile("ud2");
}

void divide_by_zero() {
    asm volatile("xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tdivl %%ecx" ::"a"(1) : "ecx", "edx", "cc");
}

void load_segments(std::uint32_t selector) {
    asm volatile("movl %0, %%es\n\tmovl %0, %%ds\n\tmovl %0, %%ss" ::"r"(selector) : "memory");
}

void watch_address(std::uint32_t address) {
    // DR7: DR0 on, locally and exactly, for reads and writes of 4 bytes (SDM 3B 18.2.4).
    asm volatile("movl %0, %%db0\n\tmovl %1, %%db7" ::"r"(address), "r"(0x000f0701u));
}

void call_address(std::uint32_t address) {
    asm volatile("call *%0" ::"r"(address) : "eax", "ecx", "edx", "cc", "memory");
}

void raise_interrupt(std::uint32_t vector) {
    // INT imm8, RET: the vector is a part of the instruction, and 32-bit paging has no execute-disable.
    std::array<std::uint8_t, 4> code{0xCD, static_cast<std::uint8_t>(vector), 0xC3, 0xCC};
    asm volatile("call *%0" ::"r"(code.data()) : "eax", "ecx", "edx", "cc", "memory");
}

void spin_for_ever() {
    for (;;) {
        asm volatile("");
    }
}

void lose_interrupt_table() {
    constexpr TableRegister kNothing{0, 0};
    asm volatile("lidt %0\n\tint3" ::"m"(kNothing));
    spin_for_ever();
}

void lose_descriptor_table() {
    constexpr TableRegister kNothing{0, 0};
    asm volatile("lgdt %0\n\tmovl %1, %%ds" ::"m"(kNothing), "r"(0x10));
    spin_for_ever();
}

void overwrite_with_breakpoints(std::uint32_t first, std::uint32_t bytes) {
    asm volatile("cld\n\trep stosb\n\tint3" : "+D"(first), "+c"(bytes) : "a"(0xCC) : "memory", "cc");
}

} // namespace pagelab::arch
