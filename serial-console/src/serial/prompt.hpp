// Finds the prompt of the shell in what it sends outside of a command's output: `pagelab> `, or `pagelab:N> `
// where the address space is not 0. Pure and incremental.
#pragma once

#include "serial-console/src/serial/terminal_bytes.hpp"

#include <string>
#include <string_view>

namespace pagelab::console::serial {

/// Is `line` a prompt and nothing else?
[[nodiscard]] bool is_prompt(std::string_view line);

/// Follows the line that the cursor is on.
class PromptFinder {
public:
    void feed(std::string_view bytes);

    /// Does the stream end, for now, in a prompt with nothing typed behind it?
    [[nodiscard]] bool at_prompt() const { return is_prompt(line_); }

    /// Was a line ended since reset()?
    [[nodiscard]] bool line_ended() const { return line_ended_; }

    /// Forgets everything: what comes next begins a line.
    void reset() { *this = PromptFinder(); }

private:
    void pass(const Unit& unit);

    UnitParser parser_;
    std::string line_;
    bool line_ended_ = false;
};

} // namespace pagelab::console::serial
