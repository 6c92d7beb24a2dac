// `demo`: the scripts' engine on a plain fake, with scripts of the test's own.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using Lines = std::vector<std::string>;

const std::string kC{interface::marks::kOutputBegin};
std::string d(int status) {
    return std::string{interface::marks::kStatusBegin} + std::to_string(status) +
           std::string{interface::marks::kEnd};
}
const std::string kBack = "all of it is taken back";

constexpr Demo kScripts[] = {
    {"places", "every placeholder",
     "Pages %0 to %7 in %A and %B.\n"
     ">map %0 rw 2\n"
     ">map %7\n"
     ">echo $0 $1 $7 $A $B $D\n"
     ">echo %w %W %o %e %c $t\n"
     ">unmap %0\n"
     ">echo $0\n"
     "The page at %0 is gone.\n"},
    {"outcomes", "each as it should be",
     ">cr0 wp off\n"
     ">map %0\n"
     "#peek 0\n"
     "!unmap %1\n"
     ">map %2\n"
     ">undo\n"
     ">poke %0 7\n"},
    {"faults", "a fault too many", ">map %0\n>peek 0\n>echo never\n"},
    {"fails", "an error too many", ">map %0\n>unmap %1\n>echo never\n"},
    {"passes", "a fault too few", ">map %0\n#peek %0\n>echo never\n"},
    {"reads", "polls for long", ">map %0 rw 16\n>fill %0 1 64K\n>echo never\n"},
};

struct DemoTest : testing::Test {
    Session session{{.marks = false, .demos = kScripts}};

    std::vector<std::uint32_t> tables() {
        const std::uint32_t first = FakeMachine::kDirectory;
        return session.machine.words(first, first + 2 * 4096);
    }
    static bool has(const Lines& lines, const std::string& wanted) {
        return std::find(lines.begin(), lines.end(), wanted) != lines.end();
    }
};

TEST_F(DemoTest, AloneListsNamesAndPitfalls) {
    const Lines lines = session.run("demo");
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_EQ(lines[0], "places         every placeholder");
    EXPECT_EQ(lines[5], "reads          polls for long");
    EXPECT_EQ(session.run("demo nosuch"), (Lines{"error: no demo 'nosuch'; demo lists them"}));
    EXPECT_EQ(session.run("demo plases"), (Lines{"error: no demo 'plases'; did you mean demo places?"}));
}

TEST_F(DemoTest, FillsInPlaceholdersWhenTheStepRuns) {
    EXPECT_EQ(
        session.run("demo places"),
        (Lines{"Pages 0x58168000 to 0x5856b000 in 352 and 353.", "pagelab> map 0x58168000 rw 2",
               "mapped 0x58168000-0x5816a000, 2 pages of 4 KiB, from p:0x00400000; 1 table made, "
               "2 frames taken, nothing to flush",
               "pagelab> map 0x5856b000",
               "mapped 0x5856b000-0x5856c000, 1 page of 4 KiB, from p:0x00403000; 1 table made, "
               "1 frame taken, nothing to flush",
               "pagelab> echo p:0x00400000 p:0x00402000 p:0x00403000 p:0x00401000 p:0x00404000 "
               "p:0x00105000",
               "p:0x00400000 p:0x00402000 p:0x00403000 p:0x00401000 p:0x00404000 p:0x00105000",
               "pagelab> echo 0xffd605a0 0x585605a0 0x580 0x581685a4 0x58168ffc p:0xffd60000",
               "0xffd605a0 0x585605a0 0x580 0x581685a4 0x58168ffc p:0xffd60000", "pagelab> unmap 0x58168000",
               "unmapped 1 page from 0x58168000; 1 frame freed, 1 page flushed",
               // The frame that is gone keeps its name.
               "pagelab> echo p:0x00400000", "p:0x00400000", "The page at 0x58168000 is gone.", kBack}));
    EXPECT_EQ(session.status(), Status::ok);
}

TEST_F(DemoTest, TakesSlotsThatAreFree) {
    session.run("map 0x58000000");
    session.machine.ram(FakeMachine::kDirectory + 353 * 4) = 0x1000; // not present, but a value
    EXPECT_EQ(session.run("demo places").at(0), "Pages 0x58968000 to 0x58d6b000 in 354 and 355.");
    for (std::uint32_t slot = 1; slot < 768; ++slot) {
        session.machine.ram(FakeMachine::kDirectory + slot * 4) = slot == 5 || slot == 767 ? 0 : 0x1000;
    }
    EXPECT_EQ(session.run("demo places").at(0), "Pages 0xbfd68000 to 0x0156b000 in 767 and 5.");
    session.machine.ram(FakeMachine::kDirectory + 5 * 4) = 0x1000;
    EXPECT_EQ(session.run("demo places"),
              (Lines{"error: a demo needs two free directory slots below 768: unmap something, then free "
                     "tables"}));
}

