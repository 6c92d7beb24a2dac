// How numbers and names of paging are spelled: the same in every face, and each can be pasted back.
// For everyone who prints. A sink takes text in pieces; nothing is allocated.
// Functions named put_… write part of a line or a line without its end, write_…text whole lines, write_…json
// a record.
#pragma once

#include "kernel/paging/access.hpp"
#include "kernel/paging/address.hpp"
#include "kernel/paging/flags.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pagelab::paging {

/// Where text goes: the serial port, a string, a cell grid.
template <class S>
concept TextSink = requires(S& sink, std::string_view text) {
    sink.put(text);
};

/// A line under construction, of at most N characters; what is beyond is dropped.
template <std::size_t N>
class FixedText {
public:
    constexpr void put(std::string_view text) { size_ += text.copy(data_.data() + size_, N - size_); }
    [[nodiscard]] constexpr std::string_view view() const { return {data_.data(), size_}; }
    [[nodiscard]] constexpr std::size_t size() const { return size_; }

private:
    std::array<char, N> data_;
    std::size_t size_ = 0;
};

inline constexpr const char* kHexDigits = "0123456789abcdef";

/// `0x` and at least `digits` hex digits, lower case.
template <TextSink S>
constexpr void put_hex(S& sink, std::uint64_t value, unsigned digits) {
    std::array<char, 18> text;
    std::size_t first = text.size();
    do {
        text[--first] = kHexDigits[value & 0xf];
        value >>= 4;
    } while (value != 0 || text.size() - first < digits);
    text[--first] = 'x';
    text[--first] = '0';
    sink.put({text.data() + first, text.size() - first});
}

template <TextSink S>
constexpr void put_decimal(S& sink, std::uint32_t value) {
    std::array<char, 10> text;
    std::size_t first = text.size();
    do {
        text[--first] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    sink.put({text.data() + first, text.size() - first});
}

/// Decimal of 64 bits, divided by 16 bits at a time: a division of 64 would need a library that the kernel
/// lacks.
template <TextSink S>
constexpr void put_long_decimal(S& sink, std::uint64_t value) {
    std::array<char, 20> text;
    std::size_t first = text.size();
    do {
        std::uint32_t rest = 0;
        std::uint64_t quotient = 0;
        for (int shift = 48; shift >= 0; shift -= 16) {
            rest = rest << 16 | static_cast<std::uint16_t>(value >> shift);
            quotient = quotient << 16 | rest / 10;
            rest %= 10;
        }
        text[--first] = static_cast<char>('0' + rest);
        value = quotient;
    } while (value != 0);
    sink.put({text.data() + first, text.size() - first});
}

template <TextSink S>
constexpr void put_spaces(S& sink, std::size_t count) {
    for (; count > 0; --count) {
        sink.put(" ");
    }
}

/// `text`, then spaces up to `width`.
template <TextSink S>
constexpr void put_padded(S& sink, std::string_view text, std::size_t width) {
    sink.put(text);
    put_spaces(sink, text.size() < width ? width - text.size() : 0);
}

/// A virtual address: 0x and 8 digits.
template <TextSink S>
constexpr void put_address(S& sink, VirtAddr va) {
    put_hex(sink, va.raw(), 8);
}

/// A physical address as people type it: p:0x and at least 8 digits.
template <TextSink S>
constexpr void put_address(S& sink, PhysAddr pa) {
    sink.put("p:");
    put_hex(sink, pa.raw(), 8);
}

/// A range, B exclusive; the last one ends in 0x100000000.
template <TextSink S>
constexpr void put_range(S& sink, const VirtRange& range) {
    put_address(sink, range.first);
    sink.put("-");
    put_hex(sink, range.end, 8);
}

/// Bytes as GiB, MiB or KiB where that is whole, else as B. Up to 2^42.
template <TextSink S>
constexpr void put_size(S& sink, std::uint64_t bytes) {
    constexpr struct {
        unsigned shift;
        std::string_view name;
    } kUnits[] = {{30, " GiB"}, {20, " MiB"}, {10, " KiB"}};
    for (const auto& [shift, name] : kUnits) {
        if (bytes != 0 && (bytes & ((1ull << shift) - 1)) == 0) {
            put_decimal(sink, static_cast<std::uint32_t>(bytes >> shift));
            sink.put(name);
            return;
        }
    }
    put_decimal(sink, static_cast<std::uint32_t>(bytes));
    sink.put(" B");
}

/// The names of the set's flags with a space between, or `-`.
template <TextSink S>
constexpr void put_flags(S& sink, const FlagSet& flags) {
    bool first = true;
    for (std::size_t i = 0; i < kFlagNames.size(); ++i) {
        if (flags.contains(static_cast<Flag>(i))) {
            sink.put(first ? "" : " ");
            sink.put(kFlagNames[i]);
            first = false;
        }
    }
    if (first) {
        sink.put("-");
    }
}

/// r-x
template <TextSink S>
constexpr void put_rights(S& sink, const Rights& rights) {
    const auto letters = rights.letters();
    sink.put({letters.data(), letters.size()});
}

/// Columns that an entry's name takes in a table.
inline constexpr std::size_t kNameColumn = 12;

} // namespace pagelab::paging
