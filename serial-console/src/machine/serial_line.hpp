// The console's end of the guest's serial port: what waits to be sent, and whether the line still stands.
// For the loops that drive a session: batch, plain console and picture. Never blocks.
#pragma once

#include "serial-console/src/machine/input_pace.hpp"
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
        const short events = unsent_.empty() || allowed() == 0 ? POLLIN : POLLIN | POLLOUT;
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
        if (result == ReadResult::data) {
            pace_.heard(bytes.size());
        }
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
    /// Sends what can be sent at once; while the run is recorded not more than QEMU loses nothing of.
    void flush() {
        std::string batch = unsent_.substr(0, allowed());
        if (!open_ || batch.empty()) {
            return;
        }
        const std::size_t size = batch.size();
        open_ = write_available(session_.serial_descriptor(), batch);
        const std::size_t sent = size - batch.size();
        unsent_.erase(0, sent);
        pace_.sent(sent, Clock::now());
    }

private:
    [[nodiscard]] std::size_t allowed() const {
        return session_.recorded() ? pace_.allowed(Clock::now()) : unsent_.size();
    }

    const Session& session_;
    std::string unsent_;
    InputPace pace_;
    bool open_ = true;
};

} // namespace pagelab::console::machine
