#include "serial-console/src/machine/qmp_client.hpp"

#include "serial-console/src/machine/unix_socket.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <utility>

namespace pagelab::console::machine {

using nlohmann::json;

namespace {

/// More than QEMU ever says in one line; a line that goes on is no answer.
constexpr std::size_t kLongestMessage = std::size_t{16} << 20;

/// The text under a key; `otherwise` if it is missing or none.
std::string text_of(const json& message, const char* key, std::string otherwise) {
    const auto found = message.is_object() ? message.find(key) : message.end();
    return found != message.end() && found->is_string() ? found->get<std::string>() : std::move(otherwise);
}

} // namespace

std::expected<QmpClient, std::string> QmpClient::connect(const std::filesystem::path& path,
                                                         const Deadline& deadline) {
    auto connection = connect_to(path);
    if (!connection) {
        return std::unexpected(connection.error());
    }
    return negotiate(std::move(*connection), path.string(), deadline);
}

std::expected<QmpClient, std::string> QmpClient::negotiate(FileDescriptor connection, const std::string& name,
                                                           const Deadline& deadline) {
    QmpClient client(std::move(connection));
    const auto greeting = client.wait_message(deadline);
    if (!greeting || !greeting->contains("QMP")) {
        return std::unexpected(fmt::format("{}: QEMU does not answer", name));
    }
    const auto ready = client.execute("qmp_capabilities", json::object(), deadline);
    if (!ready) {
        return std::unexpected(ready.error());
    }
    return client;
}

std::expected<json, std::string> QmpClient::execute(std::string_view command, const json& arguments,
                                                    const Deadline& deadline) {
    const json request = {{"execute", command}, {"arguments", arguments}};
    if (!send(request.dump() + "\n", deadline)) {
        return std::unexpected(fmt::format("QEMU's monitor is gone ({})", command));
    }
    while (const auto message = wait_message(deadline)) {
        if (keep_event(*message)) {
            continue;
        }
        if (message->contains("error")) {
            return std::unexpected(text_of((*message)["error"], "desc", "QEMU refused"));
        }
        return message->value("return", json::object());
    }
    return std::unexpected(fmt::format("QEMU does not answer ({})", command));
}

std::expected<std::string, std::string> QmpClient::human(std::string_view command_line,
                                                         const Deadline& deadline) {
    const auto answer = execute("human-monitor-command", {{"command-line", command_line}}, deadline);
    if (!answer) {
        return std::unexpected(answer.error());
    }
    return answer->is_string() ? answer->get<std::string>() : std::string();
}

std::optional<QmpEvent> QmpClient::next_event() {
    read_more();
    while (const auto message = take_message()) {
        // Outside of execute() nothing is asked, so anything but an event is left over and means nothing.
        static_cast<void>(keep_event(*message));
    }
    if (events_.empty()) {
        return std::nullopt;
    }
    QmpEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

void QmpClient::forget(std::string_view name) {
    std::erase_if(events_, [name](const QmpEvent& event) { return event.name == name; });
}

void QmpClient::read_more() {
    if (!closed_ && read_available(connection_.get(), received_) == ReadResult::closed) {
        closed_ = true;
    }
}

std::optional<json> QmpClient::take_message() {
    while (true) {
        const std::size_t end = received_.find('\n');
        if (end == std::string::npos) {
            closed_ = closed_ || received_.size() > kLongestMessage;
            return std::nullopt;
        }
        json message = json::parse(received_.substr(0, end), nullptr, false);
        received_.erase(0, end + 1);
        if (message.is_object()) {
            return message;
        }
    }
}

std::optional<json> QmpClient::wait_message(const Deadline& deadline) {
    while (true) {
        read_more();
        if (auto message = take_message()) {
            return message;
        }
        pollfd waiting{connection_.get(), POLLIN, 0};
        if (closed_ || deadline.passed() || ::poll(&waiting, 1, deadline.left_ms()) == 0) {
            return std::nullopt;
        }
    }
}

bool QmpClient::keep_event(const json& message) {
    if (!message.contains("event")) {
        return false;
    }
    events_.push_back({text_of(message, "event", ""), message.value("data", json::object())});
    return true;
}

bool QmpClient::send(std::string text, const Deadline& deadline) {
    while (!text.empty()) {
        if (!write_available(connection_.get(), text)) {
            closed_ = true;
            return false;
        }
        if (!text.empty()) {
            pollfd waiting{connection_.get(), POLLOUT, 0};
            if (::poll(&waiting, 1, deadline.left_ms()) == 0) {
                return false;
            }
        }
    }
    return true;
}

} // namespace pagelab::console::machine
