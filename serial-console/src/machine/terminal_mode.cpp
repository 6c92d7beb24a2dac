#include "serial-console/src/machine/terminal_mode.hpp"

#include "serial-console/src/machine/standard_streams.hpp"

namespace pagelab::console::machine {

RawTerminal::RawTerminal(int descriptor) : descriptor_(descriptor) {
    if (::tcgetattr(descriptor_, &before_) != 0) {
        return;
    }
    termios raw = before_;
    ::cfmakeraw(&raw);
    raw_ = ::tcsetattr(descriptor_, TCSADRAIN, &raw) == 0;
    lines_need_return(raw_);
}

void RawTerminal::restore() {
    if (raw_) {
        ::tcsetattr(descriptor_, TCSADRAIN, &before_);
        lines_need_return(false);
        raw_ = false;
    }
}

} // namespace pagelab::console::machine
