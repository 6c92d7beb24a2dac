#include "kernel/arch/x86/power.hpp"

#include "kernel/arch/x86/port.hpp"

#include <string_view>

namespace pagelab::arch {
namespace {

constexpr std::uint16_t kDebugExit = 0xF4;
constexpr std::uint16_t kBochsShutdown = 0x8900;
constexpr std::uint16_t kResetControl = 0xCF9;
constexpr std::uint16_t kKeyboardCommand = 0x64;
constexpr std::uint8_t kKeyboardInputFull = 0x02;
constexpr std::uint8_t kPulseResetLine = 0xFE;

/// Some reads of an unused port: time for a reset that was asked for to happen (about a microsecond each).
void short_delay() {
    for (int i = 0; i < 1000; ++i) {
        static_cast<void>(read_port8(0x80));
    }
}

} // namespace

void stop_cpu() {
    for (;;) {
        asm volatile("cli\n\thlt");
    }
}

void exit_emulator(std::uint8_t code) {
    write_port8(kDebugExit, code);
    for (const char letter : std::string_view{"Shutdown"}) {
        write_port8(kBochsShutdown, static_cast<std::uint8_t>(letter));
    }
    stop_cpu();
}

void reset_machine() {
    write_port8(kResetControl, 0x02);
    write_port8(kResetControl, 0x06);
    short_delay();
    for (int i = 0; i < 1000 && (read_port8(kKeyboardCommand) & kKeyboardInputFull) != 0; ++i) {
    }
    write_port8(kKeyboardCommand, kPulseResetLine);
    short_delay();
    // An empty IDT: the next exception can't be delivered, nor the double fault, and the CPU resets.
    struct [[gnu::packed]] {
        std::uint16_t limit;
        std::uint32_t base;
    } const nothing{0, 0};
    asm volatile("lidt %0\n\tint3" ::"m"(nothing));
    stop_cpu();
}

} // namespace pagelab::arch
