#include "serial-console/src/machine/watchdog.hpp"

#include <algorithm>

namespace pagelab::console::machine {

void Watchdog::alive(Clock::time_point now) {
    since_ = now;
    sleeping_since_ = now;
    ran_at_sign_ = last_.vcpu.value_or(VcpuTime{}).ran;
    ran_at_interrupt_.reset();
    nmi_sent_ = false;
    stuck_ = false;
}

void Watchdog::typed_interrupt(Clock::time_point now) {
    if (!ran_at_interrupt_) {
        ran_at_interrupt_ = last_.vcpu.value_or(VcpuTime{}).ran;
        interrupted_ = now;
    }
}

void Watchdog::sent_nmi(Clock::time_point now) {
    alive(now);
    nmi_sent_ = true;
}

Watchdog::Verdict Watchdog::look(Clock::time_point now, const Signs& signs, const AskHalted& ask_halted) {
    const bool sign = !signs.running || signs.heartbeat != last_.heartbeat || signs.state != last_.state ||
                      signs.commands != last_.commands;
    const bool slept = signs.vcpu && last_.vcpu && *signs.vcpu == *last_.vcpu && signs.vcpu->asleep;
    last_ = signs;
    if (sign) {
        alive(now);
    }
    if (!slept) {
        sleeping_since_ = now;
        stuck_ = false;
    }
    const bool commanded =
        signs.state == interface::LabState::running || signs.state == interface::LabState::rescued;
    if (!signs.running || !commanded || !signs.vcpu) {
        return Verdict::fine;
    }
    if (nmi_sent_) {
        return still_for(now, kQuietAfterNmi, ask_halted) ? Verdict::lost : Verdict::fine;
    }
    const milliseconds patience = ran_at_interrupt_ ? kQuietAfterInterrupt : kQuiet;
    if (!still_for(now, patience, ask_halted)) {
        return Verdict::fine;
    }
    return stuck_ ? Verdict::lost : Verdict::interrupt;
}

/// Did it really run for that long without a sign of life, or really sleep?
bool Watchdog::still_for(Clock::time_point now, milliseconds patience, const AskHalted& ask_halted) {
    const milliseconds ran =
        last_.vcpu->ran - std::max(ran_at_sign_, ran_at_interrupt_.value_or(ran_at_sign_));
    if (ran >= patience) {
        return true;
    }
    const auto quiet_since = std::max(sleeping_since_, ran_at_interrupt_ ? interrupted_ : since_);
    if (now - quiet_since < patience) {
        return false;
    }
    const std::optional<bool> halted = ask_halted();
    // Asleep but not halted: something in the emulator waits. That may be a moment of a busy host.
    stuck_ = halted != true && now - quiet_since >= kStuck;
    return halted == true || stuck_;
}

} // namespace pagelab::console::machine
