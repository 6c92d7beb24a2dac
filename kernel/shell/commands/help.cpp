// help: what there is, and each command and topic with examples.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/table.hpp"
#include "kernel/shell/topics.hpp"

#include <span>

namespace pagelab::shell::handlers {
namespace {

void put_examples(Output& out, std::span<const Literal> examples) {
    for (const Literal example : examples) {
        if (!example.empty()) {
            say(out, "  {}\n", example);
        }
    }
}

constexpr std::size_t kNameColumns = 10;
constexpr std::size_t kLineColumns = 76;

void put_overview(Output& out) {
    for (std::size_t family = 0; family < kFamilyNames.size(); ++family) {
        say(out, "{:10}", kFamilyNames[family]);
        std::size_t column = kNameColumns;
        for (const Command& command : commands()) {
            if (static_cast<std::size_t>(command.family) == family) {
                column += 1 + std::string_view{command.name}.size();
                if (column > kLineColumns) {
                    say(out, "\n{:10}", "");
                    column = kNameColumns + 1 + std::string_view{command.name}.size();
                }
                say(out, " {}", command.name);
            }
        }
        say(out, "\n");
    }
    say(out, "topics    ");
    for (const Topic& topic : topics()) {
        say(out, " {}", topic.name);
    }
    say(out, "\nhelp COMMAND or help TOPIC tells more, with examples to type\n");
}

void put_command(Output& out, const Command& command) {
    put_usage_text(out, command);
    say(out, "\n{}\n{}", command.summary, command.details);
    put_examples(out, command.examples);
}

void put_topic(Output& out, const Topic& topic) {
    say(out, "{}: {}\n{}", topic.name, topic.summary, topic.text);
    put_examples(out, topic.examples);
}

/// The nearest name of a topic, then of a command.
std::string_view nearest(std::string_view name) {
    for (const Topic& topic : topics()) {
        if (edit_distance(name, topic.name) <= 2) {
            return topic.name;
        }
    }
    const Command* command = nearest_command(name);
    return command == nullptr ? std::string_view{} : std::string_view{command->name};
}

} // namespace

Status help(Invocation& invocation) {
    if (invocation.args.count == 0) {
        put_overview(invocation.out);
        return Status::ok;
    }
    const std::string_view name = invocation.args[0];
    if (const Command* command = find_command(name)) {
        put_command(invocation.out, *command);
        return Status::ok;
    }
    if (const Topic* topic = find_topic(name)) {
        put_topic(invocation.out, *topic);
        return Status::ok;
    }
    const std::string_view near = nearest(name);
    if (near.empty()) {
        return invocation.fail("no help on '{}'; help lists commands and topics", name);
    }
    return invocation.fail("no help on '{}'; did you mean {}?", name, near);
}

} // namespace pagelab::shell::handlers
