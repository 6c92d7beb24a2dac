// selftest: the kernel examines itself and says so in KTAP.
#include "kernel/selftest/invariants.hpp"
#include "kernel/shell/commands/handlers.hpp"

namespace pagelab::shell::handlers {

Status selftest(Invocation& invocation) {
    if (invocation.args.count == 0) {
        say(invocation.out, "invariants  the kernel's bookkeeping of frames, spaces and tables\n");
        return Status::ok;
    }
    if (!is(invocation.args[0], "invariants")) {
        return invocation.fail("no self-test '{}'; did you mean selftest invariants?", invocation.args[0]);
    }
    const auto cases = selftest::invariants();
    say(invocation.out, "KTAP version 1\n1..{}\n", Decimal{static_cast<std::uint32_t>(cases.size())});
    Status worst = Status::ok;
    std::uint32_t number = 0;
    for (const selftest::Case& test : cases) {
        const auto failure = test.check(invocation.machine);
        if (invocation.poll()) {
            break;
        }
        number += 1;
        if (!failure) {
            say(invocation.out, "ok {} {}\n", Decimal{number}, test.name);
            continue;
        }
        worst = Status::error;
        say(invocation.out, "not ok {} {}\n# {}: {}\n", Decimal{number}, test.name, failure->text,
            failure->at);
    }
    return worst;
}

} // namespace pagelab::shell::handlers
