// The JSON of each record, one line without its newline, keys as docs/formats.md lists them.
// For shell, console and tests. An object is opened, fields are appended in order, and it closes itself.
#pragma once

#include "kernel/paging/access.hpp"
#include "kernel/paging/writer.hpp"

#include <optional>
#include <string_view>

namespace pagelab::paging {

/// Writes one JSON object field by field. Keys are constants that need no escaping; values are escaped.
template <TextSink S>
class JsonObject {
public:
    explicit constexpr JsonObject(S& sink) : sink_(sink) { sink_.put("{"); }
    /// Opens a record: {"record":NAME,"v":1
    constexpr JsonObject(S& sink, std::string_view record) : JsonObject(sink) {
        text("record", record);
        number("v", 1);
    }
    constexpr ~JsonObject() { sink_.put("}"); }
    JsonObject(const JsonObject&) = delete;
    JsonObject& operator=(const JsonObject&) = delete;

    constexpr void text(std::string_view key, std::string_view value) {
        begin(key);
        sink_.put("\"");
        put_escaped(value);
        sink_.put("\"");
    }
    constexpr void text(std::string_view key, std::optional<std::string_view> value) {
        value ? text(key, *value) : null(key);
    }
    constexpr void number(std::string_view key, std::uint64_t value) {
        begin(key);
        put_number(value);
    }
    constexpr void number(std::string_view key, std::optional<std::uint64_t> value) {
        value ? number(key, *value) : null(key);
    }
    constexpr void boolean(std::string_view key, bool value) {
        begin(key);
        sink_.put(value ? "true" : "false");
    }
    constexpr void hex(std::string_view key, std::uint64_t value, unsigned digits = 8) {
        begin(key);
        sink_.put("\"");
        put_hex(sink_, value, digits);
        sink_.put("\"");
    }
    constexpr void hex(std::string_view key, std::optional<std::uint64_t> value) {
        value ? hex(key, *value) : null(key);
    }
    constexpr void address(std::string_view key, VirtAddr value) { hex(key, value.raw()); }
    constexpr void address(std::string_view key, PhysAddr value) { hex(key, value.raw()); }
    template <class Address>
    constexpr void address(std::string_view key, std::optional<Address> value) {
        value ? address(key, *value) : null(key);
    }
    constexpr void rights(std::string_view key, const Rights& value) {
        const auto letters = value.letters();
        text(key, std::string_view{letters.data(), letters.size()});
    }
    constexpr void flags(std::string_view key, const FlagSet& value) {
        begin(key);
        sink_.put("[");
        bool first = true;
        for (std::size_t i = 0; i < kFlagNames.size(); ++i) {
            if (value.contains(static_cast<Flag>(i))) {
                sink_.put(first ? "\"" : ",\"");
                sink_.put(kFlagNames[i]);
                sink_.put("\"");
                first = false;
            }
        }
        sink_.put("]");
    }
    constexpr void null(std::string_view key) {
        begin(key);
        sink_.put("null");
    }
    /// A text that `write(sink)` writes: one that holds nothing to escape.
    template <class Write>
    constexpr void plain_text(std::string_view key, Write write) {
        begin(key);
        sink_.put("\"");
        write(sink_);
        sink_.put("\"");
    }
    /// Writes the key; the caller writes the value.
    constexpr S& raw(std::string_view key) {
        begin(key);
        return sink_;
    }

private:
    constexpr void begin(std::string_view key) {
        sink_.put(first_ ? "\"" : ",\"");
        first_ = false;
        sink_.put(key);
        sink_.put("\":");
    }
    constexpr void put_escaped(std::string_view value) {
        for (const char& c : value) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"' || c == '\\') {
                sink_.put("\\");
                sink_.put({&c, 1});
            } else if (byte < 0x20 || byte == 0x7f) {
                constexpr std::string_view kDigits = "0123456789abcdef";
                sink_.put("\\u00");
                sink_.put(kDigits.substr(byte >> 4, 1));
                sink_.put(kDigits.substr(byte & 0xf, 1));
            } else {
                sink_.put({&c, 1});
            }
        }
    }
    /// Decimal without a 64-bit division, which the kernel has no library for.
    constexpr void put_number(std::uint64_t value) {
        if (value <= 0xffffffffu) {
            put_decimal(sink_, static_cast<std::uint32_t>(value));
            return;
        }
        std::array<char, 20> text{};
        std::size_t first = text.size();
        while (value != 0) {
            const auto [quotient, digit] = divide_by_ten(value);
            text[--first] = static_cast<char>('0' + digit);
            value = quotient;
        }
        sink_.put({text.data() + first, text.size() - first});
    }
    struct Division {
        std::uint64_t quotient;
        std::uint32_t remainder;
    };
    static constexpr Division divide_by_ten(std::uint64_t value) {
        std::uint64_t quotient = 0;
        std::uint32_t remainder = 0;
        for (int bit = 63; bit >= 0; --bit) {
            remainder = remainder * 2 + static_cast<std::uint32_t>((value >> bit) & 1);
            if (remainder >= 10) {
                remainder -= 10;
                quotient |= 1ull << bit;
            }
        }
        return {quotient, remainder};
    }

    S& sink_;
    bool first_ = true;
};

} // namespace pagelab::paging
