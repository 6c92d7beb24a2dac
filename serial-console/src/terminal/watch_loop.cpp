#include "serial-console/src/terminal/watch_loop.hpp"

#include "serial-console/src/guest/tables.hpp"
#include "serial-console/src/machine/registers.hpp"
#include "serial-console/src/machine/unix_socket.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/terminal/onlooker.hpp"
#include "serial-console/src/view/draw.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>
#include <variant>
#include <vector>

namespace pagelab::console::terminal {
namespace {

using model::Run;
using model::Time;

/// Between two looks at the tables.
constexpr Time kLookEvery{33};
/// Between two looks at a machine without tables of ours: it boots, or is in another mode.
constexpr Time kLookAgain{250};
/// Between two tries to find a guest that is not there.
constexpr Time kSeekEvery{250};
/// Where a look costs QEMU much time, it gets this many times as much before the next one.
constexpr int kRestAfterSlowLook = 40;
/// How long a guest may take to answer the first questions.
constexpr machine::milliseconds kFirstAnswers{1000};
/// Least time between two screens.
constexpr Time kDrawEvery{16};
/// Reads of a terminal that is ready and says nothing, until it counts as gone.
constexpr int kEmptyReads = 50;

} // namespace

WatchLoop::WatchLoop(const machine::ForeignRequest& where, const machine::SignalGuard& signals,
                     CursesTerminal& terminal, recording::Taps taps)
    : where_(where), signals_(signals), terminal_(terminal), taps_(std::move(taps)) {
    state_.name = where.monitor;
    state_.size = terminal.size();
    state_.waiting = "looking for the guest";
    state_.cursor = paging::VirtAddr{0};
    if (where.serial.empty()) {
        state_.focus = model::Pane::picture;
        state_.screen.feed("Only the picture: without --serial the guest's own terminal is elsewhere.\r\n");
    }
    if (where.ram.empty()) {
        state_.screen.feed("Without --ram QEMU is asked for each table: the picture moves a few times a "
                           "second only.\r\n");
    }
}

Time WatchLoop::now() const {
    return std::chrono::duration_cast<Time>(Clock::now() - start_);
}

void WatchLoop::tell(decltype(model::Event::what) what) {
    stale_ = stale_ || !std::holds_alternative<model::Tick>(what);
    const model::Event event{now(), std::move(what)};
    taps_.happened(event);
    for (const model::Effect& effect : model::update(state_, event)) {
        perform(effect);
    }
}

void WatchLoop::perform(const model::Effect& effect) {
    if (const auto* const send = std::get_if<model::SendSerial>(&effect)) {
        unsent_ += serial_ ? send->bytes : std::string{};
    } else if (std::holds_alternative<model::Quit>(effect)) {
        ended_ = true;
    } else if (std::holds_alternative<model::ReadRegisters>(effect)) {
        read_registers();
    } else if (auto happened =
                   perform_as_onlooker(effect, subject(), terminal_,
                                       "this guest is only watched: nothing of it can be changed")) {
        tell(std::move(*happened));
    }
}

ask::Subject WatchLoop::subject() const {
    return {state_.snapshot, guest_ ? guest_->memory().ranges() : std::vector<paging::PhysRange>{}, {}};
}

void WatchLoop::read_registers() {
    const auto text = guest_ ? guest_->monitor().human("info registers", machine::Deadline(kFirstAnswers))
                             : std::unexpected(std::string{});
    tell(model::RegistersRead{text ? machine::parse_registers(*text) : std::nullopt});
}

machine::ConsoleResult WatchLoop::run() {
    while (!ended_) {
        find_guest();
        find_serial();
        look();
        draw();
        wait();
        take_signals();
        read_keys();
        read_serial();
        read_events();
    }
    std::map<std::string, std::string> parts;
    if (taps_.recording() && guest_ && state_.snapshot) {
        parts = recording::parts_of(subject());
    }
    complaint_ = taps_.finish(now(), parts);
    return result_;
}

void WatchLoop::find_guest() {
    if (guest_ || (sought_ && now() - *sought_ < kSeekEvery)) {
        return;
    }
    auto found = guest::ForeignGuest::connect({where_.monitor, where_.ram}, machine::Deadline(kFirstAnswers));
    sought_ = now();
    if (!found) {
        if (state_.waiting != found.error()) {
            tell(model::SnapshotMissing{found.error()});
        }
        return;
    }
    guest_ = std::move(*found);
    look_at_ = Time{0};
    tell(model::RunChanged{Run::running});
}

void WatchLoop::find_serial() {
    if (where_.serial.empty() || serial_ || (sought_serial_ && now() - *sought_serial_ < kSeekEvery)) {
        return;
    }
    sought_serial_ = now();
    if (auto connection = machine::connect_to(where_.serial)) {
        serial_ = std::move(*connection);
    }
}

void WatchLoop::lose(const std::string& why) {
    guest_.reset();
    sought_ = now();
    tell(model::RunChanged{Run::unknown});
    tell(model::SnapshotMissing{fmt::format("{}; waiting for a guest at {}", why, where_.monitor)});
}

void WatchLoop::read_events() {
    bool moved = false;
    while (guest_) {
        const auto event = guest_->monitor().next_event();
        if (!event) {
            break;
        }
        if (event->name == "STOP") {
            tell(model::RunChanged{Run::stopped});
        } else if (event->name == "RESUME") {
            tell(model::RunChanged{Run::running});
        }
        moved = moved || event->name == "RESET";
    }
    if (guest_ && guest_->monitor().closed()) {
        lose("the guest is gone");
    } else if (moved) {
        look_at_ = Time{0};
    }
}

void WatchLoop::look() {
    if (!guest_ || now() < look_at_) {
        return;
    }
    const Time begun = now();
    auto snapshot = guest_->look();
    const Time took = now() - begun;
    look_at_ = begun + std::max(kLookEvery, guest_->slow() ? took * kRestAfterSlowLook : Time{0});
    if (snapshot) {
        const bool same = state_.snapshot && guest::same_tables(*state_.snapshot, **snapshot);
        if (!same) {
            tell(model::SnapshotTaken{std::move(*snapshot)});
        }
    } else if (snapshot.error().gone) {
        lose("the guest is gone");
    } else {
        look_at_ = begun + kLookAgain;
        if (state_.waiting != snapshot.error().text) {
            tell(model::SnapshotMissing{snapshot.error().text});
        }
    }
}

void WatchLoop::draw() {
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

void WatchLoop::wait() {
    const short serial_events = unsent_.empty() ? POLLIN : POLLIN | POLLOUT;
    std::array<pollfd, 5> waiting = {{
        {STDIN_FILENO, POLLIN, 0},
        {serial_ ? serial_.get() : -1, serial_events, 0},
        {guest_ ? guest_->monitor().descriptor() : -1, POLLIN, 0},
        {signals_.descriptor(), POLLIN, 0},
        {terminal_.resize_descriptor(), POLLIN, 0},
    }};
    const Time until = guest_ ? look_at_ : sought_.value_or(Time{0}) + kSeekEvery;
    const Time longest = state_.animated() || stale_ ? kLookEvery : kSeekEvery;
    ::poll(waiting.data(), waiting.size(),
           static_cast<int>(std::clamp(until - now(), Time{0}, longest).count()));
    input_ready_ = (waiting[0].revents & POLLIN) != 0;
    input_gone_ = (waiting[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

void WatchLoop::take_signals() {
    if (const auto signal = signals_.take()) {
        result_.signal = signal;
        ended_ = true;
    }
    if (const auto size = terminal_.take_resize()) {
        tell(model::Resized{*size});
    }
}

void WatchLoop::read_keys() {
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
        result_.signal = SIGHUP;
        ended_ = true;
    }
}

void WatchLoop::read_serial() {
    if (!serial_) {
        return;
    }
    std::string bytes;
    const machine::ReadResult read = machine::read_available(serial_.get(), bytes);
    if (!bytes.empty()) {
        tell(model::SerialReceived{std::move(bytes)});
    }
    if (read == machine::ReadResult::closed || !machine::write_available(serial_.get(), unsent_)) {
        serial_.reset();
        unsent_.clear();
    }
}

} // namespace pagelab::console::terminal
