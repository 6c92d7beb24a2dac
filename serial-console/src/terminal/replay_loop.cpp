#include "serial-console/src/terminal/replay_loop.hpp"

#include "serial-console/src/view/draw.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>
#include <utility>
#include <variant>

namespace pagelab::console::terminal {
namespace {

using model::Key;
using model::Time;

constexpr Time kFrame{33};
constexpr Time kIdle{250};
constexpr Time kJump{5000};
constexpr int kFastest = 64;

std::string clock_text(Time time) {
    const auto tenths = time.count() / 100;
    return fmt::format("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
}

} // namespace

ReplayLoop::ReplayLoop(const recording::Recording& recording, const machine::SignalGuard& signals,
                       CursesTerminal& terminal)
    : recording_(recording), signals_(signals), terminal_(terminal), player_(recording, terminal.size()),
      end_(recording::subject_of(recording).value_or(ask::Subject{})) {
    player_.go_to(Time{0});
}

machine::ConsoleResult ReplayLoop::run() {
    while (!ended_) {
        advance();
        check_anew();
        draw();
        wait();
        if (const auto signal = signals_.take()) {
            result_.signal = signal;
            ended_ = true;
        }
        if (const auto size = terminal_.take_resize()) {
            player_.state().size = *size;
        }
        read_keys();
    }
    return result_;
}

void ReplayLoop::tell(Happened what) {
    const model::Event event{player_.state().now, std::move(what)};
    for (const model::Effect& effect : model::update(player_.state(), event)) {
        perform(effect);
    }
}

void ReplayLoop::perform(const model::Effect& effect) {
    if (std::holds_alternative<model::Quit>(effect)) {
        ended_ = true;
    } else if (auto happened = perform_as_onlooker(effect, subject(), terminal_,
                                                   "this is a recording: nothing of it can be changed")) {
        tell(std::move(*happened));
    }
}

ask::Subject ReplayLoop::subject() const {
    ask::Subject now{player_.state().snapshot, end_.ram, {}};
    // What the lab knew of its frames was recorded once, at the end.
    if (now.snapshot && now.snapshot->lab.pagelab) {
        now.lab = player_.at_end() ? end_.lab : ask::LabRecords{};
    }
    return now;
}

/// The findings belong to the tables that are shown.
void ReplayLoop::check_anew() {
    if (player_.state().view == model::View::check && checked_ != player_.state().snapshot) {
        checked_ = player_.state().snapshot;
        perform(model::Ask{model::View::check, "check"});
    }
}

void ReplayLoop::advance() {
    const auto now = Clock::now();
    const auto passed = std::chrono::duration_cast<Time>(now - last_);
    last_ += passed;
    if (!paused_ && !player_.at_end()) {
        player_.go_to(std::min(player_.now() + passed * speed_, recording_.length()));
    } else {
        // What changed last goes on fading.
        player_.state().now += passed;
    }
}

void ReplayLoop::tell_place() {
    std::string note = fmt::format("{} of {}", clock_text(player_.now()), clock_text(recording_.length()));
    note += player_.at_end() ? "  end" : paused_ ? "  stopped" : fmt::format("  {}x", speed_);
    player_.state().note = note + "  blank: stop/go  [ ] 5 s  - + speed";
}

void ReplayLoop::draw() {
    tell_place();
    terminal_.show(view::draw(player_.state(), terminal_.theme()));
}

void ReplayLoop::wait() {
    std::array<pollfd, 3> waiting = {{
        {STDIN_FILENO, POLLIN, 0},
        {signals_.descriptor(), POLLIN, 0},
        {terminal_.resize_descriptor(), POLLIN, 0},
    }};
    const bool still = (paused_ || player_.at_end()) && !player_.state().animated();
    ::poll(waiting.data(), waiting.size(), static_cast<int>((still ? kIdle : kFrame).count()));
    input_gone_ = (waiting[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool ReplayLoop::steer(const Key& key) {
    // While an address is asked for, or after the prefix, keys mean what they always mean.
    if (player_.state().question || player_.state().prefix) {
        return false;
    }
    if (key == Key::of(U' ')) {
        if (player_.at_end()) {
            player_.go_to(Time{0});
            paused_ = false;
        } else {
            paused_ = !paused_;
        }
    } else if (key == Key::of(U'[')) {
        player_.go_to(std::max(player_.now() - kJump, Time{0}));
    } else if (key == Key::of(U']')) {
        player_.go_to(std::min(player_.now() + kJump, recording_.length()));
    } else if (key == Key::of(U'+')) {
        speed_ = std::min(speed_ * 2, kFastest);
    } else if (key == Key::of(U'-')) {
        speed_ = std::max(speed_ / 2, 1);
    } else {
        return false;
    }
    return true;
}

void ReplayLoop::read_keys() {
    while (!ended_) {
        auto input = terminal_.read_input();
        if (!input) {
            break;
        }
        const auto* const pressed = std::get_if<model::KeyPressed>(&*input);
        if (pressed == nullptr || !steer(pressed->key)) {
            std::visit([this](const auto& used) { tell(used); }, *input);
        }
    }
    if (!ended_ && input_gone_) {
        result_.signal = SIGHUP;
        ended_ = true;
    }
}

} // namespace pagelab::console::terminal
