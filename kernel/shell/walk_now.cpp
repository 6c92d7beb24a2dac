#include "kernel/shell/reader.hpp"

namespace pagelab::shell {

std::optional<std::uint32_t> self_map_now(Machine& machine) {
    auto read = [&](PhysAddr address) { return machine.read_word(address); };
    const paging::PagingContext context = machine.context();
    return context.control.paging() ? paging::find_self_map(read, context) : std::nullopt;
}

paging::Walk walk_now(Machine& machine, VirtAddr va, bool names) {
    auto read = [&](PhysAddr address) { return machine.read_word(address); };
    return paging::walk(read, machine.context(), names ? self_map_now(machine) : std::nullopt, va);
}

} // namespace pagelab::shell
