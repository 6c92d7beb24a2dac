// What each operation does to tables, frames and TLB, and what it refuses.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

namespace bits = paging::bits;

struct Changes : testing::Test {
    Bench bench{4096};
    Machine& machine = bench.machine;
    memory::Lab<Machine>& lab = bench.lab;

    template <class R>
    static Refusal refusal(const R& result) {
        EXPECT_FALSE(result.has_value());
        return result ? Refusal{} : result.error().refusal;
    }
    std::uint32_t load(std::uint32_t va) { return machine.load(VirtAddr{va}, Unit::word); }
    void store(std::uint32_t va, std::uint32_t value) { machine.store(VirtAddr{va}, Unit::word, value); }
    void expect_coherent() { EXPECT_EQ(machine.stale(), std::vector<std::uint32_t>{}); }
};

TEST_F(Changes, MapMakesATableTakesZeroedFramesAndSaysSo) {
    for (std::uint64_t at = 0x200000; at < 0x800000; at += 4) {
        machine.set_word(at, 0xdeadbeef);
    }
    const auto report = bench.map(0x403fe000, 3);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->tables_made, 2u);
    EXPECT_EQ(report->frames_taken, 3u);
    EXPECT_EQ(report->entries_changed, 3u);
    EXPECT_EQ(report->pages_flushed, 0u);
    EXPECT_EQ(bench.pde(256) & 0xfff & ~0x60u, bits::kPresent | bits::kWritable | bits::kUser);
    for (const std::uint32_t va : {0x403fe000u, 0x403ffffcu, 0x40400000u}) {
        EXPECT_EQ(load(va), 0u);
    }
    EXPECT_EQ(bench.pte(0x40401000), 0u);
    expect_coherent();
}

TEST_F(Changes, UnmapFlushesAndGivesTheFrameBackButKeepsTheTable) {
    const std::uint32_t free = lab.frames().free;
    ASSERT_TRUE(bench.map(0x40000000));
    store(0x40000000, 7);
    const auto report = bench.unmap(0x40000000);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->frames_freed, 1u);
    EXPECT_EQ(report->pages_flushed, 1u);
    EXPECT_EQ(lab.frames().free, free - 1);
    expect_coherent();
    const auto tables = bench.command([&] { return lab.free_tables(); });
    ASSERT_TRUE(tables);
    EXPECT_EQ(tables->tables_freed, 1u);
    EXPECT_EQ(bench.pde(256), 0u);
    EXPECT_EQ(lab.frames().free, free);
    expect_coherent();
}

TEST_F(Changes, AFrameIsFreedWithItsLastReference) {
    ASSERT_TRUE(bench.map(0x40000000));
    const std::uint32_t frame = bench.pte(0x40000000) & ~0xfffu;
    ASSERT_TRUE(bench.map_to(0x50000000, frame));
    EXPECT_EQ(bench.unmap(0x40000000)->frames_freed, 0u);
    EXPECT_EQ(lab.frame_record(PhysAddr{frame}).role(), FrameRole::data);
    EXPECT_EQ(bench.unmap(0x50000000)->frames_freed, 1u);
    EXPECT_EQ(lab.frame_record(PhysAddr{frame}).role(), FrameRole::free);
}

TEST_F(Changes, ANamedFreeFrameIsNotHandedOutWhileItIsMapped) {
    ASSERT_TRUE(bench.map_to(0x40000000, 0x00800000));
    EXPECT_EQ(lab.frame_record(PhysAddr{0x00800000}).role(), FrameRole::data);
    ASSERT_TRUE(bench.unmap(0x40000000));
    EXPECT_EQ(lab.frame_record(PhysAddr{0x00800000}).role(), FrameRole::free);
}

TEST_F(Changes, AnAllocatedFrameSurvivesItsMappings) {
    const auto allocated = bench.command([&] { return lab.alloc_frames(2); });
    ASSERT_TRUE(allocated);
    const PhysAddr frame = *allocated->first_frame;
    ASSERT_TRUE(bench.map_to(0x40000000, frame.raw(), 2));
    EXPECT_EQ(refusal(bench.command([&] { return lab.free_frames(frame, 2); })), Refusal::still_mapped);
    EXPECT_EQ(bench.unmap(0x40000000, 2)->frames_freed, 0u);
    EXPECT_EQ(bench.command([&] { return lab.free_frames(frame, 2); })->frames_freed, 2u);
    EXPECT_EQ(refusal(bench.command([&] { return lab.free_frames(frame, 1); })), Refusal::not_allocated);
}

