// SIGINT, SIGTERM and SIGHUP as something to poll, so that each way out of the program cleans up.
#pragma once

#include "serial-console/src/machine/file_descriptor.hpp"

#include <csignal>
#include <optional>

namespace pagelab::console::machine {

/// Blocks the signals that end a program while it lives, and makes SIGPIPE an error of write().
class SignalGuard {
public:
    SignalGuard();
    ~SignalGuard();
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_.get(); } ///< readable when one has come
    /// The number of a signal that has come, without waiting.
    [[nodiscard]] std::optional<int> take() const;

private:
    FileDescriptor descriptor_;
    sigset_t before_{};
};

/// Ends this program as if it had never caught the signal, after all is cleaned up.
[[noreturn]] void die_of(int signal);

} // namespace pagelab::console::machine
