#include "serial-console/src/terminal/picture_loop.hpp"

#include "serial-console/src/guest/lab_records.hpp"
#include "serial-console/src/guest/serial_log.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/view/draw.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>
#include <variant>

namespace pagelab::console::terminal {
namespace {

using machine::Happened;
using machine::Happening;
using model::Run;
using model::Time;

/// Between two looks at the lab page's words, and two steps of fading.
constexpr Time kLookEvery{33};
/// Between two looks at tables that nobody announces changes of: a debugger may write them.
constexpr Time kLookWhileHeld{200};
/// Between two questions who holds the guest.
constexpr Time kAskHolderEvery{1000};
/// Least time between two screens: output that floods in is shown in leaps.
constexpr Time kDrawEvery{16};
/// Reads of a terminal that is ready and says nothing, until it counts as gone.
constexpr int kEmptyReads = 50;
constexpr machine::milliseconds kAnswerPatience{1000};

} // namespace

PictureLoop::PictureLoop(machine::Session& session, const machine::SignalGuard& signals,
                         const guest::Ram& ram, CursesTerminal& terminal, bool ours)
    : session_(session), signals_(signals), ram_(ram), terminal_(terminal), ours_(ours) {
    state_.name = session.name();
    state_.size = terminal.size();
    state_.run = session.running() ? Run::running : Run::stopped;
}

Time PictureLoop::now() const {
    return std::chrono::duration_cast<Time>(Clock::now() - start_);
}

void PictureLoop::tell(decltype(model::Event::what) what) {
    stale_ = stale_ || !std::holds_alternative<model::Tick>(what);
    const model::Event event{now(), std::move(what)};
    taps_.happened(event);
    for (const model::Effect& effect : model::update(state_, event)) {
        perform(effect);
    }
}

void PictureLoop::leave(std::string why, int status) {
    result_.farewell = std::move(why);
    result_.console.status = status;
    ended_ = true;
}

PictureResult PictureLoop::run() {
    show_history();
    while (!ended_) {
        look();
        draw();
        wait();
        take_signals();
        read_keys();
        serial_.flush();
        read_serial();
        send_waiting();
        take_happenings();
        oversee();
        watch_holder();
    }
    finish_taps();
    return std::move(result_);
}

void PictureLoop::finish_taps() {
    std::map<std::string, std::string> parts;
    if (taps_.recording() && state_.snapshot) {
        parts = recording::parts_of(
            {state_.snapshot, guest::lab_ram(ram_), guest::read_lab_records(ram_, *state_.snapshot)});
    }
    if (std::string complaint = taps_.finish(now(), parts); !complaint.empty()) {
        result_.farewell = std::move(complaint);
    }
}

/// One who attaches sees what the shell said before.
void PictureLoop::show_history() {
    if (!ours_) {
        history_ = guest::read_serial_log(session_.directory() / machine::run_file::kSerialLog);
        tell(model::SerialReceived{history_});
        static_cast<void>(state_.screen.take_bell());
    }
}

int PictureLoop::patience() const {
    if (!stale_) {
        return static_cast<int>(kLookEvery.count());
    }
    return static_cast<int>(std::clamp(drawn_ + kDrawEvery - now(), Time{0}, kLookEvery).count());
}

void PictureLoop::wait() {
    std::array<pollfd, 5> waiting = {{
        {STDIN_FILENO, POLLIN, 0},
        serial_.waiting(),
        {session_.control_descriptor(), POLLIN, 0},
        {signals_.descriptor(), POLLIN, 0},
        {terminal_.resize_descriptor(), POLLIN, 0},
    }};
    ::poll(waiting.data(), waiting.size(), overseer_.patience_ms(patience()));
    input_ready_ = (waiting[0].revents & POLLIN) != 0;
    input_gone_ = (waiting[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void PictureLoop::take_signals() {
    if (const auto signal = signals_.take()) {
        result_.console.signal = signal;
        ended_ = true;
    }
    if (const auto size = terminal_.take_resize()) {
        tell(model::Resized{*size});
    }
}

void PictureLoop::read_keys() {
    bool any = false;
    while (!ended_) {
        const auto input = terminal_.read_input();
        if (!input) {
            break;
        }
        any = true;
        std::visit([this](const auto& used) { tell(used); }, *input);
    }
    empty_reads_ = input_ready_ && !any ? empty_reads_ + 1 : 0;
    if (!ended_ && (input_gone_ || empty_reads_ > kEmptyReads)) {
        result_.console.signal = SIGHUP;
        ended_ = true;
    }
}

void PictureLoop::read_serial() {
    auto bytes = serial_.read();
    if (!bytes) {
        return;
    }
    if (!history_.empty()) {
        // The socket was connected before the log was read: what came between is in both.
        bytes->erase(0, guest::overlap(history_, *bytes));
        history_.clear();
    }
    overseer_.heard();
    quiet_since_.reset();
    lines_.heard(*bytes);
    if (!bytes->empty()) {
        tell(model::SerialReceived{std::move(*bytes)});
    }
}

void PictureLoop::take_happenings() {
    while (!ended_) {
        const auto happened = session_.next_happening();
        if (!happened) {
            return;
        }
        read_serial();
        on_happened(*happened);
    }
}

void PictureLoop::on_happened(const Happened& happened) {
    switch (happened.what) {
    case Happening::paused:
        held_ = true;
        asked_holder_.reset();
        return;
    case Happening::resumed:
        held_ = false;
        tell(model::GuestReturned{});
        tell(model::RunChanged{Run::running});
        return;
    case Happening::rebooting:
        serial_.drop_unsent();
        forget_shell();
        if (const auto revived = session_.revive(); !revived) {
            leave(fmt::format("the guest did not come back from its reboot: {}", revived.error()),
                  machine::kExitGuestDied);
        }
        return;
    case Happening::halted:
    case Happening::stopped:
        result_.console.machine_gone = true;
        leave(happened.text, machine::kExitOk);
        return;
    case Happening::died:
        on_death(happened.text);
        return;
    case Happening::broken:
        held_ = false;
        on_death(happened.text);
        return;
    }
}

/// GDB holds the guest from the moment it connects, and may leave without letting it go.
Run PictureLoop::who_holds() {
    const auto devices = session_.control().execute("query-chardev", nlohmann::json::object(),
                                                    machine::Deadline(kAnswerPatience));
    if (devices && devices->is_array()) {
        for (const auto& device : *devices) {
            if (device.value("label", "") == "gdb") {
                return device.value("filename", "").starts_with("disconnected") ? Run::stopped
                                                                                : Run::stopped_by_gdb;
            }
        }
    }
    return Run::stopped;
}

void PictureLoop::watch_holder() {
    if (!held_ || ended_ || (asked_holder_ && now() - *asked_holder_ < kAskHolderEvery)) {
        return;
    }
    asked_holder_ = now();
    const Run holder = who_holds();
    if (holder != state_.run) {
        tell(model::RunChanged{holder});
    }
}

/// Takes a snapshot when the guest says that something changed, when a key came, or while a debugger may
/// write.
void PictureLoop::look() {
    const guest::Pulse pulse = guest::read_pulse(ram_);
    const bool due =
        look_again_ || pulse != pulse_ || (held_ && (!looked_ || now() - *looked_ >= kLookWhileHeld));
    if (!due) {
        return;
    }
    looked_ = now();
    auto snapshot =
        guest::capture(ram_, held_ || state_.death ? guest::MidChange::accept : guest::MidChange::refuse,
                       state_.snapshot.get());
    if (snapshot) {
        look_again_ = false;
        pulse_ = pulse;
        tell(model::SnapshotTaken{std::move(*snapshot)});
    } else if (snapshot.error() == guest::NoSnapshot::mid_change) {
        look_again_ = true; // the old picture stands until the kernel is done
    } else {
        look_again_ = false;
        pulse_ = pulse;
        tell(model::SnapshotMissing{guest::reason_text(snapshot.error())});
    }
}

void PictureLoop::draw() {
    const bool fading = state_.animated();
    tell(model::Tick{});
    stale_ = stale_ || fading;
    if (!stale_ || now() - drawn_ < kDrawEvery) {
        return;
    }
    const view::Canvas canvas = view::draw(state_, terminal_.theme());
    terminal_.show(canvas);
    drawn_ = now();
    taps_.shown(drawn_, canvas);
    stale_ = false;
}

} // namespace pagelab::console::terminal
