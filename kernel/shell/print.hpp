// A line of text out of parts: `print(out, "table ", va, " has ", Decimal{3}, " entries")`, or with a
// sentence: `say(out, "table {} has {} entries", va, Decimal{3})`, which is smaller and reads better. For the
// shell and its commands. What a part may be is kernel/paging/say.hpp's business. All text goes through one
// type of output, so that the kernel holds one copy of what writes it.
#pragma once

#include "kernel/paging/say.hpp"

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

using paging::Count;
using paging::Decimal;
using paging::Hex;
using paging::LongDecimal;
using paging::Size;

/// Writes `sentence` with the parts in place of its {}.
template <class... Parts>
[[gnu::always_inline]] inline void say(Output& out, const char* sentence, const Parts&... parts) {
    paging::say<Output>(out, sentence, parts...);
}

/// Writes the parts one after the other.
template <class... Parts>
[[gnu::always_inline]] inline void print(Output& out, const Parts&... parts) {
    paging::put_all<Output>(out, parts...);
}

} // namespace pagelab::shell
