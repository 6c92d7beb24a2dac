// How fast bytes may go to the serial port of a machine that is recorded. QEMU keeps what it has read for the
// log's next turn and meanwhile reads on, as if the UART still had room: what exceeds its FIFO is lost.
// Pure: the time is handed in.
#pragma once

#include "serial-console/src/machine/deadline.hpp"

#include <algorithm>
#include <cstddef>

namespace pagelab::console::machine {

class InputPace {
public:
    /// Several fit into a 16550's FIFO of 16: an echo may be longer than what was typed, and seem to be of
    /// more.
    static constexpr std::size_t kBatch = 4;
    /// So long until the next batch if the guest echoes less: a key may have no echo.
    static constexpr milliseconds kPatience{100};

    /// How many bytes may be sent now.
    [[nodiscard]] std::size_t allowed(Clock::time_point now) const { return now < next_ ? 0 : kBatch; }
    void sent(std::size_t bytes, Clock::time_point now) {
        next_ = now + kPatience;
        owed_ = bytes;
    }
    /// The guest said something: by its echo it has taken its input.
    void heard(std::size_t bytes) {
        owed_ -= std::min(owed_, bytes);
        if (owed_ == 0) {
            next_ = {};
        }
    }

private:
    Clock::time_point next_;
    std::size_t owed_ = 0; ///< bytes of echo
};

} // namespace pagelab::console::machine
