// Numbers that look random and are the same on every machine. For the quiz and for torture. Not for secrets.
#pragma once

#include <cstdint>

namespace pagelab::shell {

/// Marsaglia's xorshift with 13, 17, 5: never zero, small.
class Random {
public:
    Random(std::uint32_t seed, std::uint32_t number) : state_(seed * 0x9e3779b9u ^ number * 0x85ebca6bu) {
        state_ = state_ == 0 ? 1 : state_;
        // Neighbouring seeds differ in few bits at first.
        for (int i = 0; i < 8; ++i) {
            (void)next();
        }
    }
    /// Goes on where another one stood.
    explicit Random(std::uint32_t state) : state_(state == 0 ? 1 : state) {}
    [[nodiscard]] std::uint32_t state() const { return state_; }

    std::uint32_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }
    /// 0 to end - 1.
    std::uint32_t below(std::uint32_t end) { return (next() >> 8) % end; }
    /// Three times of four.
    std::uint32_t mostly(std::uint32_t bit) { return below(4) != 0 ? bit : 0; }

private:
    std::uint32_t state_;
};

} // namespace pagelab::shell
