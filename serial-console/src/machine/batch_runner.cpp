#include "serial-console/src/machine/batch_runner.hpp"

#include "serial-console/src/machine/liveness.hpp"
#include "serial-console/src/machine/serial_line.hpp"
#include "serial-console/src/machine/standard_streams.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <array>
#include <csignal>
#include <string>

namespace pagelab::console::machine {
namespace {

/// How often the heartbeat is looked at while nothing arrives.
constexpr int kLookMs = 100;

class Runner {
public:
    Runner(Session& session, Batch& batch, const SignalGuard& signals)
        : session_(session), batch_(batch), signals_(signals), liveness_(Clock::now()), serial_(session) {}

    BatchResult run() {
        while (!ended_) {
            wait();
            if (const auto signal = signals_.take()) {
                result_.signal = signal;
                break;
            }
            read_serial();
            if (!ended_) {
                react();
            }
            if (!ended_) {
                watch();
            }
            if (batch_.finished()) {
                ended_ = true;
            }
        }
        if (result_.status == kExitOk && !batch_.all_ok()) {
            result_.status = kExitCommandFailed;
        }
        return result_;
    }

private:
    void wait() {
        std::array<pollfd, 3> waiting = {{
            serial_.waiting(),
            {session_.control_descriptor(), POLLIN, 0},
            {signals_.descriptor(), POLLIN, 0},
        }};
        ::poll(waiting.data(), waiting.size(), kLookMs);
    }

    /// Takes all that has arrived and sends what is to be sent.
    void read_serial() {
        while (!ended_) {
            const auto bytes = serial_.read();
            if (!bytes) {
                break;
            }
            liveness_.heard(Clock::now());
            const Batch::Step step = batch_.on_bytes(*bytes);
            serial_.send(step.send);
            if (!step.note.empty()) {
                say(step.note);
            }
            if (!print(step.print)) {
                result_.signal = SIGPIPE; // whoever read our output has left
                ended_ = true;
            }
        }
        serial_.flush();
    }

    void react() {
        while (const auto happened = session_.next_happening()) {
            read_serial(); // what it said before this happened
            switch (happened->what) {
            case Happening::paused:
            case Happening::resumed:
                say(happened->text);
                break;
            case Happening::rebooting:
                batch_.on_reboot();
                serial_.drop_unsent();
                if (const auto revived = session_.revive(); !revived) {
                    fail(fmt::format("the guest did not come back from its reboot: {}", revived.error()));
                }
                break;
            case Happening::halted:
                batch_.on_halt();
                result_.machine_gone = true;
                break;
            case Happening::died:
                fail(happened->text);
                break;
            case Happening::stopped:
            case Happening::broken:
                result_.machine_gone = true;
                fail(happened->text);
                break;
            }
            if (ended_ || result_.machine_gone) {
                return;
            }
        }
    }

    void watch() {
        const Clock::time_point now = Clock::now();
        const auto& lab = session_.lab();
        liveness_.observe(now, {session_.running(), lab ? lab->heartbeat() : std::nullopt,
                                lab ? lab->state() : std::nullopt});
        if (lab && lab->state() == interface::LabState::panic) {
            read_serial(); // the reason
            fail("the kernel panicked");
        } else if (!batch_.finished() && liveness_.hangs(now)) {
            fail(fmt::format("the guest hangs, no sign of life for {} s: {}",
                             std::chrono::duration_cast<std::chrono::seconds>(kHangPatience).count(),
                             session_.freeze_and_describe()));
        }
    }

    void fail(const std::string& why) {
        const std::string_view command = batch_.current();
        complain(command.empty() ? why : fmt::format("{} (in `{}`)", why, command));
        // While a command runs its output was printed; else what the guest said explains more than we can.
        if (const std::string aside = batch_.unprinted(); command.empty() && !aside.empty()) {
            say(fmt::format("it said last:\n{}", aside));
        }
        result_.status = kExitGuestDied;
        ended_ = true;
    }

    Session& session_;
    Batch& batch_;
    const SignalGuard& signals_;
    Liveness liveness_;
    BatchResult result_;
    SerialLine serial_;
    bool ended_ = false;
};

} // namespace

BatchResult run_batch(Session& session, Batch& batch, const SignalGuard& signals) {
    return Runner(session, batch, signals).run();
}

} // namespace pagelab::console::machine
