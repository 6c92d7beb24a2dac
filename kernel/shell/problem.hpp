// What is wrong with a command. For the parsers of arguments and the commands.
// The sentence stands in one static line, written when the problem is found: what is handed on is a mark that
// there is one. So an error costs a parser a few bytes, and the last one found is the one that is told.
#pragma once

#include "kernel/shell/print.hpp"

#include <expected>
#include <string_view>

namespace pagelab::shell {

/// A word of at most 15 characters that is kept by value: a proposal.
using Proposal = Text<15>;

/// The sentence of the last problem, without `error: `.
[[nodiscard]] std::string_view problem_text();
/// The line of the sentence, to be written anew: for what one sentence can't say.
[[nodiscard]] Line& begin_problem();
/// The same line, to say more.
[[nodiscard]] Line& problem_line();

/// There is a problem: problem_text() says which.
struct Problem {
    void write(Output& out) const { out.put(problem_text()); }
};

template <class T>
using Parsed = std::expected<T, Problem>;

/// Writes a sentence with its parts in place of {} into the line; `kinds` as paging::say has them.
Problem note_problem(const char* sentence, std::uint32_t kinds, ...);

template <class... Parts>
[[nodiscard, gnu::always_inline]] inline Problem problem(const char* sentence, const Parts&... parts) {
    return note_problem(sentence, paging::detail::kinds_of<Parts...>(), paging::detail::pass(parts).value...);
}

template <class... Parts>
[[nodiscard, gnu::always_inline]] inline std::unexpected<Problem> wrong(const char* sentence,
                                                                        const Parts&... parts) {
    return std::unexpected{problem(sentence, parts...)};
}

} // namespace pagelab::shell
