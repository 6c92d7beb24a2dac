#include "kernel/shell/reader.hpp"

namespace pagelab::shell {

std::optional<std::uint32_t> self_map_now(Machine& machine) {
    auto read = [&](PhysAddr address) { return machine.read_word(address); };
    const paging::PagingContext context = machine.context();
    return context.control.paging() ? paging::find_self_map(read, context) : std::nullopt;
}

paging::Walk walk_now(Machine& machine, VirtAddr va) {
    auto read = [&](PhysAddr address) { return machine.read_word(address); };
    return paging::walk(read, machine.context(), self_map_now(machine), va);
}

} // namespace pagelab::shell
