// The commands that torture draws, on the kernel's own memory room over a simulated CPU: after each the books
// must be in order. What breaks the kernel itself is left out: there is no rescue here.
#include "kernel/selftest/invariants.hpp"
#include "kernel/shell/random.hpp"
#include "kernel/shell/torture.hpp"
#include "kernel/shell/torture_commands.hpp"
#include "tests/shell/simulated_shell.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace pagelab::shell::test {
namespace {

/// One machine, one seed.
class Session {
public:
    explicit Session(std::uint32_t seed) : random_(seed, 1) {
        Torture torture;
        lab().begin_command("torture");
        EXPECT_EQ(torture.start(lab(), seed, 1, 0), nullptr);
        lab().end_command(interface::Status::ok, true);
        state_ = lab().lab_page().torture;
        state_.done = 1000; // undo may be drawn
        lab().lab_page().torture.active = 0;
    }

    /// The next command; false if it damaged what the kernel stands on and the CPU could not go on.
    [[nodiscard]] bool step() {
        do {
            put_torture_command(line_, lab(), state_, random_);
        } while (!is_told_here(line_.view()));
        lines.emplace_back(line_.view());
        try {
            shell_.run(lines.back());
        } catch (const simulation::Fault&) {
            return false;
        }
        return true;
    }

    /// Nothing, or what is wrong with the books.
    [[nodiscard]] std::string problem() {
        for (const selftest::Case& invariant : selftest::invariants()) {
            if (const auto failure = invariant.check(lab())) {
                return std::string{invariant.name} + ": " + std::string{failure->text};
            }
        }
        return {};
    }
    std::vector<std::string> lines;

private:
    memory::Lab<simulation::Machine>& lab() { return shell_.bench.lab; }

    static bool is_told_here(std::string_view line) {
        return !line.starts_with("crash") && line.find("0xc") == line.npos && line.find("0xf") == line.npos &&
               !line.starts_with("setpde 768") && !line.starts_with("setpde 102");
    }

    SimulatedShell shell_{4096};
    interface::TortureState state_;
    Random random_;
    Text<96> line_;
};

/// PAGELAB_TORTURE_SESSIONS overrides how many seeds run, PAGELAB_TORTURE_SEED the first of them.
std::uint32_t setting(const char* name, std::uint32_t usual) {
    const char* const wanted = std::getenv(name);
    return wanted != nullptr ? static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10)) : usual;
}

/// The last commands of a session, for a failure's text.
std::string tail_of(const std::vector<std::string>& lines) {
    constexpr std::size_t kShown = 24;
    std::string text;
    for (std::size_t i = lines.size() > kShown ? lines.size() - kShown : 0; i < lines.size(); ++i) {
        text += lines[i] + "\n";
    }
    return text;
}

TEST(TortureOnTheLab, LeavesTheBooksInOrder) {
    constexpr std::uint32_t kSteps = 1500;
    constexpr std::uint32_t kBetweenLooks = 16;
    const std::uint32_t first = setting("PAGELAB_TORTURE_SEED", 1);
    const std::uint32_t sessions = setting("PAGELAB_TORTURE_SESSIONS", 20);
    for (std::uint32_t seed = first; seed < first + sessions; ++seed) {
        Session session(seed);
        for (std::uint32_t step = 1; step <= kSteps && session.step(); ++step) {
            const std::string problem = step % kBetweenLooks == 0 ? session.problem() : "";
            ASSERT_EQ(problem, "") << "seed " << seed << ", command " << step << ":\n"
                                   << tail_of(session.lines);
        }
    }
}

} // namespace
} // namespace pagelab::shell::test
