// Numbers in bytes, as recordings hold them: little-endian words, and varints of 7 bits a byte, lowest first.
// Pure. Reading never goes beyond the end: after a bad byte everything is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::recording {

inline void put_varint(std::string& to, std::uint64_t value) {
    while (value >= 0x80) {
        to.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    to.push_back(static_cast<char>(value));
}

/// Small numbers of either sign stay small.
constexpr std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

inline void put_text(std::string& to, std::string_view text) {
    put_varint(to, text.size());
    to += text;
}

class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::size_t size() const { return rest_.size(); }
    /// No read was refused.
    [[nodiscard]] bool good() const { return good_; }

    [[nodiscard]] std::uint8_t byte() {
        const std::string_view one = bytes(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
    }
    [[nodiscard]] std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t next = byte();
            value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
            if ((next & 0x80) == 0) {
                return good_ ? value : 0;
            }
        }
        good_ = false;
        return 0;
    }
    /// A varint of at most `most`.
    [[nodiscard]] std::uint64_t varint(std::uint64_t most) {
        const std::uint64_t value = varint();
        good_ = good_ && value <= most;
        return good_ ? value : 0;
    }
    [[nodiscard]] std::uint32_t word() { return static_cast<std::uint32_t>(varint(0xffffffff)); }
    [[nodiscard]] std::string_view bytes(std::uint64_t count) {
        if (!good_ || count > rest_.size()) {
            good_ = false;
            return {};
        }
        const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
        rest_.remove_prefix(static_cast<std::size_t>(count));
        return taken;
    }
    [[nodiscard]] std::string_view text() { return bytes(varint()); }

private:
    std::string_view rest_;
    bool good_ = true;
};

} // namespace pagelab::console::recording
