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
    /// The same of a command that was forced, with all words of [pa, pa + 4 × count).
    Status corrupt_by_force(std::uint64_t pa, std::uint32_t value, std::uint32_t count = 1) {
        bench.lab.begin_command("test");
        static_cast<void>(bench.lab.set_pte(VirtAddr{0}, 0, {.force = true})); // refused: there is no table
        for (std::uint32_t i = 0; i < count; ++i) {
            bench.machine.set_word(pa + i * 4ull, value);
        }
        bench.machine.flush_everything();
        return bench.lab.end_command(Status::ok, true);
    }
    [[nodiscard]] std::uint32_t repaired(RepairKind kind) const {
        return bench.lab.repairs().by_kind[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] std::uint32_t directory_of(std::uint32_t space) {
        return static_cast<std::uint32_t>(bench.lab.space_info(space)->directory.frame());
    }
    /// Space 1, loaded, with a page at 0x30000000.
    void make_and_load(machine::Strategy strategy) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(strategy); }));
        ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
        ASSERT_TRUE(bench.map(0x30000000));
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

TEST_F(Audit, PutsRightWhatTheArenaShows) {
    constexpr std::uint32_t kPage = layout::kArenaTables + 192;
    for (const auto strategy : {machine::Strategy::table, machine::Strategy::upper_half}) {
        SCOPED_TRACE(static_cast<int>(strategy));
        make_and_load(strategy);
        const std::uint32_t arena = bench.machine.word(entry(directory_of(1), layout::kArenaSlot)) >> 12;
        for (const std::uint32_t garbage : {0u, 0x00300003u}) {
            const std::uint32_t before = bench.machine.word(entry(arena, kPage));
            EXPECT_EQ(corrupt_by_force(entry(arena, kPage), garbage), Status::rescued);
            EXPECT_EQ(bench.machine.word(entry(arena, kPage)) & ~0x60u, before & ~0x60u);
            EXPECT_EQ(repaired(RepairKind::strategy_entry), 1u);
        }
        EXPECT_EQ(corrupt_by_force(entry(arena, kPage + 1), 0x00300003), Status::rescued) << "of no table";
        EXPECT_EQ(corrupt_by_force(entry(arena, 2), 0x00300003), Status::rescued) << "of no slot";
        const bool upper = strategy == machine::Strategy::upper_half;
        const std::uint32_t words = upper ? directory_of(1) : bench.machine.word(entry(arena, 1)) >> 12;
        const std::uint32_t word = upper ? layout::kUpperHalfSlot + 192 : 192;
        EXPECT_EQ(corrupt_by_force(entry(words, word), 0), Status::rescued);
        EXPECT_EQ(repaired(upper ? RepairKind::space_entry : RepairKind::strategy_word), 1u);
        ASSERT_TRUE(bench.map(0x30001000));
        ASSERT_TRUE(bench.unmap(0x30001000));
        expect_healthy();
        ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {}); }));
        ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    }
}

TEST_F(Audit, PutsTheDirectStrategysSlotsAndTablesRight) {
    make_and_load(machine::Strategy::direct);
    const std::uint32_t slot = layout::kFirstDirectSlot;
    const std::uint32_t own = bench.machine.word(entry(directory_of(1), slot)) >> 12;
    const std::uint32_t table = bench.machine.word(entry(directory_of(1), 192)) >> 12;
    ASSERT_LT(table, 1024u);
    EXPECT_EQ(corrupt_by_force(entry(directory_of(1), slot), 0), Status::rescued);
    EXPECT_EQ(bench.machine.word(entry(directory_of(1), slot)) & ~0x60u, (own << 12) | 3);
    EXPECT_EQ(corrupt_by_force(entry(own, table), 0), Status::rescued);
    EXPECT_EQ(bench.machine.word(entry(own, table)) & ~0x60u, (table << 12) | 3);
    EXPECT_EQ(corrupt_by_force(entry(own, table), 0x00300003), Status::rescued);
    EXPECT_EQ(corrupt_by_force(entry(own, table + 1), ((table + 1) << 12) | 3), Status::rescued)
        << "no table";
    EXPECT_EQ(corrupt_by_force(entry(own, 0), 0xffffffff, 1024), Status::rescued);
    EXPECT_EQ(repaired(RepairKind::strategy_entry), 1024u);
    ASSERT_TRUE(bench.map(0x50000000, 3));
    expect_healthy();
}

TEST_F(Audit, EmptiesTheSlotsOfTheKernelsHalfThatNothingNeeds) {
    for (const auto strategy :
         {machine::Strategy::recursive, machine::Strategy::window, machine::Strategy::direct}) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(strategy); }));
    }
    for (std::uint32_t space = 0; space < 4; ++space) {
        for (const std::uint32_t slot : {771u, 900u, 1020u, 1022u}) {
            EXPECT_EQ(corrupt_by_force(entry(directory_of(space), slot), 0x00300067), Status::rescued);
            EXPECT_EQ(bench.machine.word(entry(directory_of(space), slot)), 0u) << space << " " << slot;
        }
    }
    expect_healthy();
}

TEST_F(Audit, MakesTheRecordsAnewFromTheTables) {
    for (const auto strategy : {machine::Strategy::table, machine::Strategy::direct}) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(strategy); }));
    }
    ASSERT_TRUE(bench.map(0x10000000, 530));
    ASSERT_TRUE(bench.map_to(0x40000000, 0x00400000, 1, true));
    ASSERT_TRUE(bench.unmap(0x10000000, 3));
    ASSERT_TRUE(bench.command([&] { return bench.lab.clone_space(true); }));
    const State before = state_of(bench);
    const std::uint32_t records = bench.machine.word(entry(Machine::kRecordTable, 0)) >> 12;
    for (const std::uint32_t garbage : {0u, ~0u, 0x5000000au}) {
        EXPECT_EQ(corrupt_by_force(entry(records, 0), garbage, 1024), Status::rescued) << garbage;
        EXPECT_EQ(repaired(RepairKind::frame_record), 1u);
        EXPECT_EQ(difference(before, state_of(bench)), "none") << garbage;
        expect_healthy();
    }
    EXPECT_EQ(corrupt_by_force(entry(records, bench.pte(0x10003000) >> 12), 0x50000007), Status::rescued);
    EXPECT_EQ(difference(before, state_of(bench)), "none") << "one count";
    ASSERT_TRUE(bench.unmap(0x10003000, 527));
    ASSERT_TRUE(bench.map(0x20000000, 100));
    expect_healthy();
}

TEST_F(Audit, KeepsWhatAllocHandedOutWhereItsRecordCanBeBelieved) {
    const auto alloc = [&] { return bench.lab.alloc_frames(2); };
    const auto taken = bench.command(alloc);
    ASSERT_TRUE(taken);
    const State before = state_of(bench);
    const std::uint32_t records = bench.machine.word(entry(Machine::kRecordTable, 0)) >> 12;
    EXPECT_EQ(corrupt_by_force(entry(records, Machine::kDirectory), 0), Status::rescued);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    expect_healthy();
}

} // namespace
} // namespace pagelab::simulation
