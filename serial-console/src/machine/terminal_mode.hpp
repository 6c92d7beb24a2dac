// The user's terminal in raw mode, for as long as this lives.
#pragma once

#include <termios.h>

namespace pagelab::console::machine {

class RawTerminal {
public:
    /// Does nothing where `descriptor` is no terminal.
    explicit RawTerminal(int descriptor);
    ~RawTerminal() { restore(); }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    void restore();

private:
    int descriptor_;
    bool raw_ = false;
    termios before_{};
};

} // namespace pagelab::console::machine
