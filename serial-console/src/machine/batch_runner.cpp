#include "serial-console/src/machine/batch_runner.hpp"

#include "serial-console/src/machine/liveness.hpp"
#include "serial-console/src/machine/overseer.hpp"
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
    Runner(Session& session, Batch& batch, const SignalGuard& signals, bool keep_going)
        : session_(session), batch_(batch), signals_(signals), keep_going_(keep_going),
          liveness_(Clock::now()), overseer_(session), serial_(session) {}

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
        ::poll(waiting.data(), waiting.size(), overseer_.patience_ms(kLookMs));
    }

    /// Takes all that has arrived and sends what is to be sent.
    void read_serial() {
        while (!ended_) {
            const auto bytes = serial_.read();
            if (!bytes) {
                break;
            }
            liveness_.heard(Clock::now());
            overseer_.heard();
            perform(batch_.on_bytes(*bytes));
        }
        serial_.flush();
    }

    void perform(const Batch::Step& step) {
        if (!step.note.empty()) {
            say(step.note);
        }
        if (!print(step.print)) {
            result_.signal = SIGPIPE; // whoever read our output has left
            ended_ = true;
        }
        if (!step.send.empty()) {
            session_.keep_moment();
            serial_.send(step.send);
        }
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
                on_death(happened->text);
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
        const auto state = lab ? lab->state() : std::nullopt;
        liveness_.observe(now, {session_.running(), lab ? lab->heartbeat() : std::nullopt, state});
        if (state == interface::LabState::running || state == interface::LabState::rescued) {
            liveness_.heard(now); // the overseer's: it knows what the CPU did
        }
        if (const auto finding = overseer_.look()) {
            on_finding(*finding);
        } else if (!batch_.finished() && liveness_.hangs(now)) {
            session_.freeze();
            on_death(fmt::format("the guest hangs, no sign of life for {} s",
                                 std::chrono::duration_cast<std::chrono::seconds>(kHangPatience).count()));
        }
    }

    void on_finding(const Finding& finding) {
        read_serial(); // what it said before, as the reason of a panic
        switch (finding.what) {
        case Finding::What::interrupted:
            say(finding.text);
            break;
        case Finding::What::died:
            on_death(finding.text);
            break;
        case Finding::What::wants_undo:
            undo(finding.command);
            break;
        }
    }

    void undo(std::uint32_t asking) {
        const auto moment = session_.undo_last(asking);
        if (!moment) {
            if (moment.error() != kNoEarlierSnapshot) {
                say(moment.error()); // what the kernel can't know
            }
            session_.refuse_undo(asking);
            return;
        }
        say(fmt::format("the machine is as it was before command {}", moment->commands + 1));
        resume(true);
    }

    /// Says how it died; ends the batch, or goes on with the next command.
    void on_death(const std::string& what) {
        const bool hopeless = batch_.current().empty(); // no command is to blame: it would die again
        fail(what);
        report(session_.post_mortem());
        if (keep_going_ && !hopeless) {
            ended_ = false;
            come_back();
        }
    }

    void come_back() {
        const auto moment = session_.last_moment();
        const auto done = moment ? session_.go_back(*moment) : session_.boot_afresh();
        if (!done) {
            fail(fmt::format("the guest can't be brought back: {}", done.error()));
            return;
        }
        if (!done->empty()) {
            say(*done);
        }
        say(moment ? std::string("goes on in the state before that command")
                   : fmt::format("goes on after a fresh boot: {}",
                                 session_.no_snapshots().value_or("there is no snapshot")));
        resume(moment.has_value());
    }

    /// The machine is another one.
    void resume(bool at_prompt) {
        serial_.reopen();
        overseer_.start_anew();
        liveness_.heard(Clock::now());
        perform(batch_.on_return(at_prompt));
        serial_.flush();
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
    bool keep_going_;
    Liveness liveness_;
    Overseer overseer_;
    BatchResult result_;
    SerialLine serial_;
    bool ended_ = false;
};

} // namespace

BatchResult run_batch(Session& session, Batch& batch, const SignalGuard& signals, bool keep_going) {
    return Runner(session, batch, signals, keep_going).run();
}

} // namespace pagelab::console::machine
