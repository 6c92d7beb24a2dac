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
    std::uint32_t options = 0;
    for (std::size_t i = 2; i < args.count; ++i) {
        if (is(args[i], "hang")) {
            options |= interface::torture_options::kHang;
        } else if (is(args[i], "show")) {
            options |= interface::torture_options::kShow;
        } else {
            return invocation.fail("'{}' is no option of torture; write hang or show", args[i]);
        }
    }
    const char* const missing = invocation.teaching.torture.start(invocation.machine, *seed, *count, options);
    return missing == nullptr ? Status::ok : invocation.error(std::string_view{missing});
}

} // namespace pagelab::shell::handlers
