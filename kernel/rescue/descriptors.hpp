// GDT, IDT and TSSs as functions of an index: what they must hold is known without a copy of them.
// For boot, which fills the lifeline's page with them, the kernel's audit and the rescue. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pagelab::rescue {

using Descriptor = std::uint64_t;

/// A task state segment as the CPU lays it out (SDM 3A 7.2.1).
struct TaskState {
    std::uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    std::uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    std::uint32_t es, cs, ss, ds, fs, gs, ldt;
    std::uint16_t trap, io_map_base;
};
static_assert(sizeof(TaskState) == 104);

/// The flow of the kernel, and one task for each way into the rescue: a task gate tells no vector.
enum class Task : std::uint32_t { main, double_fault, non_maskable, broken_segment, call };
inline constexpr std::uint32_t kTaskCount = 5;

inline constexpr std::uint16_t kKernelCode = 0x08;
inline constexpr std::uint16_t kKernelData = 0x10;
inline constexpr std::uint16_t kUserCode = 0x18 | 3;
inline constexpr std::uint16_t kUserData = 0x20 | 3;
constexpr std::uint16_t selector(Task task) {
    return static_cast<std::uint16_t>(0x28 + 8 * static_cast<std::uint32_t>(task));
}

inline constexpr std::uint32_t kVectorCount = 256;
/// Vectors that have a stub: exceptions and the PIC's lines. Stub n is at first_stub + n × kStubBytes.
inline constexpr std::uint32_t kStubCount = 48;
inline constexpr std::uint32_t kStubBytes = 16;

/// What the linker decides.
struct Places {
    std::uint32_t first_stub = 0;
    std::uint32_t main_stack = 0;
    std::uint32_t rescue_directory = 0; // physical
    std::uint32_t vectors = 0;          // where the lifeline's first page is
    std::array<std::uint32_t, kTaskCount> entry{};
    std::array<std::uint32_t, kTaskCount> stack{};
};

/// The lifeline's first page. All of it in one page: no TSS may cross one.
struct Vectors {
    std::array<Descriptor, kVectorCount> idt;
    std::array<Descriptor, 16> gdt;
    struct alignas(128) PaddedTask {
        TaskState state;
    };
    std::array<PaddedTask, kTaskCount> tasks;
    std::array<std::uint8_t, 64> way_out;
};
static_assert(sizeof(Vectors) <= 4096);
inline constexpr std::uint32_t kVectorsWords = offsetof(Vectors, way_out) / 4;

constexpr Descriptor make_segment(std::uint32_t base, std::uint32_t limit, std::uint32_t access,
                                  std::uint32_t flags) {
    const std::uint32_t low = (limit & 0xFFFFu) | (base << 16);
    const std::uint32_t high =
        ((base >> 16) & 0xFFu) | (access << 8) | (limit & 0xF0000u) | (flags << 20) | (base & 0xFF000000u);
    return (static_cast<Descriptor>(high) << 32) | low;
}

constexpr Descriptor make_gate(std::uint16_t selector, std::uint32_t offset, std::uint32_t access) {
    const std::uint32_t low = (static_cast<std::uint32_t>(selector) << 16) | (offset & 0xFFFFu);
    const std::uint32_t high = (offset & 0xFFFF0000u) | (access << 8);
    return (static_cast<Descriptor>(high) << 32) | low;
}

/// In the high word of a TSS's descriptor: the task runs or waits for one that does (SDM 3A 7.2.2).
inline constexpr std::uint32_t kBusy = 1u << 9;

/// Flat segments. Bit 0 of the access byte (accessed) is preset: loading a segment register then never writes
/// the GDT. All tasks available.
constexpr Descriptor gdt_entry(std::uint32_t index, const Places& places) {
    constexpr std::uint32_t kFlat = 0xFFFFF;
    constexpr std::uint32_t kPages32 = 0xC;
    constexpr std::uint32_t kCode = 0x9B;
    constexpr std::uint32_t kData = 0x93;
    constexpr std::uint32_t kRing3 = 0x60;
    constexpr std::uint32_t kAvailableTask = 0x89;
    constexpr std::uint32_t kFirstTask = selector(Task::main) / 8;
    switch (index) {
    case kKernelCode / 8:
        return make_segment(0, kFlat, kCode, kPages32);
    case kKernelData / 8:
        return make_segment(0, kFlat, kData, kPages32);
    case kUserCode / 8:
        return make_segment(0, kFlat, kCode | kRing3, kPages32);
    case kUserData / 8:
        return make_segment(0, kFlat, kData | kRing3, kPages32);
    default:
        break;
    }
    if (index < kFirstTask || index >= kFirstTask + kTaskCount) {
        return 0;
    }
    const std::uint32_t state =
        static_cast<std::uint32_t>(offsetof(Vectors, tasks)) +
        (index - kFirstTask) * static_cast<std::uint32_t>(sizeof(Vectors::PaddedTask));
    return make_segment(places.vectors + state, sizeof(TaskState) - 1, kAvailableTask, 0);
}

