// A sentence and what goes into it: `say(sink, "{} leads to {}\n", va, pa)`. For everyone who prints.
// Each {} takes the next part; {:12} fills it up to 12 characters, {:>8} puts it at the right of 8. How a
// part is spelled is writer.hpp's business. A record is said the same way, with its JSON as the sentence. A
// call hands its parts over as the words of a C call, with their kinds in one more word, so that it costs a
// few bytes and no instance of a template: most of a kernel's text is such calls.
#pragma once

#include "kernel/paging/access.hpp"
#include "kernel/paging/writer.hpp"

#include <concepts>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// PDE 768, PTE 768:256.
class EntryName {
public:
    explicit constexpr EntryName(std::uint32_t pdi) : packed_(pdi) {}
    constexpr EntryName(std::uint32_t pdi, std::uint32_t pti) : packed_(pdi | (pti + 1) << 16) {}
    constexpr EntryName(std::uint32_t pdi, std::optional<std::uint16_t> pti)
        : packed_(pdi | (pti ? *pti + 1u : 0u) << 16) {}
    /// The PDI, and above its 16 bits the PTI plus one, or 0 for a PDE.
    [[nodiscard]] constexpr std::uint32_t packed() const { return packed_; }

private:
    std::uint32_t packed_;
};

/// A value of JSON or null: a number in hex, in quotes.
class HexOrNull {
public:
    constexpr HexOrNull(std::nullopt_t) {}
    explicit constexpr HexOrNull(std::uint32_t value) : value_(value) {}
    constexpr HexOrNull(VirtAddr va) : value_(va.raw()) {}
    constexpr HexOrNull(PhysAddr pa) : value_(pa.raw()) {}
    template <class T>
    constexpr HexOrNull(const std::optional<T>& value)
        : HexOrNull(value ? HexOrNull{*value} : HexOrNull{std::nullopt}) {}
    /// All ones for null.
    [[nodiscard]] constexpr std::uint64_t raw() const { return value_; }

private:
    std::uint64_t value_ = ~0ull;
};
/// The same, a decimal number.
class DecimalOrNull {
public:
    constexpr DecimalOrNull(std::nullopt_t) {}
    constexpr DecimalOrNull(std::uint64_t value) : value_(value) {}
    constexpr DecimalOrNull(bool there, std::uint32_t value) : value_(there ? value : ~0ull) {}
    [[nodiscard]] constexpr std::uint64_t raw() const { return value_; }

private:
    std::uint64_t value_ = ~0ull;
};
/// A string of JSON, escaped and in quotes; null without text.
struct Quoted {
    std::string_view text;
};
/// A list of JSON.
struct FlagList {
    FlagSet flags;
};

