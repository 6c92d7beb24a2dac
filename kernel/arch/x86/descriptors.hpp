// GDT, TSSs and IDT. Installed once by main; the access primitives move TSS.esp0.
#pragma once

#include <cstdint>

namespace pagelab::arch {

inline constexpr std::uint16_t kKernelCode = 0x08;
inline constexpr std::uint16_t kKernelData = 0x10;
inline constexpr std::uint16_t kUserCode = 0x18 | 3;
inline constexpr std::uint16_t kUserData = 0x20 | 3;
inline constexpr std::uint16_t kMainTask = 0x28;
inline constexpr std::uint16_t kDoubleFaultTask = 0x30;

/// Loads GDT, segment registers, task register and IDT. The boot tables must still map the image.
void install_descriptors();

/// A task state segment as the CPU lays it out (SDM 3A 7.2.1).
struct TaskState {
    std::uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    std::uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    std::uint32_t es, cs, ss, ds, fs, gs, ldt;
    std::uint16_t trap, io_map_base;
};
static_assert(sizeof(TaskState) == 104);

/// The registers of the main flow as the CPU saved them when it switched to the double-fault task.
[[nodiscard]] const TaskState& main_task_state();

} // namespace pagelab::arch
