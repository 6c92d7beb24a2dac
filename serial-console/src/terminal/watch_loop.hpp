// The picture of a guest in somebody else's QEMU: looks at its tables, at its serial port where there is one,
// and outlives its death: it connects again as soon as there is a guest again. Never changes that guest.
#pragma once

#include "serial-console/src/ask/subject.hpp"
#include "serial-console/src/guest/foreign.hpp"
#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/recording/taps.hpp"
#include "serial-console/src/terminal/curses_terminal.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace pagelab::console::terminal {

class WatchLoop {
public:
    WatchLoop(const machine::ForeignRequest& where, const machine::SignalGuard& signals,
              CursesTerminal& terminal, recording::Taps taps);

    [[nodiscard]] machine::ConsoleResult run();
    /// What could not be recorded, for the user once the terminal is hers again; may be empty.
    [[nodiscard]] const std::string& complaint() const { return complaint_; }

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] model::Time now() const;
    void tell(decltype(model::Event::what) what);
    void perform(const model::Effect& effect);
    [[nodiscard]] ask::Subject subject() const;
    void read_registers();
    void find_guest();
    void find_serial();
    void read_events();
    void look();
    void lose(const std::string& why);
    void draw();
    void wait();
    void read_keys();
    void read_serial();
    void take_signals();

    machine::ForeignRequest where_;
    const machine::SignalGuard& signals_;
    CursesTerminal& terminal_;
    Clock::time_point start_ = Clock::now();

    std::optional<guest::ForeignGuest> guest_;
    machine::FileDescriptor serial_;
    std::string unsent_;
    std::string complaint_;
    model::State state_;
    recording::Taps taps_;
    machine::ConsoleResult result_;
    std::optional<model::Time> sought_;
    std::optional<model::Time> sought_serial_;
    model::Time look_at_{0}; // not before
    model::Time drawn_{0};
    bool stale_ = true; // the screen does not show the state
    bool input_ready_ = false;
    bool input_gone_ = false;
    int empty_reads_ = 0;
    bool ended_ = false;
};

} // namespace pagelab::console::terminal
