// The kernel's own memory as the linker laid it out: addresses of symbols, never their contents.
// For boot_paging, descriptors and main.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/interface/lab_page.hpp"

#include <cstdint>

extern "C" {
// Defined by kernel.ld and boot.asm; only their addresses mean something.
extern char image_start[], image_end[], text_start[], constants_start[], data_start[];
extern char tables_start[], tables_end[], data_end[];
extern const char symbols_start[], symbols_end[], user_code_start[], handlers_start[];
extern char main_stack_guard[], main_stack_top[], double_fault_stack_guard[], double_fault_stack_top[];
extern std::uint32_t page_directory[1024], kernel_table[1024], record_table[1024], scratch_table[1024];
extern pagelab::interface::LabPage lab_page;
extern pagelab::interface::JournalRing journal_ring;
}

namespace pagelab::arch {

/// Linked address minus physical address of everything in the image.
inline constexpr std::uint32_t kKernelOffset = 0xC0000000u;

/// The address of a linker symbol as a number.
[[nodiscard]] inline std::uint32_t address_of(const void* symbol) {
    return reinterpret_cast<std::uint32_t>(symbol);
}

/// The physical address of something in the image.
[[nodiscard]] inline std::uint32_t physical_of(const void* symbol) {
    return address_of(symbol) - kKernelOffset;
}

} // namespace pagelab::arch