TEST_F(Changes, LargePagesTakeAlignedFramesAndReplaceAnEmptyTable) {
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.unmap(0x40000000));
    const auto report = bench.command([&] { return lab.map({.va = VirtAddr{0x40000000}, .large = true}); });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->frames_taken, 1024u);
    EXPECT_EQ(report->tables_freed, 1u);
    EXPECT_EQ(bench.pde(256) & 0x3ff000, 0u);
    store(0x40123000, 5);
    EXPECT_EQ(load(0x40123000), 5u);
    expect_coherent();
    EXPECT_EQ(bench.unmap(0x40000000)->frames_freed, 1024u);
    expect_coherent();
}

TEST_F(Changes, ForceReplacesATableInUseAndFreesItsPages) {
    ASSERT_TRUE(bench.map(0x40000000, 5));
    store(0x40003000, 1);
    const machine::MapRequest request{
        .va = VirtAddr{0x40000000}, .pa = PhysAddr{0x00800000}, .large = true, .options = {.force = true}};
    const auto refused = bench.command([&] {
        auto polite = request;
        polite.options.force = false;
        return lab.map(polite);
    });
    EXPECT_EQ(refusal(refused), Refusal::table_in_use);
    const auto report = bench.command([&] { return lab.map(request); });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->frames_freed, 5u);
    EXPECT_EQ(report->tables_freed, 1u);
    expect_coherent();
}

TEST_F(Changes, ProtectChangesBitsAndFlushesOnlyWhatChanged) {
    ASSERT_TRUE(bench.map(0x40000000, 4));
    for (std::uint32_t i = 0; i < 4; ++i) {
        store(0x40000000 + i * 4096, i);
    }
    const auto report = bench.command(
        [&] { return lab.protect({.va = VirtAddr{0x40001000}, .clear = bits::kWritable, .count = 2}); });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->entries_changed, 2u);
    EXPECT_EQ(report->pages_flushed, 2u);
    EXPECT_EQ(bench.pte(0x40001000) & 0x60, 0x60u) << "A and D stay";
    EXPECT_THROW(store(0x40001000, 1), Fault);
    expect_coherent();
}

TEST_F(Changes, LargePagesKeepTheirPatBitApart) {
    const machine::Attributes pat{bits::kWritable | bits::kPat};
    ASSERT_TRUE(bench.command([&] {
        return lab.map(
            {.va = VirtAddr{0x40000000}, .pa = PhysAddr{0x00800000}, .attributes = pat, .large = true});
    }));
    EXPECT_EQ(bench.pde(256),
              0x00800000u | bits::kLargePat | bits::kLarge | bits::kWritable | bits::kPresent);
}

TEST_F(Changes, RefusesWithTheReasonAndChangesNothing) {
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.map_to(0x50000000, 0x00800000, 1, true));
    const State before = state_of(bench);
    EXPECT_EQ(refusal(bench.map(0x40000001)), Refusal::unaligned);
    EXPECT_EQ(refusal(bench.map_to(0x41000000, 0x00300001)), Refusal::unaligned);
    EXPECT_EQ(refusal(bench.map_to(0x41001000, 0x00400000, 1, true)), Refusal::unaligned);
    EXPECT_EQ(refusal(bench.map(0xc2c00000)), Refusal::guarded);
    EXPECT_EQ(refusal(bench.map(0xfffff000, 2)), Refusal::past_end);
    EXPECT_EQ(refusal(bench.map_to(0x41000000, 0xfffff000, 2)), Refusal::past_end);
    EXPECT_EQ(refusal(bench.map_to(0x41000000, 0x80000000)), Refusal::not_ram);
    EXPECT_EQ(refusal(bench.map_to(0x41000000, 0x000a0000)), Refusal::not_ram);
    EXPECT_EQ(refusal(bench.map(0x3ffff000, 2)), Refusal::present);
    EXPECT_EQ(refusal(bench.map(0x50001000)), Refusal::large_page);
    EXPECT_EQ(refusal(bench.map(0x60000000, 5000)), Refusal::no_frames);
    EXPECT_EQ(refusal(bench.unmap(0x40000000, 2)), Refusal::not_present);
    EXPECT_EQ(refusal(bench.unmap(0x50001000)), Refusal::unaligned);
    EXPECT_EQ(refusal(bench.command([&] { return lab.set_pte(VirtAddr{0x70000000}, 1, {}); })),
              Refusal::no_table);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
}

