#include "kernel/arch/x86/uart.hpp"

#include "kernel/arch/x86/port.hpp"

#include <array>

namespace pagelab::arch::uart {
namespace {

constexpr std::uint16_t kBase = 0x3F8;
constexpr std::uint16_t kData = kBase;
constexpr std::uint16_t kInterruptEnable = kBase + 1;
constexpr std::uint16_t kFifoControl = kBase + 2;
constexpr std::uint16_t kLineControl = kBase + 3;
constexpr std::uint16_t kModemControl = kBase + 4;
constexpr std::uint16_t kLineStatus = kBase + 5;

constexpr std::uint8_t kDataReady = 0x01;
constexpr std::uint8_t kTransmitterEmpty = 0x20;
constexpr std::uint8_t kNoDevice = 0xFF;
constexpr char kCtrlC = 0x03;

constexpr std::uint32_t kRingSize = 4096;
static_assert((kRingSize & (kRingSize - 1)) == 0);

// Filled and emptied with interrupts off only: the handler runs through an interrupt gate.
constinit std::array<char, kRingSize> ring{};
constinit std::uint32_t head = 0; // next to write, grows without bound
constinit std::uint32_t tail = 0; // next to read
constinit bool interrupted = false;

bool byte_is_ready() {
    const std::uint8_t status = read_port8(kLineStatus);
    return status != kNoDevice && (status & kDataReady) != 0;
}

} // namespace

void initialise() {
    write_port8(kInterruptEnable, 0);
    write_port8(kLineControl, 0x80); // divisor latch
    write_port8(kData, 1);           // 115200 / 1
    write_port8(kInterruptEnable, 0);
    write_port8(kLineControl, 0x03);  // 8N1, latch closed
    write_port8(kFifoControl, 0x07);  // on and empty, interrupt at one byte
    write_port8(kModemControl, 0x0B); // DTR, RTS, OUT2 (gates the IRQ line)
    write_port8(kInterruptEnable, 0x01);
}

bool is_initialised() {
    const std::uint8_t line = read_port8(kLineControl);
    return line == kNoDevice || (line == 0x03 && read_port8(kInterruptEnable) == 0x01 &&
                                 (read_port8(kModemControl) & 0x1F) == 0x0B);
}

void transmit(char byte) {
    while ((read_port8(kLineStatus) & kTransmitterEmpty) == 0) {
    }
    write_port8(kData, static_cast<std::uint8_t>(byte));
}

void drain() {
    while (head - tail < kRingSize && byte_is_ready()) {
        const char byte = static_cast<char>(read_port8(kData));
        if (byte == kCtrlC) {
            interrupted = true;
            tail = head;
        } else {
            ring[head % kRingSize] = byte;
            head = head + 1;
        }
    }
}

std::optional<char> receive() {
    if (head == tail) {
        return std::nullopt;
    }
    const char byte = ring[tail % kRingSize];
    tail = tail + 1;
    return byte;
}

bool interrupt_is_pending() {
    return interrupted;
}

bool take_interrupt() {
    const bool was = interrupted;
    interrupted = false;
    return was;
}

} // namespace pagelab::arch::uart
