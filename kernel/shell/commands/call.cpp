// The functions of a student's file, called as commands.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"

namespace pagelab::shell::handlers {
namespace {

using interface::Exercise;

void put_functions(Invocation& invocation, const Exercise& exercise) {
    for (std::uint32_t i = 0; i < exercise.function_count(); ++i) {
        const std::uint32_t address = exercise.function_address(i);
        const auto source = exercise.source_of(address);
        say(invocation.out, "{}  {}  {}:{}\n", Hex{address}, exercise.function_name(i), exercise.file(),
            Decimal{source ? source->line : 0});
    }
}

/// A number in any spelling that the shell knows, an entry in words, or an address.
Parsed<std::uint32_t> parse_argument(std::string_view token, const Machine& machine) {
    if (const auto value = parse_value(token)) {
        return *value;
    }
    const auto va = parse_virtual(token, machine);
    return va ? Parsed<std::uint32_t>{va->raw()} : std::unexpected{va.error()};
}

void put_call(Output& out, const interface::Words& args, const machine::CallArguments& values) {
    say(out, "{}(", args[0]);
    for (std::size_t i = 1; i < args.count; ++i) {
        print(out, i > 1 ? ", " : "", Hex{values[i - 1]});
    }
    print(out, ")");
}

} // namespace

Status call(Invocation& invocation) {
    const auto exercise = invocation.machine.exercise();
    const interface::Words& args = invocation.args;
    if (!exercise && args.count == 0) {
        print(invocation.out, "no student's file is loaded: scripts/lab N starts a machine with one\n");
        return Status::ok;
    }
    if (!exercise) {
        return invocation.fail("no student's file is loaded; scripts/lab N starts a machine with one");
    }
    if (args.count == 0) {
        put_functions(invocation, *exercise);
        return Status::ok;
    }
    const auto address = exercise->address_of(args[0]);
    if (!address) {
        return invocation.fail("{} has no function '{}'; call lists those that it has", exercise->file(),
                               args[0]);
    }
    machine::CallArguments values{};
    for (std::size_t i = 1; i < args.count; ++i) {
        const auto value = parse_argument(args[i], invocation.machine);
        if (!value) {
            return invocation.error(value.error());
        }
        values[i - 1] = *value;
    }
    const auto report = invocation.machine.call(VirtAddr{*address}, values);
    if (!report) {
        return refuse(invocation, report.error());
    }
    put_call(invocation.out, args, values);
    say(invocation.out, " = {}\n", Hex{report->result});
    if (report->entries_changed + report->frames_taken + report->frames_given != 0) {
        say(invocation.out, "{} of the tables changed; {} taken, {} freed\n",
            Count{report->entries_changed, "word"}, Count{report->frames_taken, "frame"},
            Decimal{report->frames_given});
    }
    if (report->still_mapped != 0) {
        say(invocation.out, "frame_free({}): an entry still leads to this frame; it was not freed\n",
            Hex{report->first_mapped});
    }
    if (report->not_taken != 0) {
        say(invocation.out, "frame_free({}): this is no frame in use; nothing was freed\n",
            Hex{report->first_not_taken});
    }
    return Status::ok;
}

} // namespace pagelab::shell::handlers
