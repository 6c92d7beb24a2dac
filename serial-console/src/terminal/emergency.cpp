#include "serial-console/src/terminal/emergency.hpp"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>

namespace pagelab::console::terminal {
namespace {

constexpr std::array<int, 6> kFatal = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGQUIT};

// A signal handler can reach nothing but statics.
termios modes_before{};
bool modes_known = false;
std::array<char, 256> leave_text{};
std::size_t leave_length = 0;
std::array<struct sigaction, kFatal.size()> actions_before{};

/// Calls nothing but what POSIX allows in a handler.
void restore_and_die(int number) {
    if (leave_length > 0) {
        [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, leave_text.data(), leave_length);
    }
    if (modes_known) {
        ::tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
    }
    ::signal(number, SIG_DFL);
    ::raise(number);
}

} // namespace

void arm_emergency() {
    modes_known = ::tcgetattr(STDIN_FILENO, &modes_before) == 0;
    leave_length = 0;
    struct sigaction action {};
    action.sa_handler = restore_and_die;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    for (std::size_t i = 0; i < kFatal.size(); ++i) {
        ::sigaction(kFatal[i], &action, &actions_before[i]);
    }
}

void set_emergency_text(const std::string& leave) {
    leave_length = leave.size() <= leave_text.size() ? leave.size() : 0;
    std::memcpy(leave_text.data(), leave.data(), leave_length);
}

void disarm_emergency() {
    for (std::size_t i = 0; i < kFatal.size(); ++i) {
        ::sigaction(kFatal[i], &actions_before[i], nullptr);
    }
    if (modes_known) {
        ::tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_before);
    }
}

} // namespace pagelab::console::terminal
