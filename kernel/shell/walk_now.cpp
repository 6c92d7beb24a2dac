#include "kernel/shell/reader.hpp"

namespace pagelab::shell {

paging::Walk walk_now(Machine& machine, VirtAddr va, bool names) {
    auto read = [&](PhysAddr address) { return machine.read_word(address); };
    const paging::PagingContext context = machine.context();
    const auto slot = names && context.control.paging() ? paging::find_self_map(read, context) : std::nullopt;
    return paging::walk(read, context, slot, va);
}

} // namespace pagelab::shell
