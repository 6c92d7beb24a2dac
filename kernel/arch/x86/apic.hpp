// The local APIC, as far as the lab needs it: a wire for the PIC and one for NMI. For main, once.
#pragma once

#include <cstdint>

namespace pagelab::arch {

/// The frame of the local APIC's registers after reset (SDM 3A 11.4.1).
inline constexpr std::uint32_t kApicFrame = 0xFEE00;

/// Enables the local APIC with LINT0 as the PIC's line (ExtINT) and LINT1 as NMI. SeaBIOS does so, qboot
/// leaves both masked: then neither the UART's interrupt nor a host's NMI would ever arrive. Only where
/// CPUID reports an APIC. `registers` is where the caller has mapped its frame, uncached.
void open_local_interrupts(std::uint32_t registers);

} // namespace pagelab::arch
