// space: address spaces listed, made, copied, loaded and deleted.
#include "kernel/paging/json.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/table.hpp"

namespace pagelab::shell::handlers {
namespace {

using machine::SpaceInfo;
using machine::SpaceReport;

using Result = std::expected<SpaceReport, machine::OperationError>;

std::string_view name_of(machine::Strategy strategy) {
    return machine::kStrategyNames[static_cast<std::size_t>(strategy)];
}

void put_space_json(Output& out, const SpaceInfo& info, bool current) {
    {
        paging::JsonObject json(out, "space");
        json.number("number", info.number);
        json.boolean("current", current);
        json.text("strategy", name_of(info.strategy));
        json.address("cr3", info.directory);
        json.number("tables", info.tables);
        json.number("pages", info.pages);
        json.number("shared_pages", info.shared_pages);
        json.number("extra_bytes", info.extra_bytes);
    }
    say(out, "\n");
}

void put_space(Output& out, const SpaceInfo& info, bool current) {
    print(out, Decimal{info.number}, info.number < 10 ? " " : "", current ? " *  " : "    ");
    paging::put_padded(out, name_of(info.strategy), 10);
    say(out, "  directory {}  {}  {}", info.directory, Count{info.tables, "table"},
        Count{info.pages, "page"});
    if (info.shared_pages != 0) {
        say(out, "  {} shared", Decimal{info.shared_pages});
    }
    if (info.extra_bytes != 0) {
        say(out, "  {} extra", Size{info.extra_bytes});
    }
    say(out, "\n");
}

Status list(Invocation& invocation) {
    for (std::uint32_t number = 0; number < machine::kMaxSpaces && !invocation.poll(); ++number) {
        if (const auto info = invocation.machine.space_info(number)) {
            const bool current = number == invocation.machine.space();
            (invocation.flags.json ? put_space_json : put_space)(invocation.out, *info, current);
        }
    }
    return Status::ok;
}

void put_flushed(Output& out, const SpaceReport& report) {
    if (report.all_flushed) {
        say(out, "; CR3 loaded again");
    } else if (report.pages_flushed != 0) {
        say(out, "; {} flushed", Count{report.pages_flushed, "page"});
    }
}

Result make(Invocation& invocation, std::uint32_t strategy) {
    const auto done = invocation.machine.new_space(static_cast<machine::Strategy>(strategy));
    if (done) {
        say(invocation.out, "space {} made: {}, directory {}", Decimal{done->number}, name_of(done->strategy),
            done->directory);
    }
    return done;
}

Result clone(Invocation& invocation, std::uint32_t) {
    const auto done = invocation.machine.clone_space(false);
    if (done) {
        say(invocation.out, "space {} is a copy of space {}: {}, {} copied", Decimal{done->number},
            Decimal{invocation.machine.space_in_work()}, Count{done->tables, "table"},
            Count{done->pages_copied, "page"});
    }
    return done;
}

Result cow(Invocation& invocation, std::uint32_t) {
    const auto done = invocation.machine.clone_space(true);
    if (done) {
        say(invocation.out, "space {} shares {} with space {} until one side writes", Decimal{done->number},
            Count{done->pages_shared, "page"}, Decimal{invocation.machine.space_in_work()});
        put_flushed(invocation.out, *done);
    }
    return done;
}

Result use(Invocation& invocation, std::uint32_t number) {
    const auto done = invocation.machine.use_space(number, invocation.change);
    if (done) {
        say(invocation.out, "now in space {}; CR3 loaded{}", Decimal{number},
            done->global_flushed      ? ", global pages flushed too"
            : invocation.change.flush ? ""
                                      : ", the flush of global pages was left out");
    }
    return done;
}

Result remove(Invocation& invocation, std::uint32_t number) {
    const auto done = invocation.machine.delete_space(number);
    if (done) {
        say(invocation.out, "space {} deleted: {} freed", Decimal{number},
            Count{done->frames_freed, "frame"});
        put_flushed(invocation.out, *done);
    }
    return done;
}

struct Verb {
    std::string_view name;
    enum class Argument : std::uint8_t { none, strategy, number } argument{};
    Result (*run)(Invocation&, std::uint32_t) = nullptr; // none for `list`
};
constexpr std::array<Verb, 6> kVerbs = {{{"list"},
                                         {"new", Verb::Argument::strategy, make},
                                         {"clone", Verb::Argument::none, clone},
                                         {"cow", Verb::Argument::none, cow},
                                         {"use", Verb::Argument::number, use},
                                         {"delete", Verb::Argument::number, remove}}};

Status unknown(Invocation& invocation, const char* what, std::string_view typed, std::string_view list) {
    if (const std::string_view near = nearest_word(typed, list); !near.empty()) {
        return invocation.fail("'{}' is no {}; did you mean {}?", typed, what, near);
    }
    return invocation.fail("'{}' is no {}; there are {}", typed, what, list);
}

/// The number that the verb is handed: of a space, or of a strategy. Nothing after an error.
std::optional<std::uint32_t> parse_argument(Invocation& invocation, const Verb& verb) {
    const std::string_view token = invocation.args[1];
    switch (verb.argument) {
    case Verb::Argument::none:
        if (!token.empty()) {
            (void)invocation.fail("'{}' is one argument too many: space {}", token, verb.name);
            return std::nullopt;
        }
        return 0;
    case Verb::Argument::strategy:
        for (std::uint32_t i = 0; i < machine::kStrategyNames.size(); ++i) {
            if (token == machine::kStrategyNames[i] || token.empty()) {
                return i;
            }
        }
        (void)unknown(invocation, "strategy", token, "recursive table upper-half window direct");
        return std::nullopt;
    case Verb::Argument::number:
        break;
    }
    const auto number = read_decimal(token, machine::kMaxSpaces - 1);
    if (!number) {
        (void)no_space(invocation, token);
    }
    return number;
}

} // namespace

Status space(Invocation& invocation) {
    const std::string_view name = invocation.args.count == 0 ? "list" : invocation.args[0];
    const Verb* verb = kVerbs.begin();
    while (verb != kVerbs.end() && verb->name != name) {
        ++verb;
    }
    if (verb == kVerbs.end()) {
        return unknown(invocation, "verb of space", name, "list new clone cow use delete");
    }
    if (invocation.flags.json && verb->run != nullptr) {
        return invocation.fail("space {} prints no records; did you mean space list --json?", name);
    }
    if (!invocation.change.flush && verb->run != use) {
        return invocation.fail("noflush does not fit before space {}; help noflush says where it stands",
                               name);
    }
    const auto argument = parse_argument(invocation, *verb);
    if (!argument) {
        return Status::error;
    }
    if (verb->run == nullptr) {
        return list(invocation);
    }
    const auto done = verb->run(invocation, *argument);
    if (!done) {
        return refuse(invocation, done.error());
    }
    say(invocation.out, "\n");
    return Status::ok;
}

} // namespace pagelab::shell::handlers
