// The registers that tell how a guest died, out of the text of QEMU's `info registers`. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::machine {

struct DeathRegisters {
    std::uint32_t eip = 0;
    std::uint32_t cr2 = 0;
    std::uint32_t cr3 = 0;
};

[[nodiscard]] std::optional<DeathRegisters> parse_registers(std::string_view text);

/// `eip 0xc0100234, cr2 0x00000000, cr3 p:0x00105000`
[[nodiscard]] std::string registers_text(const DeathRegisters& registers);

} // namespace pagelab::console::machine