constexpr Descriptor idt_entry(std::uint32_t vector, const Places& places) {
    constexpr std::uint32_t kInterruptGate = 0x8E;
    constexpr std::uint32_t kTaskGate = 0x85;
    constexpr std::uint32_t kRing3 = 0x60;
    switch (vector) {
    case 2:
        return make_gate(selector(Task::non_maskable), 0, kTaskGate);
    case 8:
        return make_gate(selector(Task::double_fault), 0, kTaskGate);
    case 10: // #TS
    case 11: // #NP
    case 12: // #SS
    case 18: // #MC
        return make_gate(selector(Task::broken_segment), 0, kTaskGate);
    default:
        break;
    }
    if (vector >= kStubCount) {
        return 0;
    }
    // Ring 3 ends its access with an int3.
    return make_gate(kKernelCode, places.first_stub + vector * kStubBytes,
                     vector == 3 ? kInterruptGate | kRing3 : kInterruptGate);
}

/// Word `word` of a task's TSS as it is when nobody is in the task. What the CPU saves in the main one when
/// it leaves it is no damage: see is_task_word_fixed.
constexpr std::uint32_t task_word(Task task, std::uint32_t word, const Places& places) {
    constexpr std::uint32_t kNoPorts = static_cast<std::uint32_t>(sizeof(TaskState)) << 16;
    const auto index = static_cast<std::uint32_t>(task);
    const bool main = task == Task::main;
    switch (word * 4) {
    case offsetof(TaskState, esp0):
        return main ? places.main_stack : 0;
    case offsetof(TaskState, ss0):
        return main ? kKernelData : 0u;
    case offsetof(TaskState, trap):
        return kNoPorts; // no port is open to ring 3
    default:
        break;
    }
    if (main) {
        return 0;
    }
    switch (word * 4) {
    case offsetof(TaskState, cr3):
        return places.rescue_directory;
    case offsetof(TaskState, eip):
        return places.entry[index];
    case offsetof(TaskState, eflags):
        return 2;
    case offsetof(TaskState, esp):
        return places.stack[index];
    case offsetof(TaskState, cs):
        return kKernelCode;
    case offsetof(TaskState, es):
    case offsetof(TaskState, ss):
    case offsetof(TaskState, ds):
    case offsetof(TaskState, fs):
    case offsetof(TaskState, gs):
        return kKernelData;
    default:
        return 0;
    }
}

/// Of the main task the CPU saves registers when it leaves it, and ESP0 moves with each access by ring 3.
constexpr bool is_task_word_fixed(Task task, std::uint32_t word) {
    if (task != Task::main) {
        return word * 4 != offsetof(TaskState, link);
    }
    switch (word * 4) {
    case offsetof(TaskState, ss0):
    case offsetof(TaskState, cr3):
    case offsetof(TaskState, ldt):
    case offsetof(TaskState, trap):
        return true;
    default:
        return false;
    }
}

/// Word `word` of the lifeline's first page, and which of its bits count. Nobody but the CPU writes the
/// others.
struct ExpectedWord {
    std::uint32_t value = 0;
    std::uint32_t mask = 0;
};
constexpr ExpectedWord vectors_word(std::uint32_t word, const Places& places) {
    const auto half = [word](Descriptor descriptor) {
        return static_cast<std::uint32_t>(word % 2 == 0 ? descriptor : descriptor >> 32);
    };
    constexpr std::uint32_t kGdt = offsetof(Vectors, gdt) / 4;
    constexpr std::uint32_t kTasks = offsetof(Vectors, tasks) / 4;
    constexpr std::uint32_t kTaskWords = sizeof(Vectors::PaddedTask) / 4;
    if (word < kGdt) {
        return {half(idt_entry(word / 2, places)), ~0u};
    }
    if (word < kTasks) {
        const std::uint32_t index = (word - kGdt) / 2;
        const bool task = index >= selector(Task::main) / 8 && word % 2 != 0;
        return {half(gdt_entry(index, places)), task ? ~kBusy : ~0u};
    }
    const auto task = static_cast<Task>((word - kTasks) / kTaskWords);
    const std::uint32_t at = (word - kTasks) % kTaskWords;
    if (at >= sizeof(TaskState) / 4) {
        return {0, ~0u};
    }
    return {task_word(task, at, places), is_task_word_fixed(task, at) ? ~0u : 0u};
}

/// The way out of the rescue, mapped alike in every directory: `mov cr3, eax; mov esp, ebx; iret`. An IRET
/// unblocks NMI, and with NT = 0 no back link can misguide it (SDM 3A 6.7.1, 7.3).
inline constexpr std::array<std::uint8_t, 6> kWayOut = {0x0F, 0x22, 0xD8, 0x89, 0xDC, 0xCF};

} // namespace pagelab::rescue
