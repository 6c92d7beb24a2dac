#include "serial-console/src/machine/plain.hpp"

#include "serial-console/src/machine/key_prefix.hpp"
#include "serial-console/src/machine/line_watch.hpp"
#include "serial-console/src/machine/liveness.hpp"
#include "serial-console/src/machine/overseer.hpp"
#include "serial-console/src/machine/serial_line.hpp"
#include "serial-console/src/machine/standard_streams.hpp"
#include "serial-console/src/machine/terminal_mode.hpp"
#include "serial-console/src/serial/marks.hpp"
#include "serial-console/src/serial/prompt.hpp"
#include "serial-console/src/serial/sanitise.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <string>
#include <variant>

namespace pagelab::console::machine {
namespace {

constexpr int kLookMs = 250;

class Plain {
public:
    Plain(Session& session, const SignalGuard& signals, Visit visit)
        : session_(session), signals_(signals), visit_(visit), typing_(::isatty(STDIN_FILENO) == 1),
          filter_(::isatty(STDOUT_FILENO) == 1 ? serial::Policy::terminal : serial::Policy::strip),
          terminal_(typing_ ? STDIN_FILENO : -1), liveness_(Clock::now()), overseer_(session) {}

    ConsoleResult run() {
        greet();
        while (!ended_) {
            wait();
            if (const auto signal = signals_.take()) {
                result_.signal = signal;
                break;
            }
            read_serial();
            react();
            read_input();
            serial_.flush();
            watch();
        }
        terminal_.restore();
        if (has_died_ && result_.status == kExitOk) {
            result_.status = kExitGuestDied;
        }
        if (!farewell_.empty()) {
            result_.status == kExitOk ? say(farewell_) : complain(farewell_);
        }
        report(report_at_end_);
        return result_;
    }

private:
    /// Says how to leave. One who attaches sees the line that the shell stands at.
    void greet() {
        if (typing_) {
            say(fmt::format("{}; ^] q leaves{}; ^] u undoes the last line", session_.name(),
                            visit_.ours ? " and ends it" : ", it goes on"));
        }
        if (!visit_.ours) {
            show(last_line());
        }
    }

