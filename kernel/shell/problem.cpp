#include "kernel/shell/problem.hpp"

#include <algorithm>

namespace pagelab::shell {
namespace {

constinit std::array<char, 384> text{};
constinit std::size_t size = 0;

class Line final : public Output {
public:
    void put(std::string_view more) override { size += more.copy(text.data() + size, text.size() - size); }
};
constinit Line line;

} // namespace

std::string_view problem_text() {
    return {text.data(), size};
}

Output& problem_line() {
    return line;
}

Output& begin_problem() {
    size = 0;
    return line;
}

Problem note_problem(const char* sentence, std::uint32_t kinds, ...) {
    paging::detail::Words words;
    va_start(words.list, kinds);
    paging::detail::put_sentence(begin_problem(), sentence, kinds, words);
    va_end(words.list);
    return {};
}

} // namespace pagelab::shell
