// The one table of commands, sorted by name, and looking into it.
// For the dispatcher, `help` and completion.
#pragma once

#include "kernel/shell/command.hpp"

#include <span>
#include <string_view>

namespace pagelab::shell {

[[nodiscard]] std::span<const Command> commands();
[[nodiscard]] const Command* find_command(std::string_view name);
/// The command whose name is the nearest to a mistyped one, if any is near.
[[nodiscard]] const Command* nearest_command(std::string_view name);
/// Insertions, deletions, replacements and swaps of neighbours between two short words.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The place of a word in a list that is separated by spaces.
[[nodiscard]] std::optional<std::uint32_t> word_index(std::string_view word, std::string_view list);
/// The word of such a list that `typed` was probably meant to be: the nearest one, or the
/// one that it begins. Empty if none is near.
[[nodiscard]] std::string_view nearest_word(std::string_view typed, std::string_view list);

/// The name in a table of rows that is the nearest to a mistyped one; empty if none is near.
template <class Rows>
[[nodiscard]] std::string_view nearest_name(std::string_view typed, const Rows& rows) {
    std::string_view near;
    std::size_t least = 3; // typing errors that a name may have
    for (const auto& row : rows) {
        if (const std::size_t distance = edit_distance(typed, row.name); distance < least) {
            least = distance;
            near = row.name;
        }
    }
    return near;
}

/// `walk VA [--json]`.
void put_usage_text(Output& out, const Command& command);

/// Takes the first item off a list that is separated by `separator`; the item may be empty.
[[nodiscard]] std::string_view take_item(std::string_view& list, char separator);

/// Calls `visit(std::string_view)` for each item of the list that is not empty.
template <class Visit>
void for_each_word(std::string_view list, char separator, Visit visit) {
    while (!list.empty()) {
        if (const std::string_view word = take_item(list, separator); !word.empty()) {
            visit(word);
        }
    }
}

} // namespace pagelab::shell
