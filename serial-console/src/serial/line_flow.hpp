// Hands a shell typed lines one at a time: what is typed behind an Enter waits until the prompt is back, so
// that a paste of many lines loses none in a receiver that nobody empties while a command runs. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace pagelab::console::serial {

class LineFlow {
public:
    /// Bytes are typed while the shell waits for a line, or not; what of them is to be sent now. A Ctrl-C
    /// goes ahead of all that waits, and drops it.
    [[nodiscard]] std::string type(std::string_view typed, bool shell_waits) {
        std::string now;
        for (const char byte : typed) {
            if (byte == kInterrupt) {
                waiting_.clear();
                now.push_back(byte);
            } else if (!waiting_.empty() || !shell_waits) {
                waiting_.push_back(byte);
            } else {
                now.push_back(byte);
                shell_waits = !is_enter(byte);
            }
        }
        return now;
    }

    /// The shell waits for a line: the next one that was typed, or what there is of it. Nothing while
    /// stepping.
    [[nodiscard]] std::string go_on() { return stepping_ && lines() > 0 ? std::string{} : next(); }
    /// The next line, also while stepping.
    [[nodiscard]] std::string next() {
        const auto enter = std::ranges::find_if(waiting_, is_enter);
        const auto end = enter == waiting_.end() ? enter : enter + 1;
        std::string line{waiting_.begin(), end};
        waiting_.erase(waiting_.begin(), end);
        return line;
    }

    /// While stepping whole lines wait until they are asked for.
    void step(bool on) { stepping_ = on; }
    [[nodiscard]] bool stepping() const { return stepping_; }

    [[nodiscard]] bool empty() const { return waiting_.empty(); }
    /// Whole lines that wait.
    [[nodiscard]] std::size_t lines() const {
        return static_cast<std::size_t>(std::ranges::count_if(waiting_, is_enter));
    }
    /// Forgets what waits: it was meant for a shell that is no more.
    void drop() { waiting_.clear(); }

private:
    static constexpr char kInterrupt = '\x03';
    static bool is_enter(char byte) { return byte == '\r' || byte == '\n'; }

    std::string waiting_;
    bool stepping_ = false;
};

} // namespace pagelab::console::serial
