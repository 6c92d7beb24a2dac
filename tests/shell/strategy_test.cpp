// strategy: what it tells, and how it prints what a machine measured.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using Lines = std::vector<std::string>;

class Strategies : public ::testing::Test {
protected:
    Session session;

    void expect_error(std::string_view line, const std::string& text) {
        EXPECT_EQ(session.run(line), Lines{"error: " + text}) << line;
        EXPECT_EQ(session.status(), Status::error) << line;
    }
};

TEST_F(Strategies, AreToldInALineEach) {
    const Lines lines = session.run("strategy");
    EXPECT_EQ(session.run("strategy list"), lines);
    ASSERT_EQ(lines.size(), kStrategyNames.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_TRUE(lines[i].starts_with(kStrategyNames[i])) << lines[i];
        EXPECT_NE(lines[i].find("; costs "), std::string::npos) << lines[i];
        EXPECT_LE(lines[i].size(), 110u) << lines[i];
    }
}

TEST_F(Strategies, AreMeasuredSideBySide) {
    const Lines lines = session.run("strategy bench 1000");
    ASSERT_EQ(lines.size(), 3u + 10u + 1u + 5u);
    EXPECT_EQ(lines[0], "ticks of the time stamp counter; under --icount: instructions");
    EXPECT_EQ(lines[1], "1000 pages; for each of them");
    EXPECT_EQ(lines[2], "strategy    pattern           map     walk    unmap  invlpg m/w/u  tables    bytes");
    EXPECT_EQ(lines[3], "recursive   sequential       17.0     21.0     13.0  0/0/1              1        0");
    EXPECT_EQ(lines[4], "recursive   scattered        17.0     21.0     13.0  0/0/1             64        0");
    EXPECT_EQ(lines[5], "table       sequential       18.0     21.0     13.0  0/0/1              1     8192");
    EXPECT_EQ(lines[9], "window      sequential       20.0     21.0     13.0  1/1/2              1        0");
    EXPECT_EQ(lines[13], "a map with guard, journal and records");
    EXPECT_EQ(lines[14], "recursive       400.0 sequential    400.0 scattered");
    EXPECT_EQ(lines[18].substr(0, 6), "direct");
}

TEST_F(Strategies, FiguresAreRoundedToATenth) {
    // 21 ticks a page and one more: 43 of 2 pages are 21.5 each, 64 of 3 are 21.3.
    EXPECT_NE(session.run("strategy bench 2").at(3).find(" 21.5 "), std::string::npos);
    EXPECT_NE(session.run("strategy bench 3").at(3).find(" 21.3 "), std::string::npos);
    EXPECT_NE(session.run("strategy bench 1").at(3).find(" 22.0 "), std::string::npos);
    EXPECT_NE(session.run("strategy bench 65536").at(3).find(" 21.0 "), std::string::npos);
}

TEST_F(Strategies, TakeAsManyPagesAsMemoryIsGoodFor) {
    EXPECT_EQ(session.run("strategy bench").at(1), "4096 pages; for each of them");
    session.run("alloc 3061");
    EXPECT_EQ(session.run("strategy bench").at(1), "256 pages; for each of them");
    session.run("alloc 11");
    EXPECT_EQ(session.run("strategy bench").at(1), "32 pages; for each of them");
}

TEST_F(Strategies, WithoutATimeStampCounterHaveNoTicks) {
    session.machine.has_tsc = false;
    const Lines lines = session.run("strategy bench 100");
    ASSERT_EQ(lines.size(), 3u + 10u);
    EXPECT_EQ(lines[0], "no ticks: this CPU has no time stamp counter");
    EXPECT_EQ(lines[3], "recursive   sequential          -        -        -  0/0/1              1        0");
    EXPECT_NE(session.run("strategy bench 100 --json").at(0).find(R"("map_ticks":null)"), std::string::npos);
}

TEST_F(Strategies, AsRecordsTellTotals) {
    const Lines lines = session.run("strategy bench 1000 --json");
    ASSERT_EQ(lines.size(), 10u);
    EXPECT_EQ(lines[6], R"({"record":"bench","v":1,"strategy":"window","pattern":"sequential","pages":1000,)"
                        R"("map_ticks":20000,"walk_ticks":21001,"unmap_ticks":13000,"map_invlpgs":1000,)"
                        R"("walk_invlpgs":1000,"unmap_invlpgs":2000,"tables":1,"extra_bytes":0,)"
                        R"("guarded_map_ticks":400000})");
}

TEST_F(Strategies, RefuseWhatTheyDoNotKnow) {
    expect_error("strategy bnech", "'bnech' is no verb of strategy; did you mean bench?");
    expect_error("strategy banana", "'banana' is no verb of strategy; there are list and bench");
    expect_error("strategy list 5", "'5' is one argument too many: strategy list");
    expect_error("strategy bench 0", "'0' is not a number of pages from 1 to 65536");
    expect_error("strategy bench 65537", "'65537' is not a number of pages from 1 to 65536");
    session.machine.bench_error = OperationError{.refusal = Refusal::no_frames, .value = 7};
    expect_error("strategy bench", "not enough free frames: 7 are left");
}

TEST_F(Strategies, EndBetweenRunsOnCtrlC) {
    session.machine.interrupt_at_poll = 5;
    const Lines lines = session.run("strategy bench 16; echo never");
    EXPECT_EQ(session.status(), Status::interrupted);
    EXPECT_EQ(lines.back(), "interrupted");
    EXPECT_LT(lines.size(), 10u);
}

} // namespace
} // namespace pagelab::shell::test