namespace detail {

enum class PartKind : std::uint8_t {
    none,
    literal,
    decimal,
    text,
    va,
    entry,
    pa,
    hex,
    size,
    count,
    range,
    flags,
    rights,
    boolean,
    long_decimal,
    hex_or_null,
    decimal_or_null,
    quoted,
    flag_list
};

/// A text and a hex number as words: only types of C pass through `...`.
struct TextWords {
    const char* data;
    std::size_t size;
    [[nodiscard]] constexpr std::string_view view() const { return {data, size}; }
};
struct HexWords {
    std::uint32_t value;
    std::uint32_t digits;
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
template <class T>
    requires requires(const T& literal) {
        { literal.text() } -> std::same_as<const char*>;
    }
constexpr Passed<PartKind::literal, const char*> pass(const T& literal) {
    return {literal.text()};
}
constexpr Passed<PartKind::text, TextWords> pass(std::string_view text) {
    return {{text.data(), text.size()}};
}
template <class T>
    requires requires(const T& line) {
        { line.view() } -> std::same_as<std::string_view>;
    }
constexpr Passed<PartKind::text, TextWords> pass(const T& line) {
    return pass(line.view());
}
constexpr Passed<PartKind::decimal, std::uint32_t> pass(Decimal number) {
    return {number.value};
}
constexpr Passed<PartKind::long_decimal, std::uint64_t> pass(LongDecimal number) {
    return {number.value};
}
constexpr Passed<PartKind::hex, HexWords> pass(Hex number) {
    return {{number.value, number.digits}};
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
constexpr Passed<PartKind::entry, std::uint32_t> pass(EntryName name) {
    return {name.packed()};
}
/// A bool alone: not all that could become one.
template <std::same_as<bool> T>
constexpr Passed<PartKind::boolean, int> pass(T value) {
    return {value ? 1 : 0};
}
constexpr Passed<PartKind::hex_or_null, std::uint64_t> pass(HexOrNull value) {
    return {value.raw()};
}
constexpr Passed<PartKind::decimal_or_null, std::uint64_t> pass(DecimalOrNull value) {
    return {value.raw()};
}
constexpr Passed<PartKind::quoted, TextWords> pass(Quoted value) {
    return {{value.text.data(), value.text.size()}};
}
constexpr Passed<PartKind::flag_list, unsigned> pass(FlagList list) {
    return {list.flags.mask()};
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

/// A sink may say as what all of its kind are written to, and into what an aligned part is written first.
template <class S>
struct SinkOf {
    using Type = S;
    using Buffer = FixedText<24>;
    using BufferSink = Buffer;
};
template <class S>
    requires requires {
        typename S::Sink;
    }
struct SinkOf<S> {
    using Type = typename S::Sink;
    using Buffer = typename S::Buffer;
    using BufferSink = Type;
};

template <TextSink S>
[[gnu::noinline]] void put_literal(S& sink, const char* text) {
    sink.put(text);
}

/// An EntryName, packed.
template <TextSink S>
void put_entry_name(S& sink, std::uint32_t packed) {
    sink.put(packed >> 16 == 0 ? "PDE " : "PTE ");
    put_decimal(sink, packed & 0xffff);
    if (packed >> 16 != 0) {
        sink.put(":");
        put_decimal(sink, (packed >> 16) - 1);
    }
}

template <TextSink S>
void put_hex_or_null(S& sink, std::uint64_t value) {
    if (value == ~0ull) {
        sink.put("null");
        return;
    }
    sink.put("\"");
    put_hex(sink, value, 8);
    sink.put("\"");
}

template <TextSink S>
void put_quoted(S& sink, std::string_view text) {
    if (text.data() == nullptr) {
        sink.put("null");
        return;
    }
    sink.put("\"");
    for (const char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte == 0x7f) {
            const char escaped[] = {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 0xf]};
            sink.put({escaped, sizeof escaped});
            continue;
        }
        if (c == '"' || c == '\\') {
            sink.put("\\");
        }
        sink.put({&c, 1});
    }
    sink.put("\"");
}

template <TextSink S>
void put_flag_list(S& sink, FlagSet flags) {
    sink.put("[");
    bool first = true;
    for (std::size_t i = 0; i < kFlagNames.size(); ++i) {
        if (flags.contains(static_cast<Flag>(i))) {
            sink.put(first ? "\"" : ",\"");
            sink.put(kFlagNames[i]);
            sink.put("\"");
            first = false;
        }
    }
    sink.put("]");
}

/// Takes the next part's words and writes it.
template <TextSink S>
[[gnu::noinline]] void put_part(S& sink, std::uint32_t kind, Words& words) {
    switch (static_cast<PartKind>(kind)) {
    case PartKind::none:
        return;
    case PartKind::literal:
        return put_literal(sink, va_arg(words.list, const char*));
    case PartKind::text:
        return sink.put(va_arg(words.list, TextWords).view());
    case PartKind::decimal:
        return put_decimal(sink, va_arg(words.list, std::uint32_t));
    case PartKind::long_decimal:
        return put_long_decimal(sink, va_arg(words.list, std::uint64_t));
    case PartKind::hex: {
        const auto hex = va_arg(words.list, HexWords);
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
    case PartKind::entry:
        return put_entry_name(sink, va_arg(words.list, std::uint32_t));
    case PartKind::boolean:
        return sink.put(va_arg(words.list, int) != 0 ? "true" : "false");
    case PartKind::hex_or_null:
        return put_hex_or_null(sink, va_arg(words.list, std::uint64_t));
    case PartKind::decimal_or_null: {
        const auto value = va_arg(words.list, std::uint64_t);
        return value == ~0ull ? sink.put("null") : put_long_decimal(sink, value);
    }
    case PartKind::quoted:
        return put_quoted(sink, va_arg(words.list, TextWords).view());
    case PartKind::flag_list:
        return put_flag_list(sink, FlagSet{va_arg(words.list, unsigned)});
    case PartKind::rights:
        return put_rights(sink, *va_arg(words.list, const Rights*));
    }
}

/// `format`, behind the colon: `12}` or `>8}`. Returns what stands behind it.
template <TextSink S>
const char* put_aligned(S& sink, const char* format, std::uint32_t kind, Words& words) {
    const bool right = *format == '>';
    format += right ? 1 : 0;
    std::size_t width = 0;
    for (; *format != '}'; ++format) {
        width = width * 10 + static_cast<std::size_t>(*format - '0');
    }
    typename SinkOf<S>::Buffer line;
    put_part<typename SinkOf<S>::BufferSink>(line, kind, words);
    const std::size_t missing = width > line.size() ? width - line.size() : 0;
    put_spaces(sink, right ? missing : 0);
    sink.put(line.view());
    put_spaces(sink, right ? 0 : missing);
    return format + 1;
}

template <TextSink S>
[[gnu::noinline]] void put_sentence(S& sink, const char* sentence, std::uint32_t kinds, Words& words) {
    for (;;) {
        const char* gap = sentence;
        while (*gap != '\0' && !(gap[0] == '{' && (gap[1] == '}' || gap[1] == ':'))) {
            ++gap;
        }
        sink.put({sentence, static_cast<std::size_t>(gap - sentence)});
        if (*gap == '\0') {
            return;
        }
        const std::uint32_t kind = kinds % (1u << kKindBits);
        kinds >>= kKindBits;
        if (gap[1] == ':') {
            sentence = put_aligned(sink, gap + 2, kind, words);
        } else {
            put_part(sink, kind, words);
            sentence = gap + 2;
        }
    }
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

} // namespace detail

/// Writes `sentence` with the parts in place of its {}. A {} beyond the parts writes nothing, a part beyond
/// the
/// {} is left out: so one of two sentences may be chosen at run time.
template <TextSink S, class... Parts>
[[gnu::always_inline]] inline void say(S& sink, const char* sentence, const Parts&... parts) {
    typename detail::SinkOf<S>::Type& out = sink;
    if constexpr (sizeof...(Parts) == 0) {
        detail::put_literal(out, sentence);
    } else {
        detail::say_words(&out, sentence, detail::kinds_of<Parts...>(), detail::pass(parts).value...);
    }
}

/// Writes the parts one after the other.
template <TextSink S, class First, class... Parts>
[[gnu::always_inline]] inline void print(S& sink, const First& first, const Parts&... parts) {
    typename detail::SinkOf<S>::Type& out = sink;
    if constexpr (sizeof...(Parts) == 0 && std::is_convertible_v<const First&, const char*>) {
        detail::put_literal(out, first);
    } else if constexpr (sizeof...(Parts) < detail::kMaxParts) {
        detail::put_words(&out, detail::kinds_of<First, Parts...>(), detail::pass(first).value,
                          detail::pass(parts).value...);
    } else {
        print(out, first);
        print(out, parts...);
    }
}

} // namespace pagelab::paging
