// crash: the list of the ways to break the machine, or one of them.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/table.hpp"

namespace pagelab::shell::handlers {
namespace {

using machine::CrashArgument;
using machine::CrashRow;

const char* argument_name(CrashArgument argument) {
    switch (argument) {
    case CrashArgument::address:
        return "VA";
    case CrashArgument::directory:
        return "p:PA";
    case CrashArgument::vector:
        return "VECTOR";
    default:
        return "VALUE";
    }
}

/// `esp [VA]`, `cr0 VALUE`, `ud`.
void put_usage(Output& out, const CrashRow& row) {
    Text<24> usage;
    print(usage, row.name);
    if (row.argument != CrashArgument::none) {
        say(usage, row.usual ? " [{}]" : " {}", argument_name(row.argument));
    }
    say(out, "{:17}{}\n", usage.view(), row.sentence);
}

const CrashRow* find_crash(std::string_view name) {
    for (const CrashRow& row : machine::kCrashes) {
        if (is(name, row.name)) {
            return &row;
        }
    }
    return nullptr;
}

Status unknown_crash(Invocation& invocation, std::string_view name) {
    const std::string_view near = nearest_name(name, machine::kCrashes);
    return !near.empty() ? invocation.fail("no crash '{}'; did you mean crash {}?", name, near)
                         : invocation.fail("no crash '{}'; crash lists them", name);
}

Parsed<std::uint32_t> parse_argument(CrashArgument argument, std::string_view token, const Machine& machine) {
    constexpr std::uint32_t kLastVector = 255;
    switch (argument) {
    case CrashArgument::address: {
        const auto va = parse_virtual(token, machine);
        return va ? Parsed<std::uint32_t>{va->raw()} : std::unexpected{va.error()};
    }
    case CrashArgument::directory: {
        const auto pa = parse_physical(token);
        if (!pa) {
            return std::unexpected{pa.error()};
        }
        if (!pa->is_aligned(paging::kPageSize)) {
            return wrong("{} is not aligned to 4 KiB; did you mean {}?", *pa, pa->frame_base());
        }
        if (!machine.is_ram(*pa)) {
            return wrong("{} is no RAM; RAM ends at {}", *pa, machine.ram_end());
        }
        return static_cast<std::uint32_t>(pa->raw());
    }
    case CrashArgument::vector:
        return parse_value(token, kLastVector);
    default:
        return parse_value(token);
    }
}

} // namespace

Status crash(Invocation& invocation) {
    const interface::Words& args = invocation.args;
    if (args.count == 0) {
        for (const CrashRow& row : machine::kCrashes) {
            put_usage(invocation.out, row);
        }
        return Status::ok;
    }
    const CrashRow* const row = find_crash(args[0]);
    if (row == nullptr) {
        return unknown_crash(invocation, args[0]);
    }
    std::optional<std::uint32_t> argument;
    if (args.count > 1) {
        if (row->argument == CrashArgument::none) {
            return invocation.fail("'{}' is one argument too many; did you mean crash {}?", args[1],
                                   row->name);
        }
        const auto value = parse_argument(row->argument, args[1], invocation.machine);
        if (!value) {
            return invocation.error(value.error());
        }
        argument = *value;
    } else if (!row->usual) {
        return invocation.fail("crash {} needs a value; usage: crash {} {}", row->name, row->name,
                               argument_name(row->argument));
    }
    if (const auto done = invocation.machine.crash(row->crash, argument, invocation.change); !done) {
        return refuse(invocation, done.error());
    }
    say(invocation.out, "the machine has survived it: nothing faulted\n");
    return Status::ok;
}

} // namespace pagelab::shell::handlers
