#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

struct Undo : testing::Test {
    Bench bench{2048};
    memory::Lab<Machine>& lab = bench.lab;

    auto undo() {
        return bench.command([&] { return lab.undo(); });
    }
};

TEST_F(Undo, OfTheMachineIsAskedOfAConsoleOnlyAndForABoundedTime) {
    using machine::HostAnswer;
    interface::LabPage& page = bench.machine.lab_page();
    EXPECT_EQ(bench.command([&] { return lab.request_machine_undo(); }), HostAnswer::no_console);
    EXPECT_EQ(page.request_argument, 0u);
    page.host = interface::host_bits::kSnapshots;
    const std::uint32_t heartbeat = page.heartbeat;
    EXPECT_EQ(bench.command([&] { return lab.request_machine_undo(); }), HostAnswer::silent);
    EXPECT_NE(page.heartbeat, heartbeat) << "a command that waits is alive";
    EXPECT_EQ(page.request_argument, page.command_count);
    EXPECT_EQ(page.request, 0u) << "nobody is asked any more";
}

TEST_F(Undo, TakesCommandsBackFromTheLastToTheFirst) {
    const State start = state_of(bench);
    ASSERT_TRUE(bench.map(0x40000000, 3));
    const State one = state_of(bench);
    ASSERT_TRUE(bench.unmap(0x40001000));
    const State two = state_of(bench);
    ASSERT_TRUE(bench.map(0x50000000));

    EXPECT_EQ(lab.undoable(2), 2u);
    EXPECT_EQ(lab.undoable(100), 3u);
    EXPECT_EQ(undo()->command, 3u);
    EXPECT_EQ(lab.undoable(100), 2u);
    EXPECT_EQ(difference(two, state_of(bench)), "none");
    EXPECT_EQ(undo()->command, 2u);
    EXPECT_EQ(difference(one, state_of(bench)), "none");
    const auto first = undo();
    EXPECT_EQ(first->command, 1u);
    EXPECT_EQ(first->entries_restored, 4u);
    EXPECT_EQ(first->frames_freed, 4u);
    EXPECT_EQ(difference(start, state_of(bench)), "none");
    EXPECT_EQ(undo().error().refusal, Refusal::nothing_to_undo);
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST_F(Undo, ItsRecordsStandBetweenItsBeginAndItsCommit) {
    ASSERT_TRUE(bench.map(0x40000000));
    const std::uint32_t before = bench.machine.journal().next_sequence;
    ASSERT_TRUE(undo());
    const interface::JournalRing& ring = bench.machine.journal();
    EXPECT_EQ(ring.records[before % interface::kJournalCapacity].kind, interface::JournalKind::begin);
    const std::uint32_t last = ring.next_sequence - 1;
    EXPECT_EQ(ring.records[last % interface::kJournalCapacity].kind, interface::JournalKind::commit);
}

TEST_F(Undo, SkipsQueriesFaultsAndWhatWasRolledBack) {
    ASSERT_TRUE(bench.map(0x40000000));
    bench.command([&] { return lab.load_physical(PhysAddr{0x300000}, Unit::word); });
    bench.command(
        [&] {
            lab.record_fault({.vector = 14});
            return 0;
        },
        false);
    bench.command([&] { return lab.map({.va = VirtAddr{0x50000000}}); }, false);
    bench.command([&] {
        lab.flush_all(true);
        return 0;
    });
    EXPECT_EQ(undo()->command, 1u);
}

TEST_F(Undo, SaysWhenTheRecordsWereOverwritten) {
    ASSERT_TRUE(bench.map(0x40000000));
    for (std::uint32_t i = 0; i < 400; ++i) {
        bench.command(
            [&] {
                lab.record_fault({.vector = 14});
                return 0;
            },
            false);
    }
    EXPECT_EQ(undo().error().refusal, Refusal::out_of_reach);
}

TEST_F(Undo, AFullGroupCanStillBeTakenBack) {
    ASSERT_TRUE(bench.map(0x40000000, 900));
    for (std::uint32_t i = 0; i < 450; i += 2) {
        bench.machine.store(VirtAddr{0x40000000 + i * 4096}, Unit::word, 1);
    }
    const State before = state_of(bench);
    ASSERT_TRUE(bench.unmap(0x40000000, 450));
    ASSERT_TRUE(undo());
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST_F(Undo, FlushesAlsoWhenTheCommandHadLoadedCr3) {
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.map(0x50000000));
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(256, bench.pde(320), {}); }));
    bench.machine.store(VirtAddr{0x40000000}, Unit::word, 1);
    ASSERT_TRUE(undo());
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST_F(Undo, RestoresControlRegisters) {
    ASSERT_TRUE(bench.command([&] { return lab.set_write_protect(false); }));
    ASSERT_TRUE(undo());
    EXPECT_NE(bench.machine.cr0() & (1u << 16), 0u);
}

} // namespace
} // namespace pagelab::simulation