TEST_F(Changes, GuardsWhatTheKernelLivesOn) {
    const auto pde = [&](std::uint32_t pdi, std::uint32_t value) {
        return refusal(bench.command([&] { return lab.set_pde(pdi, value, {}); }));
    };
    for (const std::uint32_t pdi : {769u, 770u, 771u, 1021u, 1022u}) {
        EXPECT_EQ(pde(pdi, 0), Refusal::guarded) << pdi;
    }
    EXPECT_EQ(pde(3, (Machine::kImageFirst << 12) | 7), Refusal::guarded) << "A and D in the kernel's image";
    EXPECT_EQ(pde(3, 0x80000007), Refusal::not_ram);
    EXPECT_EQ(pde(3, 0x00700007), Refusal::guarded) << "a free frame";
    EXPECT_EQ(refusal(bench.unmap(0xc0400000)), Refusal::guarded);
    EXPECT_EQ(refusal(bench.unmap(0xffc00000 + 768 * 4096)), Refusal::guarded);
    EXPECT_EQ(refusal(bench.command([&] {
                  return lab.protect(
                      {.va = VirtAddr{0xc0000000 + Machine::kDirectory * 4096}, .set = bits::kWritable});
              })),
              Refusal::guarded);
    EXPECT_TRUE(bench.unmap(0xc0200000)) << "the rest of the direct map is the user's to break";
    EXPECT_TRUE(bench.unmap(0xc0100000)) << "the rescue maps the kernel again";
}

TEST_F(Changes, AGuardedTableIsGuardedUnderAnyName) {
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(5, (Machine::kKernelTable << 12) | 3, {}); }));
    EXPECT_EQ(refusal(bench.map_to((5u << 22) | (Machine::kImageFirst << 12), Machine::kDirectory << 12)),
              Refusal::guarded);
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(6, (Machine::kDirectory << 12) | 3, {}); }));
    EXPECT_EQ(refusal(bench.unmap((6u << 22) | (769u << 12))), Refusal::guarded);
}

TEST_F(Changes, ASharedTableIsFlushedUnderAllItsNames) {
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(300, bench.pde(256), {}); }));
    store(0x40000000, 1);
    EXPECT_EQ(load(300u << 22), 1u);
    ASSERT_TRUE(bench.unmap(0x40000000));
    expect_coherent();
}

TEST_F(Changes, ASwitchedPdeIsFlushedWithItsWindowPage) {
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.map(0x50000000));
    store(0x40000000, 1);
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(256, bench.pde(320), {}); }));
    expect_coherent();
    ASSERT_TRUE(bench.map(0x40001000)); // must land in the new table
    EXPECT_NE(bench.pte(0x50001000), 0u);
    expect_coherent();
}

TEST_F(Changes, APdeWithGlobalLeavesIsFlushedPageByPage) {
    ASSERT_TRUE(bench.map(0x40000000, 2, bits::kWritable | bits::kGlobal));
    store(0x40001000, 1);
    const auto report = bench.command([&] { return lab.set_pde(256, 0, {}); });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->pages_flushed, 1024u);
    expect_coherent();
}

TEST_F(Changes, NoflushLeavesTheOldTranslationAndKeepsTheFrame) {
    ASSERT_TRUE(bench.map(0x40000000));
    store(0x40000000, 0x1234);
    const auto report =
        bench.command([&] { return lab.unmap({.va = VirtAddr{0x40000000}, .options = {.flush = false}}); });
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->flush_left_out);
    EXPECT_EQ(report->frames_freed, 0u) << "the CPU may still write it";
    EXPECT_EQ(load(0x40000000), 0x1234u);
    bench.command([&] {
        lab.invlpg(VirtAddr{0x40000000});
        return 0;
    });
    EXPECT_THROW(load(0x40000000), Fault);
}

TEST_F(Changes, ATableIsReadOnlyInTheDirectMapAsLongAsItIsOne) {
    for (std::uint32_t frame = Machine::kImageEnd; frame < 1024; ++frame) {
        store(0xc0000000 + frame * 4096 + 8, 0);
    }
    ASSERT_TRUE(bench.map(0x40000000));
    const std::uint32_t alias = 0xc0000000 + (bench.pde(256) & ~0xfffu);
    EXPECT_THROW(store(alias, 0), Fault);
    ASSERT_TRUE(bench.unmap(0x40000000));
    ASSERT_TRUE(bench.command([&] { return lab.free_tables(); }));
    EXPECT_NO_THROW(store(alias, 0));
    expect_coherent();
}

TEST_F(Changes, MapsUnderAPdeThatIsReadOnly) {
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(256, bench.pde(256) & ~bits::kWritable, {}); }));
    ASSERT_TRUE(bench.map(0x40001000)) << "its window page is read-only too";
    EXPECT_EQ(load(0x40001000), 0u);
    expect_coherent();
}

