// Turns the loader's rough map into the kernel's own: what boot.asm made too generous is taken away.
// For main, once, after the lifeline is installed.
#pragma once

#include "kernel/arch/x86/cpuid.hpp"

#include <cstdint>

namespace pagelab::arch {

/// Switches CR4.PSE and CR4.PGE on where the CPU has them.
void enable_paging_features(const CpuFeatures& cpu);

/// Removes the identity mapping (0 to 4 MiB), makes text and constants read-only, unmaps the guard pages and
/// the VGA hole, makes directory and tables read-only in the direct map, ends the direct map at `ram_end`
/// (a physical address) if that is below 4 MiB, marks the kernel's leaves global with CR4.PGE; then flushes.
void finish_boot_paging(const CpuFeatures& cpu, std::uint64_t ram_end);

} // namespace pagelab::arch
