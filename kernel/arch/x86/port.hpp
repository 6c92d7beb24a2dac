// Port I/O. For the device drivers of this room only; nothing else talks to a port.
#pragma once

#include <cstdint>

namespace pagelab::arch {

/// Reads one byte from an I/O port.
[[nodiscard]] inline std::uint8_t read_port8(std::uint16_t port) {
    std::uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/// Writes one byte to an I/O port.
inline void write_port8(std::uint16_t port, std::uint8_t value) {
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

} // namespace pagelab::arch