TEST_F(DemoTest, NeedsASelfMapAndFrames) {
    std::uint32_t& self_map = session.machine.ram(FakeMachine::kDirectory + 1023 * 4);
    const std::uint32_t old = std::exchange(self_map, 0);
    EXPECT_EQ(session.run("demo places"),
              (Lines{"error: a demo needs the self-map in slot 1023, as space 0 has it; did you mean space "
                     "use 0?"}));
    self_map = old;
    session.run("space new table");
    session.run("space use 1");
    EXPECT_TRUE(session.run("demo places").at(0).ends_with("did you mean space use 0?"));
    session.run("space use 0");
    session.run("demo places");
    EXPECT_EQ(session.status(), Status::ok);
    session.run("alloc 3065");
    EXPECT_EQ(session.run("demo places"), (Lines{"error: a demo needs 8 free frames: unmap something"}));
    EXPECT_EQ(session.status(), Status::error);
}

TEST_F(DemoTest, GoesOnAsLongAsEachCommandEndsAsItShould) {
    session.run("map 0x40000000");
    const auto before = tables();
    const std::size_t free = session.machine.free_frames_count();
    const Lines lines = session.run("demo outcomes");
    EXPECT_TRUE(has(lines, "pagelab> poke 0x58168000 7"));
    EXPECT_EQ(lines.back(), kBack);
    EXPECT_EQ(tables(), before);
    EXPECT_EQ(session.machine.free_frames_count(), free);
    EXPECT_EQ(session.machine.flushed, 4) << "before the first step and after the last";
    // The user's own last command is the one that undo takes back next.
    EXPECT_EQ(session.run("undo").at(0).substr(0, 19), "took back command 1");
    EXPECT_EQ(session.machine.free_frames_count(), 3072u);
}

TEST_F(DemoTest, IsOneCommandForWhoReadsTheMarks) {
    Session batch{{.marks = true, .demos = kScripts}};
    batch.send("");
    const std::string text = batch.send("demo outcomes; echo next\r");
    const std::string typed = "demo outcomes; echo next\n";
    ASSERT_TRUE(text.starts_with(typed + kC)) << text;
    EXPECT_TRUE(text.ends_with("\n" + kBack + "\n" + d(0) + kC + "next\n" + d(0) + "pagelab> ")) << text;
    EXPECT_EQ(text.find(kC, typed.size() + kC.size()), text.rfind(kC)) << "no mark between the steps";
    const std::string listed = batch.send("history\r");
    EXPECT_NE(listed.find("   1  demo outcomes; echo next\n   2  history\n"), std::string::npos) << listed;
}

struct EndsEarly : DemoTest, testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(EndsEarly, WithAnErrorAfterItHasTakenAllBack) {
    session.run("map 0x40000000");
    const auto before = tables();
    const std::size_t free = session.machine.free_frames_count();
    const auto [name, command] = GetParam();
    const Lines lines = session.run("demo " + std::string{name});
    EXPECT_EQ(lines.back(),
              "error: '" + std::string{command} + "' did not end as the demo expects; all was taken back");
    EXPECT_FALSE(has(lines, "never"));
    EXPECT_EQ(session.machine.statuses.back(), Status::error);
    EXPECT_EQ(tables(), before);
    EXPECT_EQ(session.machine.free_frames_count(), free);
    // Nothing of it is left over for the next command.
    EXPECT_EQ(session.run("echo on"), (Lines{"on"}));
}
INSTANTIATE_TEST_SUITE_P(Demo, EndsEarly,
                         testing::Values(std::pair{"faults", "peek 0"},
                                         std::pair{"fails", "unmap 0x58169000"},
                                         std::pair{"passes", "peek 0x58168000"}));

TEST_F(DemoTest, EndsWithCtrlCAtAnyMomentAndLeavesNothing) {
    session.run("map 0x40000000");
    const auto before = tables();
    const std::size_t free = session.machine.free_frames_count();
    int interrupted = 0;
    for (int poll = 1;; ++poll) {
        session.machine.interrupt_at_poll = poll;
        const Lines lines = session.run("demo reads; echo after");
        ASSERT_EQ(tables(), before) << poll;
        ASSERT_EQ(session.machine.free_frames_count(), free) << poll;
        if (session.machine.interrupt_at_poll != 0) {
            break; // it has ended before
        }
        const bool ran_to_the_end = has(lines, "never") && has(lines, kBack) && has(lines, "after");
        if (!ran_to_the_end) {
            EXPECT_TRUE(has(lines, "interrupted")) << poll;
            EXPECT_FALSE(has(lines, "after")) << poll;
            ++interrupted;
        }
        session.machine.interrupt_at_poll = 0;
    }
    EXPECT_GT(interrupted, 5);
}

TEST_F(DemoTest, WorksUnderRepeatAndTime) {
    const Lines lines = session.run("time repeat 2 demo places");
    EXPECT_EQ(std::count(lines.begin(), lines.end(), kBack), 2);
    EXPECT_TRUE(lines.back().ends_with(" ticks"));
    EXPECT_EQ(session.machine.free_frames_count(), 3072u);
    const Lines failing = session.run("repeat 2 demo fails");
    EXPECT_EQ(std::count_if(failing.begin(), failing.end(),
                            [](const std::string& line) { return line.find("as the demo") != line.npos; }),
              2);
}

} // namespace
} // namespace pagelab::shell::test
