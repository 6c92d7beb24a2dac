// A sentence and what goes into it: `say(sink, "{} leads to {}\n", va, pa)`. For everyone who prints.
// Each {} takes the next part; how a part is spelled is writer.hpp's business. A call hands its parts over as
// the words of a C call, with their kinds in one more word, so that it costs a few bytes and no instance of
// a template: most of a kernel's text is such calls.
#pragma once

#include "kernel/paging/access.hpp"
#include "kernel/paging/writer.hpp"

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace pagelab::paging {

struct Decimal {
    std::uint32_t value;
};
/// Decimal of 64 bits.
struct LongDecimal {
    std::uint64_t value;
};
struct Hex {
    std::uint32_t value;
    std::uint32_t digits = 8;
};
/// Bytes, as KiB, MiB or GiB where that is whole.
struct Size {
    std::uint64_t bytes;
};
/// `3 pages`, `1 page`: the noun's plural takes an s.
struct Count {
    std::uint32_t value;
    const char* noun;
};

namespace detail {

enum class PartKind : std::uint8_t {
    none,
    literal,
    decimal,
    text,
    hex,
    va,
    pa,
    size,
    count,
    range,
    flags,
    rights,
    long_decimal
};

/// A part as it is handed over: plain words, which need no destructor and no promotion.
template <PartKind K, class T>
struct Passed {
    static constexpr PartKind kKind = K;
    T value;
};
constexpr Passed<PartKind::literal, const char*> pass(const char* text) {
    return {text};
}
constexpr Passed<PartKind::text, std::string_view> pass(std::string_view text) {
    return {text};
}
template <class T>
    requires requires(const T& line) {
        { line.view() } -> std::same_as<std::string_view>;
    }
constexpr Passed<PartKind::text, std::string_view> pass(const T& line) {
    return {line.view()};
}
constexpr Passed<PartKind::decimal, std::uint32_t> pass(Decimal number) {
    return {number.value};
}
constexpr Passed<PartKind::long_decimal, std::uint64_t> pass(LongDecimal number) {
    return {number.value};
}
constexpr Passed<PartKind::hex, Hex> pass(Hex number) {
    return {number};
}
constexpr Passed<PartKind::size, std::uint64_t> pass(Size size) {
    return {size.bytes};
}
constexpr Passed<PartKind::count, Count> pass(Count count) {
    return {count};
}
constexpr Passed<PartKind::va, std::uint32_t> pass(VirtAddr va) {
    return {va.raw()};
}
constexpr Passed<PartKind::pa, std::uint64_t> pass(PhysAddr pa) {
    return {pa.raw()};
}
constexpr Passed<PartKind::range, const VirtRange*> pass(const VirtRange& range) {
    return {&range};
}
constexpr Passed<PartKind::flags, unsigned> pass(FlagSet flags) {
    return {flags.mask()};
}
constexpr Passed<PartKind::rights, const Rights*> pass(const Rights& rights) {
    return {&rights};
}

inline constexpr unsigned kKindBits = 5;
inline constexpr std::size_t kMaxParts = 32 / kKindBits;

/// The kinds of the parts, the first one lowest.
template <class... Parts>
constexpr std::uint32_t kinds_of() {
    static_assert(sizeof...(Parts) <= kMaxParts, "more parts than a sentence may have: write two");
    std::uint32_t kinds = 0;
    unsigned shift = 0;
    ((kinds |= static_cast<std::uint32_t>(decltype(pass(std::declval<const Parts&>()))::kKind) << shift,
      shift += kKindBits),
     ...);
    return kinds;
}

struct Words {
    std::va_list list;
};

/// Takes the next part's words and writes it.
template <TextSink S>
[[gnu::noinline]] void put_part(S& sink, std::uint32_t kind, Words& words) {
    switch (static_cast<PartKind>(kind)) {
    case PartKind::none:
        return;
    case PartKind::literal:
        return sink.put(va_arg(words.list, const char*));
    case PartKind::text:
        return sink.put(va_arg(words.list, std::string_view));
    case PartKind::decimal:
        return put_decimal(sink, va_arg(words.list, std::uint32_t));
    case PartKind::long_decimal:
        return put_long_decimal(sink, va_arg(words.list, std::uint64_t));
    case PartKind::hex: {
        const Hex hex = va_arg(words.list, Hex);
        return put_hex(sink, hex.value, hex.digits);
    }
    case PartKind::size:
        return put_size(sink, va_arg(words.list, std::uint64_t));
    case PartKind::count: {
        const Count count = va_arg(words.list, Count);
        put_decimal(sink, count.value);
        sink.put(" ");
        sink.put(count.noun);
        sink.put(count.value == 1 ? "" : "s");
        return;
    }
    case PartKind::va:
        return put_address(sink, VirtAddr{va_arg(words.list, std::uint32_t)});
    case PartKind::pa:
        return put_address(sink, PhysAddr{va_arg(words.list, std::uint64_t)});
    case PartKind::range:
        return put_range(sink, *va_arg(words.list, const VirtRange*));
    case PartKind::flags:
        return put_flags(sink, FlagSet{va_arg(words.list, unsigned)});
    case PartKind::rights:
        return put_rights(sink, *va_arg(words.list, const Rights*));
    }
}

template <TextSink S>
[[gnu::noinline]] void put_sentence(S& sink, const char* sentence, std::uint32_t kinds, Words& words) {
    const char* begin = sentence;
    for (; *sentence != '\0'; ++sentence) {
        if (sentence[0] == '{' && sentence[1] == '}') {
            sink.put({begin, static_cast<std::size_t>(sentence - begin)});
            put_part(sink, kinds % (1u << kKindBits), words);
            kinds >>= kKindBits;
            begin = ++sentence + 1;
        }
    }
    sink.put({begin, static_cast<std::size_t>(sentence - begin)});
}

template <TextSink S>
[[gnu::noinline]] void say_words(S* sink, const char* sentence, std::uint32_t kinds, ...) {
    Words words;
    va_start(words.list, kinds);
    put_sentence(*sink, sentence, kinds, words);
    va_end(words.list);
}
template <TextSink S>
[[gnu::noinline]] void put_words(S* sink, std::uint32_t kinds, ...) {
    Words words;
    va_start(words.list, kinds);
    for (; kinds != 0; kinds >>= kKindBits) {
        put_part(*sink, kinds % (1u << kKindBits), words);
    }
    va_end(words.list);
}
template <TextSink S>
[[gnu::noinline]] void put_literal(S& sink, const char* text) {
    sink.put(text);
}

} // namespace detail

/// Writes `sentence` with the parts in place of its {}.
template <TextSink S, class... Parts>
[[gnu::always_inline]] inline void say(S& sink, const char* sentence, const Parts&... parts) {
    if constexpr (sizeof...(Parts) == 0) {
        detail::put_literal(sink, sentence);
    } else {
        detail::say_words(&sink, sentence, detail::kinds_of<Parts...>(), detail::pass(parts).value...);
    }
}

/// Writes the parts one after the other.
template <TextSink S, class First, class... Parts>
[[gnu::always_inline]] inline void put_all(S& sink, const First& first, const Parts&... parts) {
    if constexpr (sizeof...(Parts) == 0 && std::is_convertible_v<const First&, const char*>) {
        detail::put_literal(sink, first);
    } else if constexpr (sizeof...(Parts) < detail::kMaxParts) {
        detail::put_words(&sink, detail::kinds_of<First, Parts...>(), detail::pass(first).value,
                          detail::pass(parts).value...);
    } else {
        put_all(sink, first);
        put_all(sink, parts...);
    }
}

} // namespace pagelab::paging
