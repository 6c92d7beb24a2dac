// space: address spaces listed, made, copied, loaded and deleted.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/table.hpp"

namespace pagelab::shell::handlers {
namespace {

using machine::kMaxSpaces;
using machine::SpaceInfo;
using machine::SpaceReport;

/// In the order of their names.
enum class Verb : std::uint8_t { list, make, clone, cow, use, remove };
constexpr const char* kVerbs = "list new clone cow use delete";

std::string_view name_of(machine::Strategy strategy) {
    return machine::kStrategyNames[static_cast<std::size_t>(strategy)];
}

void put_space_json(Output& out, const SpaceInfo& info, bool current) {
    say(out, R"({"record":"space","v":1,"number":{},"current":{},"strategy":"{}","cr3":"{}",)",
        Decimal{info.number}, current, name_of(info.strategy),
        Hex{static_cast<std::uint32_t>(info.directory.raw())});
    say(out, R"("tables":{},"pages":{},"shared_pages":{},"extra_bytes":{}})", Decimal{info.tables},
        Decimal{info.pages}, Decimal{info.shared_pages}, Decimal{info.extra_bytes});
}

void put_space(Output& out, const SpaceInfo& info, bool current) {
    say(out, "{:2} {:1}  {:10}  directory {}  {}  {}", Decimal{info.number}, current ? "*" : "",
        name_of(info.strategy), info.directory, Count{info.tables, "table"}, Count{info.pages, "page"});
    if (info.shared_pages != 0) {
        say(out, "  {} shared", Decimal{info.shared_pages});
    }
    if (info.extra_bytes != 0) {
        say(out, "  {} extra", Size{info.extra_bytes});
    }
}

Status list(Invocation& invocation) {
    for (std::uint32_t number = 0; number < kMaxSpaces && !invocation.poll(); ++number) {
        if (const auto info = invocation.machine.space_info(number)) {
            (invocation.flags.json ? put_space_json : put_space)(invocation.out, *info,
                                                                 number == invocation.machine.space());
            say(invocation.out, "\n");
        }
    }
    return Status::ok;
}

Status unknown(Invocation& invocation, const char* what, std::string_view typed, const char* list) {
    const std::string_view near = nearest_word(typed, list);
    return near.empty() ? invocation.fail("'{}' is no {}; there are {}", typed, what, list)
                        : invocation.fail("'{}' is no {}; did you mean {}?", typed, what, near);
}

/// What the verb is handed: the number of a space or of a strategy. Nothing after an error was told.
std::optional<std::uint32_t> parse_argument(Invocation& invocation, Verb verb) {
    constexpr const char* kStrategies = "recursive table upper-half window direct";
    const std::string_view token = invocation.args[1];
    std::optional<std::uint32_t> argument;
    if (verb == Verb::use || verb == Verb::remove) {
        argument = read_decimal(token, kMaxSpaces - 1);
        if (!argument) {
            (void)no_space(invocation, token);
        }
    } else if (token.empty()) {
        argument = 0;
    } else if (verb == Verb::make) {
        argument = word_index(token, kStrategies);
        if (!argument) {
            (void)unknown(invocation, "strategy", token, kStrategies);
        }
    } else {
        (void)invocation.fail("'{}' is one argument too many: space {}", token, invocation.args[0]);
    }
    return argument;
}

std::expected<SpaceReport, machine::OperationError> run(Invocation& invocation, Verb verb,
                                                        std::uint32_t argument) {
    switch (verb) {
    case Verb::make:
        return invocation.machine.new_space(static_cast<machine::Strategy>(argument));
    case Verb::use:
        return invocation.machine.use_space(argument, invocation.change);
    case Verb::remove:
        return invocation.machine.delete_space(argument);
    default:
        return invocation.machine.clone_space(verb == Verb::cow);
    }
}

void tell(Invocation& invocation, Verb verb, const SpaceReport& report) {
    Output& out = invocation.out;
    const Decimal number{report.number}, from{invocation.machine.space_in_work()};
    switch (verb) {
    case Verb::make:
        return say(out, "space {} made: {}, directory {}\n", number, name_of(report.strategy),
                   report.directory);
    case Verb::use:
        return say(out, "now in space {}; CR3 loaded{}\n", number,
                   report.global_flushed     ? ", global pages flushed too"
                   : invocation.change.flush ? ""
                                             : ", the flush of global pages was left out");
    case Verb::remove:
        return say(out, "space {} deleted: {} freed\n", number, Count{report.frames_freed, "frame"});
    case Verb::clone:
        return say(out, "space {} is a copy of space {}: {}, {} copied\n", number, from,
                   Count{report.tables, "table"}, Count{report.pages_copied, "page"});
    default:
        say(out, "space {} shares {} with space {} until one side writes", number,
            Count{report.pages_shared, "page"}, from);
        say(out,
            report.all_flushed          ? "; CR3 loaded again\n"
            : report.pages_flushed != 0 ? "; {} flushed\n"
                                        : "\n",
            Count{report.pages_flushed, "page"});
    }
}

} // namespace

Status space(Invocation& invocation) {
    const std::string_view name = invocation.args.count == 0 ? "list" : invocation.args[0];
    const auto index = word_index(name, kVerbs);
    if (!index) {
        return unknown(invocation, "verb of space", name, kVerbs);
    }
    const auto verb = static_cast<Verb>(*index);
    if (invocation.flags.json && verb != Verb::list) {
        return invocation.fail("space {} prints no records; did you mean space list --json?", name);
    }
    if (!invocation.change.flush && verb != Verb::use) {
        return invocation.fail("noflush does not fit before space {}; help noflush says where it stands",
                               name);
    }
    const auto argument = parse_argument(invocation, verb);
    if (!argument) {
        return Status::error;
    }
    if (verb == Verb::list) {
        return list(invocation);
    }
    const auto done = run(invocation, verb, *argument);
    if (!done) {
        return refuse(invocation, done.error());
    }
    tell(invocation, verb, *done);
    return Status::ok;
}

} // namespace pagelab::shell::handlers
