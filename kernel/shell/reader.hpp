// Reads page tables for the walkers, and notices a Ctrl-C while it does.
// For the commands. Reads physical memory through the machine; never faults.
#pragma once

#include "kernel/paging/walk.hpp"
#include "kernel/shell/command.hpp"

#include <cstdint>
#include <optional>

namespace pagelab::shell {

/// After an interruption it gives nothing more, so that a walk over all tables ends soon.
class Reader {
public:
    explicit Reader(Invocation& invocation) : invocation_(invocation) {}

    std::optional<std::uint32_t> operator()(PhysAddr address) {
        if (++reads_ % kReadsBetweenPolls == 0) {
            (void)invocation_.poll();
        }
        return invocation_.interrupted ? std::nullopt : invocation_.machine.read_word(address);
    }

private:
    static constexpr std::uint32_t kReadsBetweenPolls = 1024;
    Invocation& invocation_;
    std::uint32_t reads_ = 0;
};

/// The slot that maps the directory of the space in work onto itself.
[[nodiscard]] std::optional<std::uint32_t> self_map_now(Machine& machine);
/// The walk of `va` in the space in work, no polling. Without `names` no self-map is looked for, where
/// entries would have their virtual addresses: two reads, where that can be a thousand more.
[[nodiscard]] paging::Walk walk_now(Machine& machine, VirtAddr va, bool names = true);

} // namespace pagelab::shell
