// torture: the same seed gives the same commands, none of them names a witness, and a witness that changed is
// noticed.
#include "kernel/shell/torture.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <set>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using interface::TortureState;
using Lines = std::vector<std::string>;

/// The commands that it makes while nothing runs them.
Lines commands_of(FakeMachine& machine, std::uint32_t seed, std::uint32_t count) {
    Torture torture;
    machine.begin_command("torture");
    EXPECT_EQ(torture.start(machine, seed, count, interface::torture_options::kHang), nullptr);
    machine.end_command(Status::ok, true);
    Lines lines;
    while (torture.next(machine)) {
        lines.emplace_back(torture.command());
        torture.note(machine, Status::ok);
    }
    return lines;
}

/// All numbers of a line that are spelled 0x… or p:0x….
std::vector<std::uint32_t> numbers_of(const std::string& line) {
    std::vector<std::uint32_t> numbers;
    for (std::size_t at = line.find("0x"); at != std::string::npos; at = line.find("0x", at + 2)) {
        std::uint32_t value = 0;
        std::from_chars(line.data() + at + 2, line.data() + line.size(), value, 16);
        numbers.push_back(value);
    }
    return numbers;
}

TEST(Torture, TheSameSeedGivesTheSameCommands) {
    FakeMachine one;
    FakeMachine two;
    FakeMachine other;
    const Lines lines = commands_of(one, 7, 500);
    ASSERT_EQ(lines.size(), 500u);
    EXPECT_EQ(lines, commands_of(two, 7, 500));
    EXPECT_NE(lines, commands_of(other, 8, 500));
}

TEST(Torture, DrawsManyKindsOfCommands) {
    FakeMachine machine;
    std::set<std::string> kinds;
    for (const std::string& line : commands_of(machine, 3, 300000)) {
        const std::size_t end =
            line.starts_with("crash ") || line.starts_with("space ") ? line.find(' ', 6) : line.find(' ');
        kinds.insert(line.substr(0, end));
    }
    EXPECT_GE(kinds.size(), 40u);
    for (const std::string kind :
         {"map", "unmap", "protect", "setpde", "setpte", "poke", "fill", "noflush", "undo", "space clone",
          "in", "crash esp", "crash cr3", "crash loop", "crash hlt"}) {
        EXPECT_TRUE(kinds.contains(kind)) << kind;
    }
}

TEST(Torture, NamesNoWitness) {
    FakeMachine machine;
    const Lines lines = commands_of(machine, 11, 20000);
    const TortureState& state = machine.kernel_page.torture;
    std::set<std::uint32_t> frames(state.frames.begin(), state.frames.end());
    frames.insert(state.tables.begin(), state.tables.end());
    ASSERT_EQ(frames.size(), interface::kWitnessPages + interface::kWitnessSlots);
    for (const std::string& line : lines) {
        const bool place = !line.starts_with("crash") && !line.starts_with("alloc");
        for (const std::uint32_t number : numbers_of(line)) {
            EXPECT_FALSE(frames.contains(number & ~0xfffu) && place) << line;
        }
        const bool names_va = line.starts_with("map ") || line.starts_with("unmap ") ||
                              line.starts_with("protect ") || line.starts_with("setpte ") ||
                              line.starts_with("poke 0x") || line.starts_with("fill 0x");
        if (names_va) {
            const std::uint32_t slot = numbers_of(line).at(0) >> 22;
            EXPECT_TRUE(slot < state.first_slot || slot >= state.first_slot + interface::kWitnessSlots)
                << line;
        }
    }
}

TEST(Torture, TellsWhatCameOfIt) {
    Session session;
    const Lines lines = session.run("torture 1 50");
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_TRUE(lines[0].starts_with("50 of 50 commands survived: ")) << lines[0];
    EXPECT_TRUE(lines[1].starts_with("refused ")) << lines[1];
    EXPECT_NE(lines[1].find("changed a table "), std::string::npos);
    EXPECT_EQ(lines[2], "all 8 witness pages are as they were");
    EXPECT_EQ(session.statuses.back(), Status::ok);
    EXPECT_EQ(session.run("maps 0x30000000-0x40000000"), Lines{"nothing is mapped"})
        << "the witnesses are gone";
}

TEST(Torture, ShowsItsCommandsIfAsked) {
    Session session;
    const Lines lines = session.run("torture 1 5 hang show");
    ASSERT_EQ(lines.size(), 5u + 3u);
    FakeMachine other;
    EXPECT_EQ(lines[0], commands_of(other, 1, 1).at(0));
}

TEST(Torture, NoticesAWitnessThatChanged) {
    FakeMachine machine;
    Torture torture;
    machine.begin_command("torture");
    ASSERT_EQ(torture.start(machine, 1, 1000, 0), nullptr);
    machine.end_command(Status::ok, true);
    const PhysAddr word{machine.kernel_page.torture.frames[3] + 0x7fcull};
    machine.begin_command("poke");
    ASSERT_TRUE(machine.store_physical(word, Unit::word, 1, {}));
    machine.end_command(Status::ok, true);
    std::uint32_t run = 0;
    while (torture.next(machine)) {
        torture.note(machine, Status::ok);
        ++run;
    }
    EXPECT_EQ(run, 256u) << "it stops at the next look";
    Text<512> out;
    machine.begin_command("torture");
    EXPECT_EQ(torture.end(machine, out), Status::error);
    EXPECT_NE(out.view().find("1 of 8 witness pages lost; the last command was: "), std::string_view::npos);
}

TEST(Torture, RefusesWhatIsWrong) {
    Session session;
    const auto expect_error = [&](std::string_view line, const std::string& text) {
        EXPECT_EQ(session.run(line), Lines{"error: " + text}) << line;
    };
    expect_error("torture", "torture needs arguments; usage: torture SEED COUNT [hang] [show]");
    expect_error("torture 1", "torture needs more arguments; usage: torture SEED COUNT [hang] [show]");
    expect_error("torture 1 10 hard", "'hard' is no option of torture; write hang or show");
    EXPECT_EQ(session.run("torture 1 0").size(), 1u);
    EXPECT_EQ(session.status(), Status::error);
    EXPECT_EQ(session.run("torture x 5").size(), 1u);
    EXPECT_EQ(session.status(), Status::error);
}

TEST(Torture, EndsWithCtrlCAndSaysHowFarItCame) {
    Session session;
    session.machine.interrupt_at_poll = 40;
    const Lines lines = session.run("torture 1 100000");
    ASSERT_GE(lines.size(), 2u);
    EXPECT_EQ(lines[0], "interrupted");
    EXPECT_NE(lines[1].find(" of 100000 commands survived"), std::string::npos) << lines[1];
    EXPECT_FALSE(Torture::active(session.machine));
}

} // namespace
} // namespace pagelab::shell::test
