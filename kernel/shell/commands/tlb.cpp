// invlpg flush: what the CPU is told to forget.
#include "kernel/shell/commands/handlers.hpp"

namespace pagelab::shell::handlers {

Status invlpg(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    invocation.machine.invlpg(*va);
    say(invocation.out, "the TLB holds nothing of the page at {}\n", va->page_base());
    return Status::ok;
}

Status flush(Invocation& invocation) {
    const bool global = is(invocation.args[0], "global");
    if (!global && invocation.args.count != 0) {
        return invocation.fail("'{}' is nothing to flush; did you mean global?", invocation.args[0]);
    }
    invocation.machine.flush_all(global);
    print(invocation.out,
          global ? "CR3 loaded again, global pages flushed too\n" : "CR3 loaded again; global pages stay\n");
    return Status::ok;
}

} // namespace pagelab::shell::handlers
