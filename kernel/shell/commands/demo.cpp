// demo: the list of the pitfalls, or the beginning of one; the Shell runs its script.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/packed_text.hpp"

namespace pagelab::shell::handlers {

Status demo(Invocation& invocation) {
    const std::string_view name = invocation.args[0];
    const char* list = invocation.teaching.demos;
    for (Demo demo = take_demo(list); *demo.name != '\0'; demo = take_demo(list)) {
        if (name.empty()) {
            paging::put_padded(invocation.out, demo.name, 15);
            unpack(invocation.out, demo.pitfall);
            print(invocation.out, "\n");
        } else if (name == demo.name) {
            const char* const missing = invocation.teaching.demonstration.start(invocation.machine, demo);
            return missing == nullptr ? Status::ok : invocation.error(std::string_view{missing});
        }
    }
    return name.empty() ? Status::ok : invocation.fail("no demo '{}'; demo lists them", name);
}

} // namespace pagelab::shell::handlers
