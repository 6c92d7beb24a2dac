#include "serial-console/src/machine/standard_streams.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iostream>

namespace pagelab::console::machine {
namespace {

bool raw_terminal = false;

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd waiting{descriptor, POLLOUT,
                           0}; // stdout may be shared with a program that made it non-blocking
            ::poll(&waiting, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

void line(std::string_view prefix, const std::string& text) {
    static_cast<void>(
        write_all(STDERR_FILENO, fmt::format("{}: {}{}", prefix, text, raw_terminal ? "\r\n" : "\n")));
}

} // namespace

bool print(std::string_view text) {
    return write_all(STDOUT_FILENO, text);
}

void say(const std::string& text) {
    line("pagelab", text);
}

void complain(const std::string& text) {
    line("error", text);
}

void report(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& each : lines) {
        text += fmt::format("  {}{}", each, raw_terminal ? "\r\n" : "\n");
    }
    static_cast<void>(write_all(STDERR_FILENO, text));
}

bool agree(const std::string& question) {
    if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) {
        return false;
    }
    static_cast<void>(write_all(STDERR_FILENO, fmt::format("{} [Y/n] ", question)));
    std::string answer;
    return std::getline(std::cin, answer) && (answer.empty() || answer[0] == 'y' || answer[0] == 'Y');
}

std::expected<void, std::string> write_file(const std::string& name, std::string_view text) {
    std::ofstream file(name, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) {
        return std::unexpected(fmt::format("can't write {}", name));
    }
    return {};
}

void lines_need_return(bool needed) {
    raw_terminal = needed;
}

} // namespace pagelab::console::machine
