// The CPU's state out of the text of QEMU's `info registers`: what tells how a guest died or why it hangs.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::machine {

/// A descriptor table or a segment as the CPU holds it.
struct TableRegister {
    std::uint32_t selector = 0; ///< of TR; 0 for IDT and GDT
    std::uint32_t base = 0;
    std::uint32_t limit = 0;
};

struct CpuRegisters {
    std::uint32_t eip = 0;
    std::uint32_t eflags = 0;
    std::uint32_t cr0 = 0;
    std::uint32_t cr2 = 0;
    std::uint32_t cr3 = 0;
    std::uint32_t cr4 = 0;
    std::array<std::uint32_t, 8> general{}; ///< in the order of kGeneralNames
    TableRegister idt;
    TableRegister gdt;
    TableRegister task;
    std::uint32_t cs = 0; ///< selectors
    std::uint32_t ss = 0;
    bool halted = false; ///< it waits in `hlt`

    [[nodiscard]] std::uint32_t esp() const { return general[7]; }
};

inline constexpr std::array<std::string_view, 8> kGeneralNames = {"eax", "ebx", "ecx", "edx",
                                                                  "esi", "edi", "ebp", "esp"};

/// Nothing if EIP, CR2 or CR3 is missing; what else is missing is 0.
[[nodiscard]] std::optional<CpuRegisters> parse_registers(std::string_view text);

/// What decides how tables are read, as any x86 CPU has it.
struct ControlState {
    std::uint32_t cr0 = 0;
    std::uint64_t cr3 = 0;
    std::uint32_t cr4 = 0;
    std::uint64_t efer = 0;
};

/// The same out of the same text, in any mode; nothing unless CR0, CR3 and CR4 are there.
[[nodiscard]] std::optional<ControlState> parse_control(std::string_view text);

/// `eip 0xc0100234, cr2 0x00000000, cr3 p:0x00105000`
[[nodiscard]] std::string registers_text(const CpuRegisters& registers);

} // namespace pagelab::console::machine
