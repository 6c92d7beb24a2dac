// The audit at a command's end: whatever a command broke of what the kernel stands on is put right, the
// command is taken back, and the records count what the entries say.
#include "kernel/selftest/invariants.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using interface::RepairKind;
using interface::Status;
namespace layout = interface::layout;

class Audit : public ::testing::Test {
protected:
    Bench bench;

    [[nodiscard]] std::uint64_t entry(std::uint32_t table, std::uint32_t index) const {
        return table * 4096ull + index * 4;
    }
    /// One command that writes the word behind the journal's back.
    Status corrupt(std::uint64_t pa, std::uint32_t value) {
        bench.lab.begin_command("test");
        bench.machine.set_word(pa, value);
        bench.machine.flush_everything();
        return bench.lab.end_command(Status::ok, true);
    }
    void expect_healthy() {
        for (const selftest::Case& invariant : selftest::invariants()) {
            EXPECT_FALSE(invariant.check(bench.lab)) << invariant.name;
        }
        EXPECT_TRUE(bench.machine.stale().empty());
    }
};

TEST_F(Audit, FindsNothingAfterAnOrdinaryCommand) {
    ASSERT_TRUE(bench.map(0x10000000, 3));
    EXPECT_EQ(bench.lab.repairs().total, 0u);
    EXPECT_EQ(bench.machine.lab_page().repairs, 0u);
}

TEST_F(Audit, PutsTheSharedSlotsRightInEverySpace) {
    for (const auto strategy : {machine::Strategy::recursive, machine::Strategy::table,
                                machine::Strategy::upper_half, machine::Strategy::window}) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(strategy); }));
    }
    for (std::uint32_t space = 0; space < 5; ++space) {
        const auto directory = static_cast<std::uint32_t>(bench.lab.space_info(space)->directory.frame());
        for (const std::uint32_t slot : {768u, 769u, 1021u}) {
            const std::uint32_t before = bench.machine.word(entry(directory, slot));
            ASSERT_NE(before & 1, 0u);
            EXPECT_EQ(corrupt(entry(directory, slot), 0x00300003), Status::rescued) << space << " " << slot;
            EXPECT_EQ(bench.machine.word(entry(directory, slot)) & ~0x60u, before & ~0x60u);
            EXPECT_EQ(bench.lab.repairs().by_kind[static_cast<std::size_t>(RepairKind::directory_slot)], 1u);
        }
    }
    expect_healthy();
}

TEST_F(Audit, PutsTheSelfMapAndTheArenaRight) {
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(machine::Strategy::table); }));
    const auto directory = static_cast<std::uint32_t>(bench.lab.space_info(1)->directory.frame());
    EXPECT_EQ(corrupt(entry(Machine::kDirectory, 1023), 0), Status::rescued);
    EXPECT_EQ(corrupt(entry(Machine::kDirectory, 1023), 0x00300003), Status::rescued);
    EXPECT_EQ(corrupt(entry(directory, layout::kArenaSlot), 0), Status::rescued);
    ASSERT_TRUE(bench.map(0x10000000));
    EXPECT_EQ(bench.pde(1023) >> 12, Machine::kDirectory);
    expect_healthy();
}

TEST_F(Audit, PutsTheDirectMapOfTheImageRightAndLeavesTheRest) {
    const std::uint32_t text = bench.machine.word(entry(Machine::kKernelTable, Machine::kImageFirst));
    EXPECT_EQ(corrupt(entry(Machine::kKernelTable, Machine::kImageFirst), text | 2), Status::rescued);
    EXPECT_EQ(bench.machine.word(entry(Machine::kKernelTable, Machine::kImageFirst)), text);
    // Beyond the image nothing of the kernel's is reached by the direct map: there it is the user's.
    EXPECT_EQ(corrupt(entry(Machine::kKernelTable, 0x300), 0), Status::ok);
}

TEST_F(Audit, PutsScratchPagesAndRecordsRight) {
    EXPECT_EQ(corrupt(entry(Machine::kScratchTable, 2), 0x00100003), Status::rescued);
    const std::uint32_t records = bench.machine.word(entry(Machine::kRecordTable, 0));
    EXPECT_EQ(corrupt(entry(Machine::kRecordTable, 0), 0x00300003), Status::rescued);
    EXPECT_EQ(bench.machine.word(entry(Machine::kRecordTable, 0)) & ~0x60u, records & ~0x60u);
    expect_healthy();
}

/// Without CR4.PGE and with it, where the broken entry is global: nothing goes on using it.
TEST_F(Audit, FlushesWhatABrokenEntryTranslated) {
    const VirtAddr page{0xc0000000 + Machine::kImageFirst * 4096};
    for (const bool global : {false, true}) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.set_pge(global); }));
        bench.lab.begin_command("test");
        bench.machine.set_word(entry(Machine::kKernelTable, Machine::kImageFirst),
                               global ? 0x00300103 : 0x00300003);
        bench.machine.invlpg(page);
        static_cast<void>(bench.machine.load(page, Unit::word));
        EXPECT_EQ(bench.lab.end_command(Status::ok, true), Status::rescued);
        EXPECT_TRUE(bench.machine.stale().empty()) << "global " << global;
    }
    expect_healthy();
}

/// The audit looks through scratch pages itself: one that showed another frame must not go on doing so.
TEST_F(Audit, LooksThroughAScratchPageOnlyWhenItShowsTheRightFrame) {
    const VirtAddr page = layout::scratch_page(layout::ScratchPage::physical);
    constexpr std::uint32_t kOther = 0x300;
    bench.lab.begin_command("test");
    static_cast<void>(bench.lab.read_word(PhysAddr{Machine::kDirectory * 4096ull}));
    bench.machine.set_word(entry(Machine::kScratchTable, page.table_index()), kOther << 12 | 3);
    bench.machine.invlpg(page);
    static_cast<void>(bench.machine.load(page, Unit::word));
    EXPECT_EQ(bench.lab.end_command(Status::ok, true), Status::rescued);
    EXPECT_EQ(bench.lab.repairs().total, 1u);
    EXPECT_EQ(bench.machine.word(entry(kOther, 768)), 0u);
    expect_healthy();
}

TEST_F(Audit, PutsTheControlRegistersRight) {
    bench.lab.begin_command("test");
    bench.machine.break_registers(0x80000031, Machine::kDirectory << 12, 0);
    EXPECT_EQ(bench.lab.end_command(Status::ok, true), Status::rescued);
    EXPECT_EQ(bench.machine.cr0(), 0x80010031u);
    EXPECT_EQ(bench.machine.cr4(), 0x90u);
    // What a command set by its right name stays.
    ASSERT_TRUE(bench.command([&] { return bench.lab.set_write_protect(false); }));
    EXPECT_EQ(bench.lab.repairs().total, 0u);
}

TEST_F(Audit, TakesTheCommandBackAndCountsAnew) {
    ASSERT_TRUE(bench.map(0x10000000));
    const std::uint32_t table = bench.pde(64) >> 12;
    const State before = state_of(bench);
    bench.lab.begin_command("test");
    ASSERT_TRUE(bench.lab.map({.va = VirtAddr{0x10005000}, .count = 2}));
    EXPECT_THROW(static_cast<void>(bench.lab.set_pde(1023, (table << 12) | 3, {.force = true})), Fault);
    EXPECT_EQ(bench.lab.end_command(Status::fault, false), Status::rescued);
    EXPECT_EQ(difference(with_record_pages_of(before, bench), state_of(bench)), "none");
    EXPECT_EQ(bench.machine.lab_page().repairs, 1u);
    expect_healthy();
}

} // namespace
} // namespace pagelab::simulation
