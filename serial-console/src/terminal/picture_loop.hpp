// Carries events to the model and its effects out: keys, serial bytes, the guest's memory, QEMU's events,
// time. The only place of the picture with a clock. One run of it is one visit of the user.
#pragma once

#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/machine/lifecycle.hpp"
#include "serial-console/src/machine/line_watch.hpp"
#include "serial-console/src/machine/overseer.hpp"
#include "serial-console/src/machine/serial_line.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/recording/taps.hpp"
#include "serial-console/src/serial/line_flow.hpp"
#include "serial-console/src/terminal/curses_terminal.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace pagelab::console::terminal {

struct PictureResult {
    machine::ConsoleResult console;
    std::string farewell; // for the user, once the terminal is hers again; may be empty
};

class PictureLoop {
public:
    PictureLoop(machine::Session& session, const machine::SignalGuard& signals, const guest::Ram& ram,
                CursesTerminal& terminal, bool ours);

    [[nodiscard]] PictureResult run();
    /// What is recorded; ended by run().
    void tap(recording::Taps taps) { taps_ = std::move(taps); }

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] model::Time now() const;
    void tell(decltype(model::Event::what) what);
    void perform(const model::Effect& effect);
    void perform_on_machine(const model::Effect& effect);
    void ask(const model::Ask& asked);
    void read_registers();
    void copy(const std::string& text);
    void hold_guest(bool hold);
    void type_command(const std::string& line);
    void leave(std::string why, int status);

    void show_history();
    void wait();
    [[nodiscard]] int patience() const;
    void take_signals();
    void read_keys();
    void read_serial();
    void take_happenings();
    void on_happened(const machine::Happened& happened);
    void send(std::string_view typed);
    void pass(std::string_view bytes);
    void send_waiting();
    void show_waiting();
    void step();
    void forget_shell();
    void oversee();
    void on_death(const std::string& what);
    void go_back();
    void undo(std::optional<std::uint32_t> asking);
    void boot_afresh();
    void resume(bool at_prompt, std::string note);
    void give_up(const std::string& why);
    [[nodiscard]] model::Run who_holds();
    void watch_holder();
    void look();
    void draw();
    void finish_taps();

    machine::Session& session_;
    machine::SerialLine serial_{session_};
    machine::Overseer overseer_{session_};
    machine::LineWatch lines_;
    serial::LineFlow flow_;
    std::optional<model::Time> quiet_since_; // the guest says nothing, and lines wait for it
    const machine::SignalGuard& signals_;
    const guest::Ram& ram_;
    CursesTerminal& terminal_;
    bool ours_;
    Clock::time_point start_ = Clock::now();

    model::State state_;
    recording::Taps taps_;
    PictureResult result_;
    std::string history_; // shown already, may come again from the socket
    guest::Pulse pulse_;
    std::optional<model::Time> looked_;
    std::optional<model::Time> asked_holder_;
    model::Time drawn_{0};
    bool look_again_ = true;
    bool stale_ = true; // the screen does not show the state
    bool input_ready_ = false;
    bool input_gone_ = false;
    int empty_reads_ = 0;
    bool held_ = false;
    bool ended_ = false;
};

} // namespace pagelab::console::terminal
