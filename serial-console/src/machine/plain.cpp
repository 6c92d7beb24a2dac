#include "serial-console/src/machine/plain.hpp"

#include "serial-console/src/machine/key_prefix.hpp"
#include "serial-console/src/machine/liveness.hpp"
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
    Plain(Session& session, const SignalGuard& signals, bool ours)
        : session_(session), signals_(signals), ours_(ours), typing_(::isatty(STDIN_FILENO) == 1),
          filter_(::isatty(STDOUT_FILENO) == 1 ? serial::Policy::terminal : serial::Policy::strip),
          terminal_(typing_ ? STDIN_FILENO : -1), liveness_(Clock::now()) {}

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
        if (!farewell_.empty()) {
            result_.status == kExitOk ? say(farewell_) : complain(farewell_);
        }
        return result_;
    }

private:
    /// Says how to leave. One who attaches sees the line that the shell stands at.
    void greet() {
        if (typing_) {
            say(fmt::format("{}; ^] q leaves{}", session_.name(), ours_ ? " and ends it" : ", it goes on"));
        }
        if (!ours_) {
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
        ::poll(waiting.data(), waiting.size(), kLookMs);
        input_ready_ = waiting[3].revents != 0;
    }

    void read_serial() {
        while (!ended_) {
            const auto bytes = serial_.read();
            if (!bytes) {
                return;
            }
            liveness_.heard(Clock::now());
            show(*bytes);
        }
    }

    /// Strips the marks; follows where the prompt is.
    void show(const std::string& bytes) {
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
        KeyPrefix::Typed typed = keys_.feed(bytes);
        serial_.send(typed.to_guest);
        ended_ = ended_ || typed.quit;
    }

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
        case Happening::paused:
        case Happening::resumed:
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
            leave(happened.text, kExitGuestDied);
            return;
        case Happening::broken:
            result_.machine_gone = true;
            leave(happened.text, kExitGuestDied);
            return;
        }
    }

    /// A pipe can't look at a hanging guest and press keys, so it is not kept waiting for ever.
    void watch() {
        const Clock::time_point now = Clock::now();
        const auto& lab = session_.lab();
        liveness_.observe(now, {session_.running(), lab ? lab->heartbeat() : std::nullopt,
                                lab ? lab->state() : std::nullopt});
        const bool owes = !typing_ && !at_prompt();
        if (lab && lab->state() == interface::LabState::panic && !ended_) {
            read_serial();
            leave("the kernel panicked", kExitGuestDied);
        } else if (!owes) {
            liveness_.heard(now);
        } else if (!ended_ && liveness_.hangs(now)) {
            leave(fmt::format("the guest hangs: {}", session_.freeze_and_describe()), kExitGuestDied);
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
    bool ours_;
    bool typing_; ///< a person types; else a pipe delivers
    serial::Filter filter_;
    RawTerminal terminal_;
    Liveness liveness_;
    KeyPrefix keys_;
    serial::MarkParser marks_;
    serial::PromptFinder prompt_;
    ConsoleResult result_;
    std::string farewell_;
    std::string pending_; ///< lines of a pipe that were not sent yet
    bool in_output_ = false;
    bool echo_due_ = false; ///< a line was sent, the shell has not taken it yet
    bool input_open_ = true;
    bool input_ready_ = false;
    bool eof_ = false;
    bool ended_ = false;
};

} // namespace

ConsoleResult run_plain(Session& session, const SignalGuard& signals, bool ours) {
    return Plain(session, signals, ours).run();
}

} // namespace pagelab::console::machine
