// What happens to the picture, and what must be done about it: update(state, event) → effects.
// No curses, no descriptors, no clock: whoever runs the loop carries events in and effects out.
#pragma once

#include "serial-console/src/model/key.hpp"
#include "serial-console/src/model/state.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pagelab::console::model {

struct KeyPressed {
    Key key;
};
/// A button of the mouse, or its wheel, in cells of the screen.
struct MouseUsed {
    enum class What : std::uint8_t { press, wheel_up, wheel_down } what{};
    int row = 0;
    int column = 0;
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
/// What a verb answered, for the view that asked: `check`, or any other for `answer`.
struct Answered {
    View view = View::answer;
    std::string line;
    std::vector<std::string> lines;
};
struct RegistersRead {
    std::optional<machine::CpuRegisters> registers;
};
/// So many pasted lines wait until the shell is ready for them.
struct LinesWait {
    std::size_t count = 0;
};
/// Nothing but time passed.
struct Tick {};

struct Event {
    Time at{0};
    std::variant<KeyPressed, MouseUsed, SerialReceived, Resized, SnapshotTaken, SnapshotMissing, RunChanged,
                 GuestDied, GuestReturned, Told, Answered, RegistersRead, LinesWait, Tick>
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
/// Answer a line in the shell's language from outside, for a view.
struct Ask {
    View view = View::answer;
    std::string line;
    bool operator==(const Ask&) const = default;
};
struct ReadRegisters {
    bool operator==(const ReadRegisters&) const = default;
};
/// Put a text where the user can paste it.
struct Copy {
    std::string text;
    bool operator==(const Copy&) const = default;
};
/// Who gets the mouse: the picture, or the user's own terminal.
struct TakeMouse {
    bool take = false;
    bool operator==(const TakeMouse&) const = default;
};
/// Stop the machine, or let it go on.
struct HoldGuest {
    bool hold = false;
    bool operator==(const HoldGuest&) const = default;
};
/// Let pasted lines wait, and run the next of them.
struct StepLine {
    bool operator==(const StepLine&) const = default;
};
struct SendNmi {
    bool operator==(const SendNmi&) const = default;
};
/// One command for the shell, whatever is half typed at its prompt.
struct TypeCommand {
    std::string line;
    bool operator==(const TypeCommand&) const = default;
};
using Effect = std::variant<SendSerial, Quit, RingBell, LookAgain, GoBack, BootAfresh, Ask, ReadRegisters,
                            Copy, TakeMouse, HoldGuest, StepLine, SendNmi, TypeCommand>;

[[nodiscard]] std::vector<Effect> update(State& state, const Event& event);

} // namespace pagelab::console::model
