// The console's end of the guest's serial port: what waits to be sent, and whether the line still stands.
// For the loops that drive a session: batch, plain console and picture. Never blocks.
#pragma once

#include "serial-console/src/machine/session.hpp"
#include "serial-console/src/machine/unix_socket.hpp"

#include <poll.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pagelab::console::machine {

class SerialLine {
public:
    explicit SerialLine(const Session& session) : session_(session) {}

    /// What a loop waits for: bytes, and room for what is to be sent.
    [[nodiscard]] pollfd waiting() const {
        const short events = unsent_.empty() ? POLLIN : POLLIN | POLLOUT;
        return {open_ ? session_.serial_descriptor() : -1, events, 0};
    }

    /// What has arrived; nothing if that is nothing, or the other side closed.
    [[nodiscard]] std::optional<std::string> read() {
        std::string bytes;
        if (!open_) {
            return std::nullopt;
        }
        const ReadResult result = read_available(session_.serial_descriptor(), bytes);
        open_ = result != ReadResult::closed;
        return result == ReadResult::data ? std::optional{std::move(bytes)} : std::nullopt;
    }

    /// Queues bytes for the guest; `flush` sends them.
    void send(std::string_view bytes) { unsent_ += bytes; }
    /// Forgets what was not sent: it was meant for a machine that is no more.
    void drop_unsent() { unsent_.clear(); }
    /// The machine is another one, and its port open.
    void reopen() {
        drop_unsent();
        open_ = true;
    }
    /// Sends what can be sent at once.
    void flush() { open_ = open_ && write_available(session_.serial_descriptor(), unsent_); }

private:
    const Session& session_;
    std::string unsent_;
    bool open_ = true;
};

} // namespace pagelab::console::machine