TEST_F(Changes, ControlRegistersFollowAndAreGuardedByTheTables) {
    ASSERT_TRUE(bench.map_to(0x50000000, 0x00800000, 1, true));
    EXPECT_EQ(refusal(bench.command([&] { return lab.set_pse(false); })), Refusal::large_page);
    ASSERT_TRUE(bench.unmap(0x50000000));
    EXPECT_TRUE(bench.command([&] { return lab.set_pse(false); }));
    EXPECT_EQ(refusal(bench.map_to(0x50000000, 0x00800000, 1, true)), Refusal::no_pse);
    EXPECT_TRUE(bench.command([&] { return lab.set_write_protect(false); }));
    EXPECT_EQ(machine.cr0() & (1u << 16), 0u);
}

TEST_F(Changes, ASwitchedPdeIsFlushedInEverySelfMap) {
    // A global leaf: the table is flushed page by page, and no CR3 load hides a forgotten window page.
    ASSERT_TRUE(bench.map(0x40000000, 1, bits::kWritable | bits::kGlobal));
    ASSERT_TRUE(bench.map(0x50000000));
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(600, (Machine::kDirectory << 12) | 3, {}); }));
    EXPECT_EQ(load((600u << 22) | (256u << 12)) & ~0x60u, bench.pte(0x40000000) & ~0x60u);
    ASSERT_TRUE(bench.command([&] { return lab.set_pde(256, bench.pde(320), {}); }));
    expect_coherent();
}

TEST_F(Changes, AProtectedPageOfTheDirectMapTakesNoFrame) {
    const std::uint32_t free = lab.frames().free;
    const State before = state_of(bench);
    lab.begin_command("protect");
    ASSERT_TRUE(lab.protect({.va = VirtAddr{0xc03ff000}, .clear = bits::kWritable}));
    EXPECT_EQ(lab.frames().free, free);
    ASSERT_TRUE(lab.map({.va = VirtAddr{0x40000000}, .large = true}));
    lab.end_command(interface::Status::error, false);
    EXPECT_EQ(difference(with_record_pages_of(before, bench), state_of(bench)), "none");
}

TEST_F(Changes, WhatACommandFreesIsNotUsedAgainBeforeItsEnd) {
    ASSERT_TRUE(bench.map(0x40000000));
    store(0x40000000, 0x1234);
    lab.begin_command("unmap and map");
    ASSERT_TRUE(lab.unmap({.va = VirtAddr{0x40000000}}));
    ASSERT_TRUE(lab.map({.va = VirtAddr{0x40000000}, .count = 3}));
    EXPECT_EQ(load(0x40000000), 0u);
    lab.end_command(interface::Status::fault, false);
    EXPECT_EQ(load(0x40000000), 0x1234u) << "a command that is taken back gives back the contents too";
}

TEST_F(Changes, ManyTablesAndPagesFoldIntoAFewRecords) {
    Bench big{20000};
    const std::uint32_t before = big.machine.journal().next_sequence;
    const auto report = big.map(0x40000000, 16000);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->tables_made, 16u);
    EXPECT_EQ(report->entries_changed, 16000u);
    EXPECT_LT(big.machine.journal().next_sequence - before, 40u);
}

TEST_F(Changes, CtrlCEndsALongOperationAndTakesItBack) {
    const State before = state_of(bench);
    machine.interrupted = true;
    EXPECT_EQ(refusal(bench.map(0x40000000, 2000)), Refusal::interrupted);
    machine.interrupted = false;
    EXPECT_EQ(difference(with_record_pages_of(before, bench), state_of(bench)), "none");
    EXPECT_TRUE(bench.map(0x40000000, 2000));
    EXPECT_GT(machine.lab_page().heartbeat, 0u);
}

TEST_F(Changes, TooManyChangesForTheJournalAreTakenBack) {
    ASSERT_TRUE(bench.map(0x40000000, 1500));
    for (std::uint32_t i = 0; i < 1500; i += 2) {
        store(0x40000000 + i * 4096, i); // A and D differ from page to page: no runs
    }
    const State before = state_of(bench);
    EXPECT_EQ(refusal(bench.unmap(0x40000000, 1500)), Refusal::journal_full);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    expect_coherent();
}

TEST_F(Changes, TheLabPageTellsTheHost) {
    const std::uint32_t generation = lab.frames().free == 0 ? 0 : machine.lab_page().generation;
    ASSERT_TRUE(bench.map(0x40000000));
    const interface::LabPage& page = machine.lab_page();
    EXPECT_EQ(page.magic, interface::kLabMagic);
    EXPECT_NE(page.generation, generation);
    EXPECT_EQ(page.generation % 2, 0u);
    EXPECT_EQ(page.frames_free, lab.frames().free);
    EXPECT_EQ(page.cr3, Machine::kDirectory << 12);
    EXPECT_EQ(std::string_view(page.last_command.data()), "test");
    EXPECT_EQ(page.state, static_cast<std::uint32_t>(interface::LabState::prompt));
}

} // namespace
} // namespace pagelab::simulation
