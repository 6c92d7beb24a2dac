#include "kernel/arch/x86/pic.hpp"

#include "kernel/arch/x86/port.hpp"

namespace pagelab::arch {
namespace {

constexpr std::uint16_t kMasterCommand = 0x20;
constexpr std::uint16_t kMasterData = 0x21;
constexpr std::uint16_t kSlaveCommand = 0xA0;
constexpr std::uint16_t kSlaveData = 0xA1;
constexpr std::uint8_t kInitialise = 0x11; // edge triggered, cascade, ICW4 follows
constexpr std::uint8_t kMode8086 = 0x01;
constexpr std::uint8_t kEndOfInterrupt = 0x20;
constexpr std::uint8_t kCascadeIrq = 2;

} // namespace

void remap_and_mask_irqs() {
    write_port8(kMasterCommand, kInitialise);
    write_port8(kSlaveCommand, kInitialise);
    write_port8(kMasterData, kFirstIrqVector);
    write_port8(kSlaveData, kFirstIrqVector + 8);
    write_port8(kMasterData, 1u << kCascadeIrq);
    write_port8(kSlaveData, kCascadeIrq);
    write_port8(kMasterData, kMode8086);
    write_port8(kSlaveData, kMode8086);
    write_port8(kMasterData, 0xFF);
    write_port8(kSlaveData, 0xFF);
}

void unmask_irq(unsigned irq) {
    write_port8(kMasterData, static_cast<std::uint8_t>(read_port8(kMasterData) & ~(1u << irq)));
}

bool is_masked(unsigned irq) {
    return (read_port8(kMasterData) & (1u << irq)) != 0;
}

void end_of_irq(unsigned irq) {
    if (irq >= 8) {
        write_port8(kSlaveCommand, kEndOfInterrupt);
    }
    write_port8(kMasterCommand, kEndOfInterrupt);
}

} // namespace pagelab::arch
