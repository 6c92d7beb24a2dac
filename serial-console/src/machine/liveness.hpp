// Tells a guest that hangs from one that works or waits for a debugger. Pure: the clock is handed in.
#pragma once

#include "serial-console/src/machine/deadline.hpp"

#include "kernel/interface/lab_page.hpp"

#include <cstdint>
#include <optional>

namespace pagelab::console::machine {

/// A guest that gives no sign of life for this long, while it runs and owes an answer, hangs. Commands move
/// the heartbeat each 50 ms; the rest is for a host that is busy.
inline constexpr milliseconds kHangPatience(10000);

class Liveness {
public:
    explicit Liveness(Clock::time_point now, milliseconds patience = kHangPatience)
        : patience_(patience), alive_at_(now) {}

    /// What can be seen of the guest without asking it.
    struct Signs {
        bool running = true; ///< QEMU runs it; held by a debugger it owes nothing
        std::optional<std::uint32_t> heartbeat;
        std::optional<interface::LabState> state;
    };

    /// It sent something.
    void heard(Clock::time_point now) { alive_at_ = now; }

    void observe(Clock::time_point now, const Signs& signs) {
        if (!signs.running || signs.heartbeat != last_.heartbeat || signs.state != last_.state) {
            alive_at_ = now;
        }
        last_ = signs;
    }

    [[nodiscard]] bool hangs(Clock::time_point now) const { return now - alive_at_ >= patience_; }

private:
    milliseconds patience_;
    Clock::time_point alive_at_;
    Signs last_;
};

} // namespace pagelab::console::machine
