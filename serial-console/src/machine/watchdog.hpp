// Tells a command that hangs from one that works, is held by a debugger or only gets no time: by what the
// thread of the virtual CPU really did, not by the clock on the wall. Pure: clock and signs are handed in.
#pragma once

#include "serial-console/src/machine/deadline.hpp"

#include "kernel/interface/lab_page.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace pagelab::console::machine {

/// What the thread of a virtual CPU did so far.
struct VcpuTime {
    milliseconds ran{0}; ///< time on a CPU of the host
    bool asleep = false; ///< it waits: neither on a CPU nor in line for one

    friend bool operator==(const VcpuTime&, const VcpuTime&) = default;
};

/// How long a command may give no sign of life; commands give one each 50 ms. Of time on a CPU, or asleep.
inline constexpr milliseconds kQuiet(1000);
/// The same after Ctrl-C was typed.
inline constexpr milliseconds kQuietAfterInterrupt(100);
/// The same after an NMI, until it counts as lost.
inline constexpr milliseconds kQuietAfterNmi(1000);
/// A thread that sleeps in a CPU that is not halted is stuck in the emulator, after this long.
inline constexpr milliseconds kStuck(5000);

class Watchdog {
public:
    struct Signs {
        bool running = true; ///< QEMU runs it; held by a debugger it owes nothing
        std::optional<std::uint32_t> heartbeat;
        std::optional<interface::LabState> state;
        std::uint32_t commands = 0;
        std::optional<VcpuTime> vcpu; ///< nothing if it can't be known
    };
    enum class Verdict : std::uint8_t {
        fine,
        interrupt, ///< end the command by an NMI
        lost,      ///< no NMI brings it back
    };
    /// Is the CPU halted? Nothing if the emulator does not answer. Asked only when the answer decides.
    using AskHalted = std::function<std::optional<bool>()>;

    explicit Watchdog(Clock::time_point now) : since_(now), sleeping_since_(now) {}

    /// It sent something.
    void heard(Clock::time_point now) { alive(now); }
    /// The user typed Ctrl-C, which a command that polls obeys at once.
    void typed_interrupt(Clock::time_point now);
    /// Whoever acts on Verdict::interrupt says so here, or that there was a reason not to.
    void sent_nmi(Clock::time_point now);
    void spared(Clock::time_point now) { alive(now); }

    [[nodiscard]] Verdict look(Clock::time_point now, const Signs& signs, const AskHalted& ask_halted);

private:
    void alive(Clock::time_point now);
    [[nodiscard]] bool still_for(Clock::time_point now, milliseconds patience, const AskHalted& ask_halted);

    Signs last_;
    Clock::time_point since_;          ///< the last sign of life
    Clock::time_point sleeping_since_; ///< it sleeps since then, as far as was seen
    milliseconds ran_at_sign_{0};      ///< the thread's time at the last sign of life
    std::optional<milliseconds> ran_at_interrupt_;
    Clock::time_point interrupted_;
    bool nmi_sent_ = false;
    bool stuck_ = false; ///< asleep, not halted, for kStuck
};

} // namespace pagelab::console::machine
