// The two 8259 interrupt controllers: remapped to vectors 0x20-0x2F, all masked but what is asked for.
#pragma once

#include <cstdint>

namespace pagelab::arch {

inline constexpr unsigned kFirstIrqVector = 0x20;
inline constexpr unsigned kIrqCount = 16;

/// Moves IRQ 0-15 to vectors 0x20-0x2F (at boot they lie on the CPU's exceptions) and masks them all.
void remap_and_mask_irqs();

/// Lets one IRQ (0-7) through.
void unmask_irq(unsigned irq);

/// Tells the controllers that the IRQ (0-15) was served.
/// Whether the controller holds this line back.
[[nodiscard]] bool is_masked(unsigned irq);

void end_of_irq(unsigned irq);

} // namespace pagelab::arch
