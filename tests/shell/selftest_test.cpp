// The words of `selftest`: what it takes, and how it reports a CPU that is not as predicted.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

TEST(SelftestCommand, ListsItsTests) {
    Session session;
    const auto lines = session.run("selftest");
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_TRUE(lines[0].starts_with("invariants "));
    EXPECT_TRUE(lines[1].starts_with("matrix "));
    EXPECT_TRUE(lines[2].starts_with("tlb "));
}

TEST(SelftestCommand, ProposesWhatWasMeant) {
    Session session;
    EXPECT_EQ(session.text("selftest matrx"), "error: no self-test 'matrx'; did you mean selftest matrix?\n");
    EXPECT_EQ(session.text("selftest matrix ful"),
              "error: the matrix has no set 'ful'; did you mean selftest matrix full?\n");
    EXPECT_EQ(session.text("selftest matrix everything"),
              "error: the matrix has no set 'everything'; its sets are quick, full, cache and reserved\n");
    EXPECT_EQ(session.text("selftest tlb quick"),
              "error: selftest tlb has no sets; did you mean selftest tlb?\n");
    EXPECT_EQ(session.text("selftest nothing quick"),
              "error: no self-test 'nothing'; did you mean selftest invariants?\n");
    EXPECT_EQ(session.status(), Status::error);
}

TEST(SelftestCommand, SaysWhyItCannotTry) {
    Session session;
    EXPECT_TRUE(session.text("selftest matrix").starts_with("error: "));
    EXPECT_EQ(session.status(), Status::error);
    EXPECT_TRUE(session.text("selftest tlb").starts_with("error: "));
    EXPECT_EQ(session.status(), Status::error);
}

struct IdleCpu : testing::Test {
    IdleCpu() {
        session.machine.idle_rig.plan = RigPlan{.page = VirtAddr{0x50001000},
                                                .directory = PhysAddr{0x00200000},
                                                .table = PhysAddr{0x00201000},
                                                .small_page = PhysAddr{0x00202000},
                                                .other_page = PhysAddr{0x00401000},
                                                .large_page = PhysAddr{0x00400000}};
    }
    Session session;
};

/// Every access is predicted to do something, and this CPU does nothing.
TEST_F(IdleCpu, IsFoundOutInEachSetOfRegisters) {
    const auto lines = session.run("selftest matrix");
    EXPECT_EQ(session.status(), Status::error);
    ASSERT_EQ(lines.size(), 2u + 2u * 5u + 1u) << "four examples and a verdict for WP = 0 and 1";
    EXPECT_EQ(lines[0], "KTAP version 1");
    EXPECT_EQ(lines[1], "1..2");
    EXPECT_EQ(lines[2], "# WP=0 PSE=0 PGE=0 SMEP=0 SMAP=0, PDE 0x00201000 PTE 0x00202000, read by ring 0: "
                        "predicted fault 0x00000000, the CPU no fault CR2 0x00000000 value 0x00000000 PDE "
                        "0x00000000 PTE 0x00000000");
    EXPECT_EQ(lines[6], "not ok 1 WP=0 PSE=0 PGE=0 SMEP=0 SMAP=0: 49152 combinations");
    EXPECT_EQ(lines.back(), "# matrix quick: 98304 combinations, differences: code-without-p 0 "
                            "ignored-address-bits 0 accessed-left-clear 0 unexplained 98304");
}

TEST_F(IdleCpu, HasATlbThatForgetsNothing) {
    const auto lines = session.run("selftest tlb");
    EXPECT_EQ(session.status(), Status::error);
    ASSERT_EQ(lines.size(), 2u + 20u);
    EXPECT_EQ(lines[1], "1..20");
    EXPECT_EQ(lines[5], "ok 4 P 1 to 0, no flush: stale 1000 of 1000");
    EXPECT_EQ(lines[6], "not ok 5 P 1 to 0, invlpg: stale 1000 of 1000");
}

TEST_F(IdleCpu, IsNotTriedFurtherAfterACtrlC) {
    session.machine.interrupt_at_poll = 3;
    const auto lines = session.run("selftest matrix full");
    EXPECT_EQ(session.status(), Status::interrupted);
    for (const std::string& line : lines) {
        EXPECT_FALSE(line.starts_with("# matrix")) << "no verdict on half a run";
    }
}

} // namespace
} // namespace pagelab::shell::test
