#include "kernel/arch/x86/apic.hpp"

namespace pagelab::arch {
namespace {

// SDM 3A 11.4 to 11.9.
constexpr std::uint32_t kSpuriousVector = 0xF0;
constexpr std::uint32_t kLint0 = 0x350;
constexpr std::uint32_t kLint1 = 0x360;
constexpr std::uint32_t kEnabled = 0x100 | 0xFF;
constexpr std::uint32_t kExternalInterrupt = 0x700;
constexpr std::uint32_t kNonMaskable = 0x400;

} // namespace

void open_local_interrupts(std::uint32_t registers) {
    const auto write = [registers](std::uint32_t offset, std::uint32_t value) {
        *reinterpret_cast<volatile std::uint32_t*>(registers + offset) = value;
    };
    write(kSpuriousVector, kEnabled);
    write(kLint0, kExternalInterrupt);
    write(kLint1, kNonMaskable);
}

} // namespace pagelab::arch
