#include "serial-console/src/machine/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdlib>

namespace pagelab::console::machine {

SignalGuard::SignalGuard() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaddset(&wanted, number);
    }
    ::sigprocmask(SIG_BLOCK, &wanted, &before_);
    ::signal(SIGPIPE, SIG_IGN);
    descriptor_.reset(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
}

SignalGuard::~SignalGuard() {
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalGuard::take() const {
    signalfd_siginfo info{};
    if (::read(descriptor_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) {
        return std::nullopt;
    }
    return static_cast<int>(info.ssi_signo);
}

void die_of(int number) {
    ::signal(number, SIG_DFL);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, number);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::raise(number);
    std::_Exit(128 + number);
}

} // namespace pagelab::console::machine
