#include "kernel/shell/print.hpp"

namespace pagelab::shell {

void Line::put(std::string_view text) {
    size_ += text.copy(data_ + size_, room_ - size_);
}

bool is(std::string_view word, const char* literal) {
    return word == literal;
}

} // namespace pagelab::shell
