// What is wrong with a command, as a value: a sentence and what goes into it. Written out only when it is
// printed. For the parsers of arguments and the commands.
#pragma once

#include "kernel/shell/print.hpp"

#include <array>
#include <expected>
#include <span>
#include <string_view>

namespace pagelab::shell {

/// A word of at most 15 characters that is kept by value: a proposal.
using Proposal = Text<15>;

/// One value in a sentence. Views must outlive it: words of the command and literals do.
class Part {
public:
    Part();
    Part(std::string_view text);
    Part(const char* text);
    Part(const Proposal& word);
    Part(Decimal number);
    Part(Hex number);
    Part(Size size);
    Part(Count count);
    Part(paging::VirtAddr va);
    Part(paging::PhysAddr pa);
    Part(const paging::VirtRange& range);

    void write(Output& out) const;

private:
    enum class Kind : std::uint8_t {
        none,
        text,
        word,
        decimal,
        hex,
        size,
        count,
        virtual_address,
        physical_address,
        range
    } kind_;
    union {
        std::uint64_t number_;
        std::string_view text_;
        char word_[16];
        Decimal decimal_;
        Hex hex_;
        Size size_;
        Count count_;
        paging::VirtAddr va_;
        paging::PhysAddr pa_;
        paging::VirtRange range_;
    };
};

/// A sentence with `{}` where a part goes, without `error: `.
struct Problem {
    static constexpr std::size_t kMaxParts = 4;
    const char* sentence = "";
    std::array<Part, kMaxParts> parts;

    Problem() = default;
    Problem(const char* text, std::span<const Part> list);
    void write(Output& out) const;
};

template <class T>
using Parsed = std::expected<T, Problem>;

// Both inline and in this shape for the size of the kernel: a call builds its parts in place, and no others.
template <class... Parts>
[[nodiscard, gnu::always_inline]] inline Problem problem(const char* sentence, const Parts&... parts) {
    static_assert(sizeof...(parts) <= Problem::kMaxParts);
    if constexpr (sizeof...(parts) == 0) {
        return {sentence, {}};
    } else {
        const Part list[] = {Part{parts}...};
        return {sentence, list};
    }
}

template <class... Parts>
[[nodiscard, gnu::always_inline]] inline std::unexpected<Problem> wrong(const char* sentence,
                                                                        const Parts&... parts) {
    return std::unexpected{problem(sentence, parts...)};
}

} // namespace pagelab::shell
