// A line of text out of parts: `print(out, "table ", va, " has ", Decimal{3}, " entries")`, or with a
// sentence: `say(out, "table {} has {} entries", va, Decimal{3})`, which is smaller and reads better. For the
// shell and its commands. What a part may be is kernel/paging/say.hpp's business. All text goes through one
// type of output, so that the kernel holds one copy of what writes it.
#pragma once

#include "kernel/paging/say.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pagelab::shell {

class ShortLine;

/// Where the shell's text goes: the machine's serial port, a line under construction, a string in a test.
class Output {
public:
    /// All text is written to an Output, an aligned part first into a short line.
    using Sink = Output;
    using Buffer = ShortLine;

    virtual void put(std::string_view text) = 0;

protected:
    ~Output() = default;
};

/// A line under construction in the caller's room; what finds no room is dropped.
class Line : public Output {
public:
    explicit constexpr Line(std::span<char> room) : data_(room.data()), room_(room.size()) {}
    void put(std::string_view text) override;
    void clear() { size_ = 0; }
    [[nodiscard]] std::string_view view() const { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

private:
    char* data_;
    std::size_t room_;
    std::size_t size_ = 0;
};

/// A text of at most N characters.
template <std::size_t N>
class Text final : public Line {
public:
    Text() : Line(room_) {}
    Text(const Text& other) : Text() { put(other.view()); }
    Text& operator=(const Text& other) {
        clear();
        put(other.view());
        return *this;
    }

private:
    char room_[N];
};

/// Whether a word is this one: for literals, shorter to call than ==.
[[nodiscard]] bool is(std::string_view word, const char* literal);

/// A literal in a table: half the size of a view of it, and reads as one.
class Literal {
public:
    constexpr Literal(const char* text = "") : text_(text) {}
    constexpr operator std::string_view() const { return text_; }
    [[nodiscard]] constexpr const char* text() const { return text_; }
    [[nodiscard]] constexpr bool empty() const { return *text_ == '\0'; }
    friend bool operator==(Literal literal, std::string_view word) { return is(word, literal.text_); }

private:
    const char* text_;
};

class ShortLine final : public Line {
public:
    ShortLine() : Line(room_) {}

private:
    char room_[24];
};

using paging::Count;
using paging::Decimal;
using paging::DecimalOrNull;
using paging::EntryName;
using paging::Hex;
using paging::HexOrNull;
using paging::LongDecimal;
using paging::print;
using paging::Quoted;
using paging::say;
using paging::Size;

} // namespace pagelab::shell
