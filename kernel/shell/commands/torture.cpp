// torture: the beginning of random destruction; the Shell runs the commands.
#include "kernel/shell/commands/handlers.hpp"

namespace pagelab::shell::handlers {

Status torture(Invocation& invocation) {
    const interface::Words& args = invocation.args;
    const auto seed = parse_value(args[0]);
    if (!seed) {
        return invocation.error(seed.error());
    }
    const auto count = parse_times(args[1], Torture::kMostCommands, "a number of commands");
    if (!count) {
        return invocation.error(count.error());
    }
    if (args.count > 2 && !is(args[2], "hang")) {
        return invocation.fail("'{}' is no kind of torture; did you mean hang?", args[2]);
    }
    const char* const missing =
        invocation.teaching.torture.start(invocation.machine, *seed, *count, args.count > 2);
    return missing == nullptr ? Status::ok : invocation.error(std::string_view{missing});
}

} // namespace pagelab::shell::handlers
