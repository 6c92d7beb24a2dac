// The picture of a recording: plays it, stops, goes back and forth, and lets the user look around in it.
#pragma once

#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/terminal/curses_terminal.hpp"
#include "serial-console/src/terminal/onlooker.hpp"

#include <chrono>
#include <memory>

namespace pagelab::console::terminal {

class ReplayLoop {
public:
    ReplayLoop(const recording::Recording& recording, const machine::SignalGuard& signals,
               CursesTerminal& terminal);

    [[nodiscard]] machine::ConsoleResult run();

private:
    using Clock = std::chrono::steady_clock;

    void advance();
    void tell_place();
    void draw();
    void wait();
    void read_keys();
    void tell(Happened what);
    void perform(const model::Effect& effect);
    [[nodiscard]] ask::Subject subject() const;
    void check_anew();
    [[nodiscard]] bool steer(const model::Key& key);

    const recording::Recording& recording_;
    const machine::SignalGuard& signals_;
    CursesTerminal& terminal_;
    recording::Player player_;
    ask::Subject end_; // without a snapshot where there are no tables
    std::shared_ptr<const model::Snapshot> checked_;
    machine::ConsoleResult result_;
    Clock::time_point last_ = Clock::now();
    int speed_ = 1;
    bool paused_ = false;
    bool input_gone_ = false;
    bool ended_ = false;
};

} // namespace pagelab::console::terminal
