#include "kernel/shell/reader.hpp"

namespace pagelab::shell {

paging::Walk walk_now(Machine& machine, VirtAddr va) {
    auto read = [&](PhysAddr address) { return machine.read_word(address); };
    const paging::PagingContext context = machine.context();
    if (!context.control.paging()) {
        return paging::walk(read, context, std::nullopt, va);
    }
    return paging::walk(read, context, paging::find_self_map(read, context), va);
}

} // namespace pagelab::shell
