// The 16550 UART on COM1: polled transmit, receive by interrupt into a static ring.
// The interrupt only wakes a waiting prompt; `drain` does the same work where interrupts are off.
#pragma once

#include <cstdint>
#include <optional>

namespace pagelab::arch::uart {

inline constexpr unsigned kIrq = 4;

/// 115200 baud, 8 data bits, no parity, FIFOs on, receive interrupt enabled at the UART (not at the PIC).
void initialise();

/// Whether it is set up as initialise() left it.
[[nodiscard]] bool is_initialised();

/// Waits until the transmitter takes a byte. A port without a UART reads 0xFF, so this always ends.
void transmit(char byte);

/// Moves what has arrived into the ring; 0x03 (Ctrl-C) is only noticed. With 4 KiB waiting the rest stays in
/// the device and with its sender: a pasted script is never cut, but a Ctrl-C behind so much is seen late.
void drain();

/// The oldest byte in the ring.
[[nodiscard]] std::optional<char> receive();

/// Whether a Ctrl-C came that nobody took.
[[nodiscard]] bool interrupt_is_pending();

/// Whether a Ctrl-C came since the last call. Ctrl-C also throws away what was typed before it.
[[nodiscard]] bool take_interrupt();

} // namespace pagelab::arch::uart
