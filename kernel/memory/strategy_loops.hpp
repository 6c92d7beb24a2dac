// The bare loops that `strategy bench` times: many maps, walks or unmaps by one strategy, with the checks
// that no kernel can leave out and nothing else. In a file of its own so that the kernel compiles them for
// speed. For strategy_bench.hpp. The pages are mapped nowhere in particular and never touched.
#pragma once

#include "kernel/memory/strategies.hpp"

namespace pagelab::memory {

enum class LoopKind : std::uint8_t { empty, map, walk, unmap };

/// Pages [first, first + span) at each `stride` bytes, wrapping at the end: `count` of them, each once.
struct LoopPages {
    std::uint32_t first = 0;
    std::uint32_t span = 0;
    std::uint32_t stride = 0;
    std::uint32_t count = 0;
};

struct LoopResult {
    std::uint64_t ticks = 0;
    std::uint32_t done = 0; // operations that found what they expected
};

/// Runs one loop in the loaded space. `leaf` is what map writes.
template <Hardware H>
LoopResult run_loop(H& hw, Scratch<H>& scratch, const Space& space, LoopKind kind, const LoopPages& pages,
                    std::uint32_t leaf);

} // namespace pagelab::memory
