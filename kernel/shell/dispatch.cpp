#include "kernel/shell/dispatch.hpp"

#include "kernel/paging/json.hpp"
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
    if (word == "--json" && command.kind == Kind::query) {
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
    if (option == "--json") {
        flags.json = true;
    } else if (option == "--writable") {
        flags.writable = true;
    } else if (option == "--user") {
        flags.user = true;
    } else if (option == "--exec") {
        flags.executable = true;
    } else if (option == "--phys=") {
        flags.phys = value;
    } else if (option == "--cr3=") {
        flags.cr3 = value;
    }
}

/// Splits the words after the name into options and arguments.
Status take_words(Invocation& invocation, const Command& command, const interface::Words& words,
                  std::size_t first) {
    const bool takes_dashes = command.name == "echo";
    for (std::size_t i = first; i < words.count; ++i) {
        const std::string_view word = words[i];
        if (!word.starts_with("--") || word == "---" || takes_dashes) {
            invocation.args.items[invocation.args.count++] = word;
            continue;
        }
        const std::string_view option = find_option(command, word);
        if (option.empty()) {
            return unknown_option(invocation, command, word);
        }
        std::string_view value;
        if (option.ends_with('=')) {
            if (++i == words.count) {
                return misuse(invocation, command, problem("{} needs a value", word));
            }
            value = words[i];
        }
        set_option(invocation.flags, option, value);
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

bool takes_prefix(const Command& command, std::string_view prefix) {
    return command.prefixes == Prefixes::both || (command.prefixes == Prefixes::force && prefix == "force");
}

bool asks_for_help(std::string_view word) {
    return word == "--help" || word == "-h";
}

Status help_on(Invocation& invocation, std::string_view name) {
    invocation.args.items[0] = name;
    invocation.args.count = 1;
    return find_command("help")->handler(invocation);
}

Status run(Invocation& invocation, const Command& command, const interface::Words& words, std::size_t first) {
    if (words.count == first + 1 && asks_for_help(words[first]) && command.name != "echo") {
        return help_on(invocation, command.name);
    }
    if (command.kind == Kind::modifier) {
        return misuse(invocation, command, problem("{} stands before force and noflush", command.name));
    }
    if (const Status status = take_words(invocation, command, words, first); status != Status::ok) {
        return status;
    }
    if (const Status status = check_count(invocation, command); status != Status::ok) {
        return status;
    }
    return command.handler(invocation);
}

} // namespace

void print_error(Output& out, std::string_view text, bool json) {
    if (json) {
        paging::JsonObject object(out, "error");
        object.text("text", text);
    } else {
        print(out, "error: ", text);
    }
    print(out, "\n");
}

void print_error(Output& out, Problem, bool json) {
    print_error(out, problem_text(), json);
}

Status Invocation::error(Problem) {
    return error(problem_text());
}

Status Invocation::error(std::string_view text) {
    print_error(out, text, flags.json);
    return Status::error;
}

bool wants_json(std::string_view command) {
    const interface::Words words = interface::split_words(command);
    for (std::size_t i = 0; i < words.count; ++i) {
        if (words[i] == "--json") {
            return true;
        }
    }
    return false;
}

Status dispatch(Invocation& invocation, std::string_view text) {
    invocation.flags.json = wants_json(text);
    interface::Words words = interface::split_words(text);
    std::size_t first = 0;
    std::string_view prefix;
    for (; words[first] == "force" || words[first] == "noflush"; ++first) {
        prefix = words[first];
        (prefix == "force" ? invocation.change.force : invocation.change.flush) = prefix == "force";
    }
    if (words.overflow) {
        return invocation.fail("a command has at most {} words", Decimal{interface::kMaxWords});
    }
    if (first == words.count) {
        return misuse(invocation, *find_command(prefix), problem("{} needs a command", prefix));
    }
    if (!prefix.empty() && asks_for_help(words[first])) {
        return help_on(invocation, prefix);
    }
    CommandText ours;
    if (find_command(words[first]) == nullptr) {
        interface::Words rest;
        for (std::size_t i = first; i < words.count; ++i) {
            rest.items[rest.count++] = words[i];
        }
        if (const auto foreign = translate_foreign(rest)) {
            if (!*foreign) {
                return invocation.error(foreign->error());
            }
            ours = **foreign;
            if (!invocation.flags.json) {
                print(invocation.out, "# ", ours.view(), "\n");
            }
            words = interface::split_words(ours.view());
            first = 0;
        }
    }
    const Command* command = find_command(words[first]);
    if (command == nullptr) {
        return unknown_command(invocation, words[first]);
    }
    if (!prefix.empty() && !takes_prefix(*command, invocation.change.flush ? "force" : "noflush")) {
        return invocation.fail("{} does not fit before {}; help {} says where it stands", prefix,
                               command->name, prefix);
    }
    return run(invocation, *command, words, first + 1);
}

} // namespace pagelab::shell
