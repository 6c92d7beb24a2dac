// The bench's loops over the simulated machine: every test program with a lab in it links them once.
#include "kernel/memory/strategy_loops.inl.hpp"
#include "tests/memory/simulator.hpp"

namespace pagelab::memory {

template LoopResult run_loop(simulation::Machine&, Scratch<simulation::Machine>&, const Space&, LoopKind,
                             const LoopPages&, std::uint32_t);

} // namespace pagelab::memory
