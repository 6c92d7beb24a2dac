#include "kernel/shell/completion.hpp"

#include "kernel/shell/demo.hpp"
#include "kernel/shell/table.hpp"
#include "kernel/shell/topics.hpp"

namespace pagelab::shell {
namespace {

constexpr std::string_view kRights = "r rw ru rwu rwg rwu,nc rw,nc rw,wt rw,big rwu,big";
constexpr std::string_view kRightsWords = "nc wt pat big";

class Candidates {
public:
    Candidates(Completions& completions, std::string_view typed) : completions_(completions), typed_(typed) {}

    void offer(std::string_view candidate) {
        if (candidate.starts_with(typed_)) {
            completions_.add(candidate);
        }
    }
    void offer_words(std::string_view list) {
        for_each_word(list, ' ', [&](std::string_view word) { offer(word); });
    }
    void offer_commands() {
        for (const Command& command : commands()) {
            offer(command.name);
        }
    }
    void offer_demos() {
        for (const Demo& demo : demos()) {
            offer(demo.name);
        }
    }
    void offer_crashes() {
        for (const machine::CrashRow& row : machine::kCrashes) {
            offer(row.name);
        }
    }
    void offer_topics() {
        for (const Topic& topic : topics()) {
            offer(topic.name);
        }
    }

private:
    Completions& completions_;
    std::string_view typed_;
};

/// The list at `position` of a row's words.
std::string_view words_at(std::string_view lists, std::size_t position) {
    for (; position > 0; --position) {
        (void)take_item(lists, '|');
    }
    return take_item(lists, '|');
}

/// Words before the command that is being typed: `repeat N`, `time`, `in N`, `force`, `noflush`.
std::size_t skip_modifiers(const interface::Words& words, std::size_t current) {
    std::size_t first = 0;
    while (first < current) {
        const Command* command = find_command(words[first]);
        if (command == nullptr || command->handler != nullptr) {
            break;
        }
        first += command->min_args == 2 ? 2 : 1;
    }
    return first;
}

void offer_options(Candidates& candidates, const Command& command) {
    if (command.kind == Kind::query) {
        candidates.offer("--json");
    }
    for_each_word(command.options, ' ', [&](std::string_view option) {
        candidates.offer(option.ends_with('=') ? option.substr(0, option.size() - 1) : option);
    });
}

void offer_arguments(Candidates& candidates, Completions& completions, const Command& command,
                     std::size_t position, std::string_view before, std::string_view typed) {
    std::string_view list = words_at(command.words, position);
    // `new=` before words: they follow that word only.
    if (const std::size_t equals = list.find('='); equals != std::string_view::npos) {
        list = list.substr(0, equals) == before ? list.substr(equals + 1) : std::string_view{};
    }
    const std::size_t comma = typed.rfind(',');
    if (is(list, "@rights") && comma != std::string_view::npos) {
        completions.word_begin += comma + 1;
        Candidates(completions, typed.substr(comma + 1)).offer_words(kRightsWords);
    } else if (is(list, "@rights")) {
        candidates.offer_words(kRights);
    } else if (is(list, "@topics")) {
        candidates.offer_commands();
        candidates.offer_topics();
    } else if (list == "@demos") {
        candidates.offer_demos();
    } else if (list == "@crashes") {
        candidates.offer_crashes();
    } else {
        candidates.offer_words(list);
    }
}

} // namespace

Completions complete(std::string_view line) {
    Completions completions;
    if (const std::size_t last = line.rfind(';'); last != std::string_view::npos) {
        completions.word_begin = last + 1;
    }
    const interface::Words words = interface::split_words(line.substr(completions.word_begin));
    const bool fresh = line.empty() || interface::is_blank(line.back()) || words.count == 0;
    const std::string_view typed = fresh ? std::string_view{} : words[words.count - 1];
    const std::size_t current = fresh ? words.count : words.count - 1;
    completions.word_begin = line.size() - typed.size();

    Candidates candidates(completions, typed);
    const std::size_t first = skip_modifiers(words, current);
    if (current < first) { // the number of `repeat` or `in`
        return completions;
    }
    if (current == first) {
        candidates.offer_commands();
        return completions;
    }
    const Command* command = find_command(words[first]);
    if (command == nullptr) {
        return completions;
    }
    std::size_t position = 0;
    for (std::size_t i = first + 1; i < current; ++i) {
        position += words[i].starts_with("--") ? 0u : 1u;
    }
    if (typed.starts_with("-")) {
        offer_options(candidates, *command);
    } else {
        offer_arguments(candidates, completions, *command, position, words[current - 1], typed);
    }
    return completions;
}

} // namespace pagelab::shell
