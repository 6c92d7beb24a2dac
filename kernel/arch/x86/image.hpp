// The kernel's own memory as the linker laid it out: addresses of symbols, never their contents.
// For boot_paging, lifeline and main.
#pragma once

#include "kernel/interface/journal.hpp"
#include "kernel/interface/lab_page.hpp"
#include "kernel/rescue/room.hpp"

#include <cstdint>

extern "C" {
// Defined by kernel.ld and boot.asm; only their addresses mean something. More are in kernel/rescue/room.hpp.
extern const char symbols_start[], symbols_end[], user_code_start[], handlers_start[], constants_start[];
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
