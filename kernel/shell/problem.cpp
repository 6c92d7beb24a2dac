#include "kernel/shell/problem.hpp"

#include <algorithm>

namespace pagelab::shell {

Part::Part() : kind_(Kind::none), number_(0) {}
Part::Part(std::string_view text) : kind_(Kind::text), text_(text) {}
Part::Part(const char* text) : Part(std::string_view{text}) {}
Part::Part(const Proposal& word) : kind_(Kind::word), word_{} {
    word.view().copy(word_, sizeof word_ - 1);
}
Part::Part(Decimal number) : kind_(Kind::decimal), decimal_(number) {}
Part::Part(Hex number) : kind_(Kind::hex), hex_(number) {}
Part::Part(Size size) : kind_(Kind::size), size_(size) {}
Part::Part(Count count) : kind_(Kind::count), count_(count) {}
Part::Part(paging::VirtAddr va) : kind_(Kind::virtual_address), va_(va) {}
Part::Part(paging::PhysAddr pa) : kind_(Kind::physical_address), pa_(pa) {}
Part::Part(const paging::VirtRange& range) : kind_(Kind::range), range_(range) {}

Problem::Problem(const char* text, std::span<const Part> list) : sentence(text) {
    std::copy(list.begin(), list.end(), parts.begin());
}

void Part::write(Output& out) const {
    switch (kind_) {
    case Kind::none:
        return;
    case Kind::text:
        return print(out, text_);
    case Kind::word:
        return print(out, static_cast<const char*>(word_));
    case Kind::decimal:
        return print(out, decimal_);
    case Kind::hex:
        return print(out, hex_);
    case Kind::size:
        return print(out, size_);
    case Kind::count:
        return print(out, count_);
    case Kind::virtual_address:
        return print(out, va_);
    case Kind::physical_address:
        return print(out, pa_);
    case Kind::range:
        return print(out, range_);
    }
}

void Problem::write(Output& out) const {
    std::string_view rest = sentence;
    for (const Part& part : parts) {
        const std::size_t gap = rest.find("{}");
        if (gap == std::string_view::npos) {
            break;
        }
        out.put(rest.substr(0, gap));
        part.write(out);
        rest.remove_prefix(gap + 2);
    }
    out.put(rest);
}

} // namespace pagelab::shell
