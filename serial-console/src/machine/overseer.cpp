#include "serial-console/src/machine/overseer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pagelab::console::machine {
namespace {

constexpr char kCtrlC = 0x03;
/// Between two looks while a command runs: a command that asks something of the host waits so long.
constexpr int kCommandLookMs = 10;

} // namespace

void Overseer::sent(std::string_view bytes) {
    lively();
    if (bytes.contains(kCtrlC)) {
        watchdog_.typed_interrupt(Clock::now());
    }
}

int Overseer::patience_ms(int usual) const {
    const auto state = session_.lab() ? session_.lab()->state() : std::nullopt;
    const bool soon = state == interface::LabState::running || Clock::now() < lively_until_;
    return soon ? std::min(usual, kCommandLookMs) : usual;
}

std::optional<Finding> Overseer::look() {
    session_.show_host();
    if (!session_.lab() || !session_.running()) {
        watchdog_.spared(Clock::now());
        return std::nullopt;
    }
    if (session_.lab()->state() == interface::LabState::panic) {
        return lost("the kernel panicked");
    }
    if (const auto command = session_.lab()->undo_request()) {
        return Finding{Finding::What::wants_undo, {}, *command};
    }
    return watch_command();
}

std::optional<Finding> Overseer::watch_command() {
    const auto ask_halted = [this] { return session_.halted(); };
    const LabMemory& lab = *session_.lab();
    const auto state = lab.state();
    const bool commanded = state == interface::LabState::running || state == interface::LabState::rescued;
    const Watchdog::Signs signs{.running = true,
                                .heartbeat = lab.heartbeat(),
                                .state = state,
                                .commands = lab.commands(),
                                .vcpu = commanded ? session_.vcpu_time() : std::nullopt};
    switch (watchdog_.look(Clock::now(), signs, ask_halted)) {
    case Watchdog::Verdict::fine:
        return std::nullopt;
    case Watchdog::Verdict::interrupt:
        if (session_.debugger_connected() || !session_.really_running()) {
            watchdog_.spared(Clock::now()); // what looks like a hang may be the debugger's doing
            return std::nullopt;
        }
        if (session_.recorded()) {
            return lost("the guest hangs, and a recorded one takes no NMI");
        }
        if (!session_.inject_nmi()) {
            return lost("the guest hangs, and QEMU does not answer");
        }
        watchdog_.sent_nmi(Clock::now());
        return Finding{Finding::What::interrupted,
                       "the guest hangs: the command gave no sign of life; sent an NMI to end it", 0};
    case Watchdog::Verdict::lost:
        if (session_.debugger_connected()) {
            watchdog_.spared(Clock::now());
            return std::nullopt;
        }
        return lost("the guest hangs, and no NMI brings it back");
    }
    return std::nullopt;
}

Finding Overseer::lost(std::string why) {
    session_.freeze();
    return {Finding::What::died, std::move(why), 0};
}

} // namespace pagelab::console::machine
