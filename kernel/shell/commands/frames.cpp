// frames alloc free: physical memory and its pool.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"

namespace pagelab::shell::handlers {
namespace {

struct Row {
    const char* name;
    std::uint32_t machine::FrameCounts::*count;
};
constexpr Row kRows[] = {
    {"total", &machine::FrameCounts::total},       {"free", &machine::FrameCounts::free},
    {"kernel", &machine::FrameCounts::kernel},     {"directory", &machine::FrameCounts::directory},
    {"table", &machine::FrameCounts::table},       {"data", &machine::FrameCounts::data},
    {"reserved", &machine::FrameCounts::reserved},
};

Status free_tables(Invocation& invocation) {
    if (invocation.args.count > 1) {
        return invocation.fail("'{}' is one argument too many: free tables", invocation.args[1]);
    }
    const auto report = invocation.machine.free_tables();
    if (!report) {
        return refuse(invocation, report.error());
    }
    if (report->tables_freed == 0) {
        say(invocation.out, "no table is empty\n");
        return Status::ok;
    }
    say(invocation.out, "freed empty tables");
    put_consequences(invocation.out, *report);
    return Status::ok;
}

} // namespace

Status frames(Invocation& invocation) {
    const machine::FrameCounts counts = invocation.machine.frames();
    if (invocation.flags.json) {
        say(invocation.out, R"({"record":"frames","v":1)");
        for (const auto& [name, count] : kRows) {
            say(invocation.out, ",\"{}\":{}", name, Decimal{counts.*count});
        }
        say(invocation.out, "}\n");
        return Status::ok;
    }
    for (const auto& [name, count] : kRows) {
        const std::uint32_t frames = counts.*count;
        say(invocation.out, "{:9}  {:>8}  {}\n", name, Decimal{frames},
            Size{std::uint64_t{frames} * paging::kPageSize});
    }
    return Status::ok;
}

Status alloc(Invocation& invocation) {
    std::uint32_t count = 1;
    if (invocation.args.count != 0) {
        const auto parsed = parse_count(invocation.args[0], paging::kPageSize, "frame");
        if (!parsed) {
            return invocation.error(parsed.error());
        }
        count = *parsed;
    }
    const auto report = invocation.machine.alloc_frames(count);
    if (!report) {
        return refuse(invocation, report.error());
    }
    say(invocation.out, "took {} from {}\n", Count{count, "frame"}, report->first_frame.value_or(PhysAddr{}));
    return Status::ok;
}

Status free(Invocation& invocation) {
    if (is(invocation.args[0], "tables")) {
        return free_tables(invocation);
    }
    const auto pa = parse_physical(invocation.args[0]);
    if (!pa) {
        return invocation.error(pa.error());
    }
    std::uint32_t count = 1;
    if (invocation.args.count == 2) {
        const auto parsed = parse_count(invocation.args[1], paging::kPageSize, "frame");
        if (!parsed) {
            return invocation.error(parsed.error());
        }
        count = *parsed;
    }
    const auto report = invocation.machine.free_frames(*pa, count);
    if (!report) {
        return refuse(invocation, report.error());
    }
    say(invocation.out, "gave back {} from {}\n", Count{count, "frame"}, *pa);
    return Status::ok;
}

} // namespace pagelab::shell::handlers
