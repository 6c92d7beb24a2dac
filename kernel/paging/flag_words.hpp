// Flags as people type them, and which bit each is. For the parsers of shell and console. Pure.
#pragma once

#include "kernel/paging/flags.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::paging {

namespace detail {

struct FlagWord {
    const char* word;
    Flag flag;
};
inline constexpr std::array<FlagWord, 17> kFlagWords = {{{"p", Flag::p},
                                                         {"rw", Flag::rw},
                                                         {"r/w", Flag::rw},
                                                         {"us", Flag::us},
                                                         {"u/s", Flag::us},
                                                         {"pwt", Flag::pwt},
                                                         {"pcd", Flag::pcd},
                                                         {"a", Flag::a},
                                                         {"d", Flag::d},
                                                         {"ps", Flag::ps},
                                                         {"pat", Flag::pat},
                                                         {"g", Flag::g},
                                                         {"w", Flag::rw},
                                                         {"u", Flag::us},
                                                         {"avl9", Flag::avl9},
                                                         {"avl10", Flag::avl10},
                                                         {"avl11", Flag::avl11}}};

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

} // namespace detail

/// Whether the word is this one, in any case.
[[gnu::noinline]] constexpr bool same_word(std::string_view word, const char* lower_word) {
    for (const char c : word) {
        if (detail::lower(c) != *lower_word || c == '\0') {
            return false;
        }
        ++lower_word;
    }
    return *lower_word == '\0';
}

/// The flag of a name, in any case: RW, R/W, us, AVL9. Only names of bits that 32-bit entries have.
[[gnu::noinline]] constexpr std::optional<Flag> find_flag(std::string_view name) {
    for (const auto& [word, flag] : detail::kFlagWords) {
        if (same_word(name, word)) {
            return flag;
        }
    }
    return std::nullopt;
}

/// Its bit in a raw entry; PAT is bit 12 in an entry that maps 4 MiB.
[[gnu::noinline]] constexpr std::uint32_t raw_bit(Flag flag, bool large) {
    constexpr std::array<std::uint32_t, 13> kBits = {
        bits::kPresent,  bits::kWritable, bits::kUser,   bits::kWriteThrough, bits::kCacheDisable,
        bits::kAccessed, bits::kDirty,    bits::kLarge,  bits::kPat,          bits::kGlobal,
        bits::kAvail9,   bits::kAvail10,  bits::kAvail11};
    static_assert(kBits.size() == kFlagNames.size());
    return large && flag == Flag::pat ? bits::kLargePat : kBits[static_cast<std::size_t>(flag)];
}

} // namespace pagelab::paging
