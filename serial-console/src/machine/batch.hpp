// Runs a list of commands on the shell behind a serial stream: what to send when, what to print, what the
// statuses add up to. Pure: bytes in, bytes out, no descriptor and no clock.
#pragma once

#include "serial-console/src/serial/marks.hpp"
#include "serial-console/src/serial/prompt.hpp"
#include "serial-console/src/serial/sanitise.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::console::machine {

/// The commands of a text, each line split as the shell splits it; comments and empty ones are left out.
/// An error names a command that is longer than the shell's line.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> split_commands(std::string_view text);

class Batch {
public:
    explicit Batch(std::vector<std::string> commands) : commands_(std::move(commands)) {}

    /// What is to be done now.
    struct Step {
        std::string send;  ///< to the guest
        std::string print; ///< to the user's stdout, sanitised
        std::string note;  ///< a sentence for the user's stderr, or empty
    };

    /// The guest sent `bytes`.
    [[nodiscard]] Step on_bytes(std::string_view bytes);
    /// The guest was reset on its own wish: the command that did it counts as 0, the prompt will come again.
    void on_reboot();
    /// The machine is another one: back at the prompt before the current command, or at the beginning of a
    /// boot. Goes on with the next command.
    [[nodiscard]] Step on_return(bool at_prompt);
    /// The guest halted on its own wish: nothing more will be run.
    void on_halt() { state_ = State::finished; }

    /// All commands were run, or the guest halted.
    [[nodiscard]] bool finished() const { return state_ == State::finished; }
    /// Was every status 0 so far?
    [[nodiscard]] bool all_ok() const { return all_ok_; }
    /// The command that is being run; empty at the prompt or while the guest boots.
    [[nodiscard]] std::string_view current() const;
    /// What the guest said lately outside of any output, sanitised: it explains a boot or a prompt that
    /// failed.
    [[nodiscard]] std::string unprinted() const;

private:
    /// boot: until the first prompt. echo: sent, the output has not begun. output: inside of the marks.
    /// after: the command ended, the prompt has not come.
    enum class State { boot, echo, output, after, finished };

    void on_piece(const serial::Text& text, Step& step);
    void on_piece(const serial::OutputBegins& mark, Step& step);
    void on_piece(const serial::CommandDone& mark, Step& step);
    [[nodiscard]] bool ready() const;
    void send_next(Step& step);

    std::vector<std::string> commands_;
    std::size_t next_ = 0;
    State state_ = State::boot;
    bool all_ok_ = true;
    serial::MarkParser marks_;
    serial::PromptFinder prompt_;
    serial::Filter filter_{serial::Policy::show};
    bool line_open_ = false; ///< what was printed last did not end its line
    std::string aside_;      ///< the end of what was not printed
};

} // namespace pagelab::console::machine
