// A line of text out of parts: `print(out, "table ", va, " has ", Decimal{3}, " entries")`.
// For the shell and its commands. How a number is spelled is kernel/paging/writer.hpp's business. All text
// goes through one type of output, so that the kernel holds one copy of what writes it.
#pragma once

#include "kernel/paging/writer.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pagelab::shell {

/// Where the shell's text goes: the machine's serial port, a line under construction, a string in a test.
class Output {
public:
    virtual void put(std::string_view text) = 0;

protected:
    ~Output() = default;
};

/// A text of at most N characters; what is beyond is dropped.
template <std::size_t N>
class Text final : public Output {
public:
    void put(std::string_view text) override { text_.put(text); }
    [[nodiscard]] std::string_view view() const { return text_.view(); }
    [[nodiscard]] std::size_t size() const { return text_.size(); }
    [[nodiscard]] bool empty() const { return text_.size() == 0; }

private:
    paging::FixedText<N> text_;
};

struct Decimal {
    std::uint32_t value;
};
/// Decimal of 64 bits.
struct LongDecimal {
    std::uint64_t value;
};
struct Hex {
    std::uint64_t value;
    unsigned digits = 8;
};
/// Bytes, as KiB, MiB or GiB where that is whole.
struct Size {
    std::uint64_t bytes;
};
/// `3 pages`, `1 page`: the noun's plural takes an s.
struct Count {
    std::uint32_t value;
    std::string_view noun;
};

void print_part(Output& out, std::string_view text);
/// A literal: shorter to call than with a view of it, and most text is literals.
void print_part(Output& out, const char* text);
void print_part(Output& out, Decimal number);
void print_part(Output& out, LongDecimal number);
void print_part(Output& out, Hex number);
void print_part(Output& out, Size size);
void print_part(Output& out, Count count);
void print_part(Output& out, paging::VirtAddr va);
void print_part(Output& out, paging::PhysAddr pa);
void print_part(Output& out, const paging::VirtRange& range);

template <class... Parts>
[[gnu::always_inline]] inline void print(Output& out, const Parts&... parts) {
    (print_part(out, parts), ...);
}

} // namespace pagelab::shell
