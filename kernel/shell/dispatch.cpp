#include "kernel/shell/dispatch.hpp"

#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/synonyms.hpp"

namespace pagelab::shell {
namespace {

Status misuse(Invocation& invocation, const Command& command, Problem problem) {
    say(problem_line(), "; usage: ");
    put_usage_text(problem_line(), command);
    return invocation.error(problem);
}

Status unknown_command(Invocation& invocation, std::string_view name) {
    if (const Command* near = nearest_command(name)) {
        return invocation.fail("no command '{}'; did you mean {}?", name, near->name);
    }
    return invocation.fail("no command '{}'; help lists them", name);
}

std::string_view option_name(std::string_view option) {
    return option.ends_with('=') ? option.substr(0, option.size() - 1) : option;
}

/// The option of the row that is spelled so; empty if there is none.
std::string_view find_option(const Command& command, std::string_view word) {
    if (command.kind == Kind::query && is(word, "--json")) {
        return "--json";
    }
    std::string_view found;
    for_each_word(command.options, ' ', [&](std::string_view option) {
        if (option_name(option) == word) {
            found = option;
        }
    });
    return found;
}

Status unknown_option(Invocation& invocation, const Command& command, std::string_view word) {
    std::string_view near;
    const auto consider = [&](std::string_view option) {
        if (edit_distance(word, option_name(option)) <= 3) {
            near = option_name(option);
        }
    };
    for_each_word(command.options, ' ', consider);
    if (command.kind == Kind::query) {
        consider("--json");
    }
    if (!near.empty()) {
        return invocation.fail("'{}' is not an option of {}; did you mean {}?", word, command.name, near);
    }
    return misuse(invocation, command, problem("'{}' is not an option of {}", word, command.name));
}

void set_option(Flags& flags, std::string_view option, std::string_view value) {
    if (is(option, "--json")) {
        flags.json = true;
    } else if (is(option, "--writable")) {
        flags.writable = true;
    } else if (is(option, "--user")) {
        flags.user = true;
    } else if (is(option, "--exec")) {
        flags.executable = true;
    } else if (is(option, "--tree")) {
        flags.tree = true;
    } else if (is(option, "--ad")) {
        flags.accessed_dirty = true;
    } else if (is(option, "--machine")) {
        flags.machine = true;
    } else if (is(option, "--phys=")) {
        flags.phys = value;
    } else if (is(option, "--cr3=")) {
        flags.cr3 = value;
    }
}

/// Its words are not ours to read.
bool is_echo(const Command& command) {
    return is(command.name, "echo");
}

/// Leaves of the words after the name those that are no options.
Status take_words(Invocation& invocation, const Command& command) {
    interface::Words& words = invocation.args;
    const std::size_t count = words.count;
    const bool takes_dashes = is_echo(command);
    words.count = 0;
    for (std::size_t i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (!word.starts_with("--") || is(word, "---") || takes_dashes) {
            words.items[words.count++] = word;
            continue;
        }
        const std::string_view option = find_option(command, word);
        if (option.empty()) {
            return unknown_option(invocation, command, word);
        }
        std::string_view value;
        if (option.ends_with('=')) {
            if (++i == count) {
                return misuse(invocation, command, problem("{} needs a value", word));
            }
            value = words[i];
        }
        set_option(invocation.flags, option, value);
    }
    for (std::size_t i = words.count; i < count; ++i) {
        words.items[i] = {};
    }
    return Status::ok;
}

Status check_count(Invocation& invocation, const Command& command) {
    const std::size_t count = invocation.args.count;
    if (count < command.min_args) {
        return misuse(
            invocation, command,
            problem("{}{}", command.name, count == 0 ? " needs arguments" : " needs more arguments"));
    }
    if (count > command.max_args) {
        return misuse(invocation, command,
                      problem("'{}' is one argument too many", invocation.args[command.max_args]));
    }
    return Status::ok;
}

/// Which of force and noflush was typed and does not fit before the command; empty if none.
std::string_view unfit_prefix(const Command& command, machine::ChangeOptions typed) {
    const auto fits = [&](Prefixes prefix) {
        return (static_cast<unsigned>(command.prefixes) & static_cast<unsigned>(prefix)) != 0;
    };
    if (typed.force && !fits(Prefixes::force)) {
        return "force";
    }
    return typed.flush || fits(Prefixes::noflush) ? "" : "noflush";
}

/// Whether the command asks of tables, or changes them, by no other way than reading and writing them.
bool works_elsewhere(const Command& command) {
    return command.family <= Family::memory || command.kind == Kind::modifier || command.name == "fault";
}

/// `in N`: the rest of the command means that space.
Status enter_space(Invocation& invocation, std::string_view token) {
    const auto number = read_decimal(token, machine::kMaxSpaces - 1);
    if (!number) {
        return no_space(invocation, token);
    }
    const auto entered = invocation.machine.work_in(*number);
    return entered ? Status::ok : refuse(invocation, entered.error());
}

bool asks_for_help(std::string_view word) {
    return is(word, "--help") || is(word, "-h");
}

Status help_on(Invocation& invocation, std::string_view name) {
    invocation.args = {};
    invocation.args.items[0] = name;
    invocation.args.count = 1;
    return find_command("help")->handler(invocation);
}

Status run(Invocation& invocation, const Command& command) {
    const interface::Words& words = invocation.args;
    if (words.count == 2 && asks_for_help(words[1]) && !is_echo(command)) {
        return help_on(invocation, command.name);
    }
    if (command.kind == Kind::modifier) {
        return misuse(invocation, command, problem("{} stands before in, force and noflush", command.name));
    }
    if (const Status status = take_words(invocation, command); status != Status::ok) {
        return status;
    }
    if (const Status status = check_count(invocation, command); status != Status::ok) {
        return status;
    }
    return command.handler(invocation);
}

/// What stood before the command.
struct Taken {
    std::string_view prefix; // the last of force, noflush and in
    std::string_view space;  // what followed `in`
    bool again = false;      // `in` stood twice
};

/// Takes force, noflush and `in N` off the words.
Taken take_prefixes(Invocation& invocation) {
    Taken taken;
    std::size_t count = 0;
    for (;; ++count) {
        const std::string_view word = invocation.args[count];
        if (is(word, "force")) {
            invocation.change.force = true;
        } else if (is(word, "noflush")) {
            invocation.change.flush = false;
        } else if (is(word, "in")) {
            taken.again = taken.again || !taken.space.empty();
            if (count + 1 < invocation.args.count && !asks_for_help(invocation.args[count + 1])) {
                taken.space = invocation.args[++count];
            }
        } else {
            break;
        }
        taken.prefix = word;
    }
    invocation.args.drop(count);
    return taken;
}

/// Our command for the words, which may be another tool's; nothing after an error was told.
const Command* find_or_translate(Invocation& invocation) {
    interface::Words& words = invocation.args;
    if (const Command* command = find_command(words[0])) {
        return command;
    }
    const auto ours = translate_foreign(words);
    if (!ours) {
        invocation.error(ours.error());
        return nullptr;
    }
    if (ours->empty()) {
        unknown_command(invocation, words[0]);
        return nullptr;
    }
    if (!invocation.flags.json) {
        say(invocation.out, "# {}\n", *ours);
    }
    words.split(*ours);
    return find_command(words[0]);
}

} // namespace

void print_error(Output& out, std::string_view text, bool json) {
    if (json) {
        say(out, "{\"record\":\"error\",\"v\":1,\"text\":{}}\n", Quoted{text});
    } else {
        say(out, "error: {}\n", text);
    }
}

void print_error(Output& out, Problem, bool json) {
    print_error(out, problem_text(), json);
}

Status Invocation::error(Problem) {
    return error(problem_text());
}

Status Invocation::fail_words(const char* sentence, std::uint32_t kinds, ...) {
    paging::detail::Words words;
    va_start(words.list, kinds);
    paging::detail::put_sentence<Output>(begin_problem(), sentence, kinds, words);
    va_end(words.list);
    return error(Problem{});
}

Status Invocation::error(std::string_view text) {
    print_error(out, text, flags.json);
    return Status::error;
}

bool wants_json(std::string_view command) {
    const interface::Words words = interface::split_words(command);
    for (std::size_t i = 0; i < words.count; ++i) {
        if (is(words[i], "--json")) {
            return true;
        }
    }
    return false;
}

Status dispatch(Invocation& invocation, std::string_view text) {
    invocation.flags.json = wants_json(text);
    interface::Words& words = invocation.args;
    words.split(text);
    if (words.overflow) {
        return invocation.fail("a command has at most {} words", Decimal{interface::kMaxWords});
    }
    const Taken taken = take_prefixes(invocation);
    if (taken.again) {
        return invocation.fail("a command works in one space: in stands once before it");
    }
    if (words.count == 0) {
        return misuse(invocation, *find_command(taken.prefix),
                      problem("{} needs {}", taken.prefix,
                              is(taken.prefix, "in") ? "a number and a command" : "a command"));
    }
    if (!taken.prefix.empty() && asks_for_help(words[0])) {
        return help_on(invocation, taken.prefix);
    }
    if (!taken.space.empty()) {
        if (const Status status = enter_space(invocation, taken.space); status != Status::ok) {
            return status;
        }
    }
    const Command* command = find_or_translate(invocation);
    if (command == nullptr) {
        return Status::error;
    }
    if (const std::string_view unfit = unfit_prefix(*command, invocation.change); !unfit.empty()) {
        return invocation.fail("{} does not fit before {}; help {} says where it stands", unfit,
                               command->name, unfit);
    }
    const std::uint32_t in_work = invocation.machine.space_in_work();
    if (in_work != invocation.machine.space() && !works_elsewhere(*command)) {
        return invocation.fail("{} works in the current space only; did you mean space use {}?",
                               command->name, Decimal{in_work});
    }
    return run(invocation, *command);
}

} // namespace pagelab::shell
