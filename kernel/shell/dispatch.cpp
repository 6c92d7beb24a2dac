#include "kernel/shell/dispatch.hpp"

#include "kernel/shell/synonyms.hpp"

namespace pagelab::shell {
namespace {

Status misuse(Invocation& invocation, const Command& command, Problem problem) {
    print(problem_line(), "; usage: ");
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

bool takes_prefix(const Command& command, bool force) {
    return command.prefixes == Prefixes::both || (command.prefixes == Prefixes::force && force);
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
        return misuse(invocation, command, problem("{} stands before force and noflush", command.name));
    }
    if (const Status status = take_words(invocation, command); status != Status::ok) {
        return status;
    }
    if (const Status status = check_count(invocation, command); status != Status::ok) {
        return status;
    }
    return command.handler(invocation);
}

/// Takes `force` and `noflush` off the words; the last of them, or nothing.
std::string_view take_prefixes(Invocation& invocation) {
    std::string_view prefix;
    std::size_t count = 0;
    for (;; ++count) {
        const std::string_view word = invocation.args[count];
        if (is(word, "force")) {
            invocation.change.force = true;
        } else if (is(word, "noflush")) {
            invocation.change.flush = false;
        } else {
            break;
        }
        prefix = word;
    }
    invocation.args.drop(count);
    return prefix;
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
    const std::string_view prefix = take_prefixes(invocation);
    if (words.count == 0) {
        return misuse(invocation, *find_command(prefix), problem("{} needs a command", prefix));
    }
    if (!prefix.empty() && asks_for_help(words[0])) {
        return help_on(invocation, prefix);
    }
    const Command* command = find_or_translate(invocation);
    if (command == nullptr) {
        return Status::error;
    }
    if (!prefix.empty() && !takes_prefix(*command, invocation.change.flush)) {
        return invocation.fail("{} does not fit before {}; help {} says where it stands", prefix,
                               command->name, prefix);
    }
    return run(invocation, *command);
}

} // namespace pagelab::shell
