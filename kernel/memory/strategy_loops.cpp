#include "kernel/memory/cpu_hardware.hpp"
#include "kernel/memory/strategy_loops.inl.hpp"

namespace pagelab::memory {

template LoopResult run_loop(CpuHardware&, Scratch<CpuHardware>&, const Space&, LoopKind, const LoopPages&,
                             std::uint32_t);

} // namespace pagelab::memory
