// A session with the shell on a fake machine: type lines, read what they print.
#pragma once

#include "kernel/shell/shell.hpp"
#include "tests/shell/fake_machine.hpp"

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace pagelab::shell {

inline std::ostream& operator<<(std::ostream& out, Literal literal) {
    return out << literal.text();
}

} // namespace pagelab::shell

namespace pagelab::shell::test {

class Session {
public:
    explicit Session(ShellOptions options = {}, std::string_view boot = {})
        : shell_(std::make_unique<Shell>(machine, options)) {
        if (!boot.empty()) {
            shell_->boot_line(boot);
        }
    }

    FakeMachine machine;

    /// Sends bytes and returns all that came back, as it came.
    std::string send(std::string_view bytes) {
        machine.output.clear();
        machine.input.insert(machine.input.end(), bytes.begin(), bytes.end());
        for (;;) {
            try {
                shell_->run();
                return machine.output;
            } catch (const CpuFault& fault) {
                shell_->abandon(fault.exception);
            } catch (const KernelDeath& death) {
                shell_->abandon_rescued(death.report);
            }
        }
    }

    /// Types one line and returns the lines that it printed, without greeting, echo and prompt.
    std::vector<std::string> run(std::string_view line) {
        if (!begun_) {
            begun_ = true;
            send("");
        }
        const std::size_t before = machine.statuses.size();
        std::string text = send(std::string{line} + "\n");
        statuses.assign(machine.statuses.begin() + static_cast<std::ptrdiff_t>(before),
                        machine.statuses.end());
        // The editor's echo ends with the first newline; the last line is the next prompt.
        text.erase(0, text.find('\n') + 1);
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            lines.push_back(text.substr(at, end - at));
            at = end + 1;
        }
        if (!lines.empty() && lines.back().starts_with("pagelab") && !text.ends_with('\n')) {
            lines.pop_back();
        }
        return lines;
    }

    /// The lines of one command, joined.
    std::string text(std::string_view line) {
        std::string joined;
        for (const std::string& part : run(line)) {
            joined += part + "\n";
        }
        return joined;
    }

    /// The worst status of the last line's commands.
    [[nodiscard]] interface::Status status() const {
        return statuses.empty() ? interface::Status::ok : *std::max_element(statuses.begin(), statuses.end());
    }
    std::vector<interface::Status> statuses;

private:
    std::unique_ptr<Shell> shell_;
    bool begun_ = false;
};

} // namespace pagelab::shell::test
