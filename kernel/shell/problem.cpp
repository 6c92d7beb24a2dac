#include "kernel/shell/problem.hpp"

#include <array>

namespace pagelab::shell {
namespace {

constinit std::array<char, 384> text{};
constinit Line line{text};

} // namespace

std::string_view problem_text() {
    return line.view();
}

Line& problem_line() {
    return line;
}

Line& begin_problem() {
    line.clear();
    return line;
}

Problem note_problem(const char* sentence, std::uint32_t kinds, ...) {
    paging::detail::Words words;
    va_start(words.list, kinds);
    paging::detail::put_sentence<Output>(begin_problem(), sentence, kinds, words);
    va_end(words.list);
    return {};
}

} // namespace pagelab::shell