    [[nodiscard]] std::string last_line() const {
        constexpr std::streamoff kTail = 4096;
        std::ifstream log(session_.directory() / run_file::kSerialLog, std::ios::binary | std::ios::ate);
        const std::streamoff size = log.tellg();
        if (size <= 0) {
            return {};
        }
        log.seekg(std::max<std::streamoff>(0, size - kTail));
        const std::string tail((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
        return tail.substr(tail.rfind('\n') + 1);
    }

    void wait() {
        const bool wants_input = input_open_ && (typing_ || pending_.find('\n') == std::string::npos);
        std::array<pollfd, 4> waiting = {{
            serial_.waiting(),
            {session_.control_descriptor(), POLLIN, 0},
            {signals_.descriptor(), POLLIN, 0},
            {wants_input ? STDIN_FILENO : -1, POLLIN, 0},
        }};
        ::poll(waiting.data(), waiting.size(), overseer_.patience_ms(kLookMs));
        input_ready_ = waiting[3].revents != 0;
    }

    void read_serial() {
        while (!ended_) {
            const auto bytes = serial_.read();
            if (!bytes) {
                return;
            }
            liveness_.heard(Clock::now());
            overseer_.heard();
            show(*bytes);
        }
    }

    /// Strips the marks; follows where the prompt is.
    void show(const std::string& bytes) {
        lines_.heard(bytes);
        std::string visible;
        for (const serial::Piece& piece : marks_.feed(bytes)) {
            if (const auto* const text = std::get_if<serial::Text>(&piece)) {
                visible += filter_.feed(text->bytes);
                if (!in_output_) {
                    prompt_.feed(text->bytes);
                }
            } else {
                in_output_ = std::holds_alternative<serial::OutputBegins>(piece);
                echo_due_ = false;
                prompt_.reset();
            }
        }
        if (!print(visible)) {
            result_.signal = SIGPIPE;
            ended_ = true;
        }
    }

    void read_input() {
        if (input_ready_ && !ended_) {
            std::array<char, 4096> buffer{};
            const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
            if (count > 0) {
                take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
            } else {
                input_open_ = false;
                eof_ = true;
            }
        }
        if (!typing_) {
            feed_line();
        } else if (eof_) {
            ended_ = true; // the terminal is gone
        }
    }

    void take(std::string_view bytes) {
        if (!typing_) {
            pending_ += bytes;
            return;
        }
        const KeyPrefix::Typed typed = keys_.feed(bytes);
        if (typed.quit) {
            leave("", dead_ ? kExitGuestDied : kExitOk);
        } else if (dead_) {
            choose(typed.to_guest);
        } else if (typed.undo) {
            undo(std::nullopt);
        } else {
            send(typed.to_guest);
        }
    }

    /// Keeps the moment before the Enter that hands the shell a line.
    void send(std::string_view typed) {
        overseer_.sent(typed);
        if (const std::size_t enter = lines_.enter_in(typed); enter != std::string_view::npos) {
            serial_.send(typed.substr(0, enter));
            serial_.flush();
            keep_moment();
            typed.remove_prefix(enter);
        }
        serial_.send(typed);
    }

    void keep_moment() {
        session_.keep_moment();
        if (const auto notice = session_.take_notice()) {
            say(session_.recorded() ? *notice
                                    : fmt::format("{}; after a death the lab boots afresh", *notice));
        }
    }

    /// Goes back to before the last line, or before the one that a command asks for.
    void undo(std::optional<std::uint32_t> asking) {
        const auto moment = session_.undo_last(asking);
        if (moment) {
            print_line_end();
            say(fmt::format("the machine is as it was before command {}", moment->commands + 1));
            resume(true);
            return;
        }
        if (asking) {
            session_.refuse_undo(*asking);
            if (moment.error() == kNoEarlierSnapshot) {
                return; // the kernel says so
            }
        }
        print_line_end();
        say(fmt::format("nothing was undone: {}", moment.error()));
    }

    /// The machine is another one: at the prompt, with a line that was half typed, or booting.
    void resume(bool at_prompt) {
        dead_ = false;
        serial_.reopen();
        marks_ = serial::MarkParser();
        lines_ = LineWatch();
        in_output_ = false;
        echo_due_ = false;
        prompt_.reset();
        overseer_.start_anew();
        liveness_.heard(Clock::now());
        if (at_prompt) {
            serial_.send("\x03");
        }
    }

    void on_death(const std::string& what) {
        has_died_ = true;
        print_line_end();
        if (!typing_) {
            // No line is to blame: it would die again.
            const bool hopeless = !in_output_ && !echo_due_;
            if (!visit_.keep_going || hopeless) {
                leave(what, kExitGuestDied);
                report_at_end_ = session_.post_mortem();
                return;
            }
        }
        if (session_.recorded()) {
            leave(what, kExitGuestDied); // its recording ends here
            report_at_end_ = session_.post_mortem();
            return;
        }
        complain(what);
        report(session_.post_mortem());
        if (!typing_) {
            come_back(session_.last_moment());
            return;
        }
        dead_ = true;
        say(fmt::format("{}r  a fresh boot   q  quit",
                        session_.last_moment() ? "b  back to the state before the last line   " : ""));
        if (!session_.last_moment()) {
            say(session_.no_snapshots().value_or("there is no snapshot to go back to"));
        }
    }

    void choose(std::string_view keys) {
        for (const char key : keys) {
            if (!dead_) {
                return; // what was typed behind the choice was meant for nobody
            }
            if (key == 'q') {
                leave("", kExitGuestDied);
                return;
            }
            if (key == 'b' && session_.last_moment()) {
                come_back(session_.last_moment());
            } else if (key == 'r') {
                come_back(std::nullopt);
            }
        }
    }

    void come_back(const std::optional<Moment>& moment) {
        const auto done = moment ? session_.go_back(*moment) : session_.boot_afresh();
        if (!done) {
            leave(fmt::format("the guest can't be brought back: {}", done.error()), kExitGuestDied);
            return;
        }
        if (!done->empty()) {
            say(*done);
        }
        say(moment ? std::string("back in the state before the last line")
                   : fmt::format("a fresh boot{}",
                                 typing_ ? ""
                                         : ": " + session_.no_snapshots().value_or("there is no snapshot")));
        has_died_ = has_died_ && !typing_; // a person saw it
        resume(moment.has_value());
    }

    void print_line_end() const { static_cast<void>(print(typing_ ? "\r\n" : "\n")); }

    /// Hands the shell the next line of a pipe when it waits for one.
    void feed_line() {
        if (!at_prompt() || ended_) {
            return;
        }
        const std::size_t end = pending_.find('\n');
        if (end == std::string::npos && !eof_) {
            return;
        }
        if (pending_.empty()) {
            show("\n"); // the prompt's line is not ended by anybody
            ended_ = true;
            return;
        }
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end == std::string::npos ? pending_.size() : end + 1);
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        keep_moment();
        serial_.send(line + "\r");
        prompt_.reset();
        echo_due_ = true;
        liveness_.heard(Clock::now());
    }

    /// Does the shell wait? While it echoes a line it may draw the prompt again, on the same line.
    [[nodiscard]] bool at_prompt() const {
        return !in_output_ && prompt_.at_prompt() && (!echo_due_ || prompt_.line_ended());
    }

    void react() {
        while (!ended_) {
            const auto happened = session_.next_happening();
            if (!happened) {
                return;
            }
            read_serial();
            on_happened(*happened);
        }
    }

    void on_happened(const Happened& happened) {
        switch (happened.what) {
        case Happening::resumed:
            dead_ = false;
            say(happened.text);
            return;
        case Happening::paused:
            say(happened.text);
            return;
        case Happening::rebooting:
            serial_.drop_unsent();
            in_output_ = false;
            echo_due_ = false;
            prompt_.reset();
            if (const auto revived = session_.revive(); !revived) {
                leave(fmt::format("the guest did not come back from its reboot: {}", revived.error()),
                      kExitGuestDied);
            }
            return;
        case Happening::halted:
        case Happening::stopped:
            result_.machine_gone = true;
            leave(happened.text, kExitOk);
            return;
        case Happening::died:
            on_death(happened.text);
            return;
        case Happening::broken:
            if (typing_) {
                on_death(happened.text); // who sits there may have another one
                return;
            }
            result_.machine_gone = true;
            leave(happened.text, kExitGuestDied);
            return;
        }
    }

    /// A pipe can't look at a hanging guest and press keys, so it is not kept waiting for ever.
    void watch() {
        const Clock::time_point now = Clock::now();
        const auto& lab = session_.lab();
        const auto state = lab ? lab->state() : std::nullopt;
        liveness_.observe(now, {session_.running(), lab ? lab->heartbeat() : std::nullopt, state});
        const bool owes = !typing_ && !at_prompt() && state != interface::LabState::running &&
                          state != interface::LabState::rescued;
        if (!owes) {
            liveness_.heard(now);
        }
        if (ended_ || dead_) {
            return;
        }
        if (const auto finding = overseer_.look()) {
            on_finding(*finding);
        } else if (liveness_.hangs(now)) {
            session_.freeze();
            on_death("the guest hangs");
        }
    }

    void on_finding(const Finding& finding) {
        read_serial(); // what it said before, as the reason of a panic
        switch (finding.what) {
        case Finding::What::interrupted:
            print_line_end();
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

    void leave(std::string why, int status) {
        farewell_ = std::move(why);
        result_.status = status;
        ended_ = true;
    }

    Session& session_;
    SerialLine serial_{session_};
    const SignalGuard& signals_;
    Visit visit_;
    bool typing_; ///< a person types; else a pipe delivers
    serial::Filter filter_;
    RawTerminal terminal_;
    Liveness liveness_;
    Overseer overseer_;
    KeyPrefix keys_;
    LineWatch lines_;
    serial::MarkParser marks_;
    serial::PromptFinder prompt_;
    ConsoleResult result_;
    std::string farewell_;
    std::vector<std::string> report_at_end_;
    std::string pending_; ///< lines of a pipe that were not sent yet
    bool in_output_ = false;
    bool echo_due_ = false; ///< a line was sent, the shell has not taken it yet
    bool input_open_ = true;
    bool input_ready_ = false;
    bool eof_ = false;
    bool dead_ = false;     ///< the guest is, and the user chooses what next
    bool has_died_ = false; ///< and nobody but the exit code tells of it
    bool ended_ = false;
};

} // namespace

ConsoleResult run_plain(Session& session, const SignalGuard& signals, Visit visit) {
    return Plain(session, signals, visit).run();
}

} // namespace pagelab::console::machine
