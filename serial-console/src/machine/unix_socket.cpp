#include "serial-console/src/machine/unix_socket.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

namespace pagelab::console::machine {
namespace {

std::string failure(const std::filesystem::path& path) {
    return fmt::format("{}: {}", path.string(), std::strerror(errno));
}

std::optional<sockaddr_un> address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.size() >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return std::nullopt;
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace

std::expected<FileDescriptor, std::string> listen_at(const std::filesystem::path& path) {
    FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = address_of(path);
    if (!listener || !address || ::bind(listener.get(), generic(*address), sizeof(*address)) != 0 ||
        ::listen(listener.get(), 1) != 0) {
        return std::unexpected(failure(path));
    }
    return listener;
}

std::expected<FileDescriptor, std::string> connect_to(const std::filesystem::path& path) {
    FileDescriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto address = address_of(path);
    if (!connection || !address || ::connect(connection.get(), generic(*address), sizeof(*address)) != 0) {
        return std::unexpected(failure(path));
    }
    return connection;
}

ReadResult read_available(int descriptor, std::string& into, std::size_t limit) {
    std::array<char, 16384> buffer{};
    std::size_t taken = 0;
    while (taken < limit) {
        const ssize_t count = ::read(descriptor, buffer.data(), std::min(buffer.size(), limit - taken));
        if (count > 0) {
            into.append(buffer.data(), static_cast<std::size_t>(count));
            taken += static_cast<std::size_t>(count);
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            return taken > 0 ? ReadResult::data : ReadResult::closed;
        } else if (errno == EAGAIN) {
            break;
        }
    }
    return taken > 0 ? ReadResult::data : ReadResult::nothing_yet;
}

bool write_available(int descriptor, std::string& from) {
    while (!from.empty()) {
        const ssize_t count = ::send(descriptor, from.data(), from.size(), MSG_NOSIGNAL);
        if (count > 0) {
            from.erase(0, static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

} // namespace pagelab::console::machine
