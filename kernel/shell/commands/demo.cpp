// demo: the list of the pitfalls, or the beginning of one; the Shell runs its script.
#include "kernel/shell/commands/handlers.hpp"

namespace pagelab::shell::handlers {

Status demo(Invocation& invocation) {
    const std::string_view name = invocation.args[0];
    for (const Demo& demo : invocation.teaching.demos) {
        if (name.empty()) {
            say(invocation.out, "{:15}{}\n", demo.name, demo.pitfall);
        } else if (demo.name == name) {
            const char* const missing = invocation.teaching.demonstration.start(invocation.machine, demo);
            return missing == nullptr ? Status::ok : invocation.error(std::string_view{missing});
        }
    }
    return name.empty() ? Status::ok : invocation.fail("no demo '{}'; demo lists them", name);
}

} // namespace pagelab::shell::handlers
