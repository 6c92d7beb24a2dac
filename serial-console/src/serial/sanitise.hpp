// Filters between the guest's bytes and the user: no byte of a guest reaches a terminal or a file unfiltered.
// Pure and incremental. Batch marks are taken out before (marks.hpp).
#pragma once

#include "serial-console/src/serial/terminal_bytes.hpp"

#include <string>
#include <string_view>

namespace pagelab::console::serial {

enum class Policy {
    /// For the output of commands (--exec): text, newline and tab. Every other control is shown in caret
    /// notation (`^[`), so that what a guest sends is seen and never obeyed. The CR of CR LF is dropped.
    show,
    /// For a transcript (--plain into a pipe): text, newline and tab; whole escape sequences vanish.
    strip,
    /// For a user's terminal (--plain): besides text the moves, erasures and colours that a line editor
    /// needs. Whatever makes a terminal answer, retitle, resize or write the clipboard vanishes.
    terminal,
};

/// One direction of one stream.
class Filter {
public:
    explicit Filter(Policy policy) : policy_(policy) {}

    /// What may be passed on of `bytes`; an incomplete sequence at the end is held back.
    [[nodiscard]] std::string feed(std::string_view bytes);

private:
    void pass(const Unit& unit, std::string& out);
    void pass_control(const Unit& unit, std::string& out) const;

    Policy policy_;
    UnitParser parser_;
    bool return_pending_ = false; ///< a CR was seen whose next byte decides whether it is shown
};

} // namespace pagelab::console::serial
