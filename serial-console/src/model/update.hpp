// What happens to the picture, and what must be done about it: update(state, event) → effects.
// No curses, no descriptors, no clock: whoever runs the loop carries events in and effects out.
#pragma once

#include "serial-console/src/model/key.hpp"
#include "serial-console/src/model/state.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace pagelab::console::model {

struct KeyPressed {
    Key key;
};
/// Bytes from the guest's serial port.
struct SerialReceived {
    std::string bytes;
};
struct Resized {
    Size size;
};
/// A new copy of the tables.
struct SnapshotTaken {
    std::shared_ptr<const Snapshot> snapshot;
};
/// There is no picture to be had, for the reason given; an old one is put away.
struct SnapshotMissing {
    std::string reason;
};
struct RunChanged {
    Run run = Run::unknown;
};
/// How it died, for the terminal; without CR and LF at the ends.
struct GuestDied {
    std::vector<std::string> report;
    bool can_go_back = false;
};
/// The machine runs again, as it was once or afresh.
struct GuestReturned {};
/// A sentence for the bottom line.
struct Told {
    std::string note;
};
/// Nothing but time passed.
struct Tick {};

struct Event {
    Time at{0};
    std::variant<KeyPressed, SerialReceived, Resized, SnapshotTaken, SnapshotMissing, RunChanged, GuestDied,
                 GuestReturned, Told, Tick>
        what;
};

struct SendSerial {
    std::string bytes;
    bool operator==(const SendSerial&) const = default;
};
struct Quit {
    bool operator==(const Quit&) const = default;
};
struct RingBell {
    bool operator==(const RingBell&) const = default;
};
/// Take a snapshot although the guest did not say that anything changed.
struct LookAgain {
    bool operator==(const LookAgain&) const = default;
};
/// Bring back the machine as it was before the last line: after a death, or because the user wants it.
struct GoBack {
    bool operator==(const GoBack&) const = default;
};
/// Boot the machine afresh, after a death.
struct BootAfresh {
    bool operator==(const BootAfresh&) const = default;
};
using Effect = std::variant<SendSerial, Quit, RingBell, LookAgain, GoBack, BootAfresh>;

[[nodiscard]] std::vector<Effect> update(State& state, const Event& event);

} // namespace pagelab::console::model
