// Looks after a guest for a console, between two waits of its loop: answers what the kernel asks of the host,
// ends a command that hangs by an NMI, finds that the guest is beyond that. What to tell the user and what to
// do about a death is the console's.
#pragma once

#include "serial-console/src/machine/session.hpp"
#include "serial-console/src/machine/watchdog.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pagelab::console::machine {

struct Finding {
    enum class What : std::uint8_t {
        interrupted, ///< the command was ended by an NMI; `text` tells the user
        died,        ///< the guest panicked or hangs, and was stopped; `text` says it
        wants_undo,  ///< the command number `command` asks for memory as it was before the one before it
    };
    What what = What::died;
    std::string text;
    std::uint32_t command = 0;
};

class Overseer {
public:
    explicit Overseer(Session& session) : session_(session), watchdog_(Clock::now()) {}

    /// The guest sent bytes: read them before look().
    void heard() {
        watchdog_.heard(Clock::now());
        lively();
    }
    /// These bytes go to the guest.
    void sent(std::string_view bytes);
    /// The machine is another than before: after a reset or a snapshot.
    void start_anew() { watchdog_ = Watchdog(Clock::now()); }

    [[nodiscard]] std::optional<Finding> look();
    /// How long a loop may wait at most until the next look, if it would wait for `usual` ms.
    [[nodiscard]] int patience_ms(int usual) const;

private:
    void lively() { lively_until_ = Clock::now() + milliseconds(250); }
    [[nodiscard]] std::optional<Finding> watch_command();
    [[nodiscard]] Finding lost(std::string why);

    Session& session_;
    Watchdog watchdog_;
    Clock::time_point lively_until_; ///< a command may just be about to begin
};

} // namespace pagelab::console::machine
