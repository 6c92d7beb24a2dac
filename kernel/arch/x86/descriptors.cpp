#include "kernel/arch/x86/descriptors.hpp"

#include "kernel/arch/x86/image.hpp"

#include <array>
#include <cstddef>

extern "C" {
extern const std::uint32_t interrupt_stubs[48];
void double_fault_entry();
[[gnu::regparm(0)]] void access_set_kernel_stack(std::uint32_t esp);
}

namespace pagelab::arch {
namespace {

using Descriptor = std::uint64_t;

constexpr Descriptor make_segment(std::uint32_t base, std::uint32_t limit, std::uint32_t access,
                                  std::uint32_t flags) {
    const std::uint32_t low = (limit & 0xFFFFu) | (base << 16);
    const std::uint32_t high =
        ((base >> 16) & 0xFFu) | (access << 8) | (limit & 0xF0000u) | (flags << 20) | (base & 0xFF000000u);
    return (static_cast<Descriptor>(high) << 32) | low;
}

// Flat segments. Bit 0 of the access byte (accessed) is preset: loading a segment register then never
// writes the GDT, which may lie where a write would fault.
constexpr std::uint32_t kFlat = 0xFFFFF;
constexpr std::uint32_t kPages32 = 0xC;
constexpr std::uint32_t kCode = 0x9B;
constexpr std::uint32_t kData = 0x93;
constexpr std::uint32_t kRing3 = 0x60;
constexpr std::uint32_t kAvailableTask = 0x89;

constexpr std::uint32_t kInterruptGate = 0x8E;
constexpr std::uint32_t kTaskGate = 0x85;
constexpr unsigned kBreakpoint = 3;
constexpr unsigned kDoubleFault = 8;

alignas(8) constinit std::array<Descriptor, 7> gdt{
    0,
    make_segment(0, kFlat, kCode, kPages32),
    make_segment(0, kFlat, kData, kPages32),
    make_segment(0, kFlat, kCode | kRing3, kPages32),
    make_segment(0, kFlat, kData | kRing3, kPages32),
    0,
    0,
};
alignas(8) constinit std::array<Descriptor, 256> idt{};

// No TSS may cross a page (SDM 3A 7.2.1): 128-byte alignment sees to it.
alignas(128) constinit TaskState main_task{};
alignas(128) constinit TaskState double_fault_task{};

struct [[gnu::packed]] TableRegister {
    std::uint16_t limit;
    std::uint32_t base;
};

constexpr Descriptor make_gate(std::uint16_t selector, std::uint32_t offset, std::uint32_t access) {
    const std::uint32_t low = (static_cast<std::uint32_t>(selector) << 16) | (offset & 0xFFFFu);
    const std::uint32_t high = (offset & 0xFFFF0000u) | (access << 8);
    return (static_cast<Descriptor>(high) << 32) | low;
}

void fill_tasks() {
    main_task.ss0 = kKernelData;
    main_task.esp0 = address_of(main_stack_top);
    main_task.io_map_base = sizeof(TaskState); // no port is open to ring 3

    double_fault_task.cr3 = physical_of(page_directory);
    double_fault_task.eip = reinterpret_cast<std::uint32_t>(&double_fault_entry);
    double_fault_task.eflags = 2;
    double_fault_task.esp = address_of(double_fault_stack_top);
    double_fault_task.cs = kKernelCode;
    double_fault_task.ss = double_fault_task.ds = double_fault_task.es = kKernelData;
    double_fault_task.fs = double_fault_task.gs = kKernelData;
    double_fault_task.io_map_base = sizeof(TaskState);

    const auto task = [](const TaskState& state) {
        return make_segment(address_of(&state), sizeof(TaskState) - 1, kAvailableTask, 0);
    };
    gdt[kMainTask / 8] = task(main_task);
    gdt[kDoubleFaultTask / 8] = task(double_fault_task);
}

void fill_gates() {
    for (unsigned vector = 0; vector < std::size(interrupt_stubs); ++vector) {
        idt[vector] = make_gate(kKernelCode, interrupt_stubs[vector], kInterruptGate);
    }
    // Ring 3 ends its access with an int3.
    idt[kBreakpoint] = make_gate(kKernelCode, interrupt_stubs[kBreakpoint], kInterruptGate | kRing3);
    idt[kDoubleFault] = make_gate(kDoubleFaultTask, 0, kTaskGate);
}

} // namespace

void install_descriptors() {
    fill_tasks();
    fill_gates();
    const TableRegister gdt_register{sizeof(gdt) - 1, address_of(gdt.data())};
    const TableRegister idt_register{sizeof(idt) - 1, address_of(idt.data())};
    asm volatile("lgdt %0\n\t"
                 "ljmp %1, $1f\n"
                 "1:\n\t"
                 "mov %2, %%ds\n\t"
                 "mov %2, %%es\n\t"
                 "mov %2, %%fs\n\t"
                 "mov %2, %%gs\n\t"
                 "mov %2, %%ss\n\t"
                 "lldt %w3\n\t"
                 "ltr %w4\n\t"
                 "lidt %5" ::"m"(gdt_register),
                 "i"(kKernelCode), "r"(static_cast<std::uint32_t>(kKernelData)), "r"(0),
                 "r"(static_cast<std::uint32_t>(kMainTask)), "m"(idt_register)
                 : "memory");
}

const TaskState& main_task_state() {
    return main_task;
}

} // namespace pagelab::arch

extern "C" [[gnu::regparm(0)]] void access_set_kernel_stack(std::uint32_t esp) {
    pagelab::arch::main_task.esp0 = esp;
}
