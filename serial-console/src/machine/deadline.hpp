// A point in time that something waits for at most. The monotonic clock, so that setting the clock hurts
// nobody.
#pragma once

#include <algorithm>
#include <chrono>

namespace pagelab::console::machine {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Deadline {
public:
    explicit Deadline(milliseconds from_now) : at_(Clock::now() + from_now) {}

    [[nodiscard]] bool passed() const { return Clock::now() >= at_; }

    /// What is left, for poll(): 0 when it passed, never negative.
    [[nodiscard]] int left_ms() const {
        const auto left = std::chrono::ceil<milliseconds>(at_ - Clock::now());
        return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
    }

private:
    Clock::time_point at_;
};

} // namespace pagelab::console::machine
