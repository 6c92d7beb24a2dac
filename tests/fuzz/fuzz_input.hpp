// What the fuzzers share: small numbers and stretches of bytes out of the fuzzer's input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace pagelab::fuzz {

class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    std::string_view take(std::size_t count) {
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    template <class T = std::uint32_t>
    T number() {
        T value{};
        const std::string_view bytes = take(sizeof(T));
        std::memcpy(&value, bytes.data(), bytes.size());
        return value;
    }

private:
    std::string_view rest_;
};

/// A property that must hold on any input.
inline void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

} // namespace pagelab::fuzz
