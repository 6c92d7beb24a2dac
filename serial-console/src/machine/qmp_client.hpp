// A client of QEMU's monitor protocol on a unix socket. One per connection; blocks only until a deadline.
#pragma once

#include "serial-console/src/machine/deadline.hpp"
#include "serial-console/src/machine/file_descriptor.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pagelab::console::machine {

/// Something QEMU said of its own accord.
struct QmpEvent {
    std::string name; ///< SHUTDOWN, STOP, RESUME, RESET, …
    nlohmann::json data;
};

class QmpClient {
public:
    /// Connects and leaves the negotiation mode. Fails if nobody greets in time: a monitor serves one
    /// client, so then another one is there.
    [[nodiscard]] static std::expected<QmpClient, std::string> connect(const std::filesystem::path& path,
                                                                       const Deadline& deadline);

    /// The same on a connection that is there; `name` is for the error.
    [[nodiscard]] static std::expected<QmpClient, std::string>
    negotiate(FileDescriptor connection, const std::string& name, const Deadline& deadline);

    [[nodiscard]] int descriptor() const { return connection_.get(); } ///< readable: call next_event()
    [[nodiscard]] bool closed() const { return closed_; }

    /// Runs a command and waits for its answer; events that come between are kept.
    [[nodiscard]] std::expected<nlohmann::json, std::string>
    execute(std::string_view command, const nlohmann::json& arguments, const Deadline& deadline);

    /// The text that a command of the human monitor prints.
    [[nodiscard]] std::expected<std::string, std::string> human(std::string_view command_line,
                                                                const Deadline& deadline);

    /// The next event that has arrived, without waiting.
    [[nodiscard]] std::optional<QmpEvent> next_event();

    /// Forgets events of that name that were kept while a command was answered.
    void forget(std::string_view name);

private:
    explicit QmpClient(FileDescriptor connection) : connection_(std::move(connection)) {}

    void read_more();
    [[nodiscard]] std::optional<nlohmann::json> take_message();
    [[nodiscard]] std::optional<nlohmann::json> wait_message(const Deadline& deadline);
    [[nodiscard]] bool keep_event(const nlohmann::json& message);
    [[nodiscard]] bool send(std::string text, const Deadline& deadline);

    FileDescriptor connection_;
    std::string received_;
    std::deque<QmpEvent> events_;
    bool closed_ = false;
};

} // namespace pagelab::console::machine
