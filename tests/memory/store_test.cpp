// Loads, stores and touches: what reaches memory, what is refused, what is put back.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

namespace bits = paging::bits;

struct Store : testing::Test {
    Bench bench{4096};
    Machine& machine = bench.machine;
    memory::Lab<Machine>& lab = bench.lab;

    auto poke(std::uint32_t va, std::uint32_t value, Unit unit = Unit::word, bool force = false) {
        return bench.command([&] { return lab.store(VirtAddr{va}, unit, value, {.force = force}); });
    }
    auto touch(std::uint32_t va, paging::AccessKind kind, bool user = false) {
        return bench.command([&] { return lab.touch(VirtAddr{va}, {.kind = kind, .user = user}); });
    }
};

TEST_F(Store, WritesAllWidthsAlsoAcrossPages) {
    ASSERT_TRUE(bench.map(0x40000000, 2));
    EXPECT_TRUE(poke(0x40000ffe, 0x11223344));
    EXPECT_EQ(machine.load(VirtAddr{0x40000ffe}, Unit::word), 0x11223344u);
    EXPECT_TRUE(poke(0x40000003, 0xaabb, Unit::half));
    EXPECT_EQ(machine.load(VirtAddr{0x40000003}, Unit::half), 0xaabbu);
    EXPECT_TRUE(poke(0x40000001, 0x7f, Unit::byte));
    EXPECT_EQ(machine.load(VirtAddr{0x40000000}, Unit::word), 0xbb007f00u);
}

TEST_F(Store, RefusesTheKernelsMemoryUnderAnyName) {
    const std::uint32_t data = Machine::kImageData << 12;
    EXPECT_EQ(poke(0xc0000000 + data, 1).error().refusal, Refusal::guarded);
    ASSERT_TRUE(bench.map_to(0x40000000, data));
    EXPECT_EQ(poke(0x40000000, 1).error().refusal, Refusal::guarded);
    const auto physical =
        bench.command([&] { return lab.store_physical(PhysAddr{data + 8}, Unit::word, 1, {}); });
    EXPECT_EQ(physical.error().refusal, Refusal::guarded);
    EXPECT_EQ(machine.word(data), 0u);
    EXPECT_TRUE(poke(0x40000000, 1, Unit::word, true));
    EXPECT_EQ(machine.word(data), 1u);
}

TEST_F(Store, RefusesTheKernelsMemoryAlsoWhereOnlyTheTlbKnowsIt) {
    const std::uint32_t data = Machine::kImageData << 12;
    machine.set_word(data + 12, 77);
    ASSERT_TRUE(bench.map_to(0x40000000, data));
    ASSERT_TRUE(bench.command([&] { return lab.set_pte(VirtAddr{0x40000000}, data | 0x67, {}); }));
    EXPECT_EQ(machine.load(VirtAddr{0x4000000c}, Unit::word), 77u) << "and now it is cached, with D";
    const ChangeOptions unflushed{.flush = false};
    ASSERT_TRUE(bench.command(
        [&] { return lab.unmap({.va = VirtAddr{0x40000000}, .count = 1, .options = unflushed}); }));
    EXPECT_EQ(poke(0x4000000c, 1).error().refusal, Refusal::guarded);
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_FALSE(machine.stale().empty());
    EXPECT_EQ(poke(0x4000000c, 1).error().refusal, Refusal::guarded) << "not the page that the tables name";
    EXPECT_EQ(machine.word(data + 12), 77u);
    machine.flush_everything();
    EXPECT_TRUE(poke(0x4000000c, 1));
}

TEST_F(Store, WritesAPageOfTheUsersThatOnlyTheTlbKnows) {
    ASSERT_TRUE(bench.map(0x40000000));
    const std::uint32_t frame = bench.pte(0x40000000) & ~0xfffu;
    ASSERT_TRUE(poke(0x40000000, 1));
    ASSERT_TRUE(bench.command(
        [&] { return lab.unmap({.va = VirtAddr{0x40000000}, .count = 1, .options = {.flush = false}}); }));
    ASSERT_TRUE(poke(0x40000000, 2)) << "to show that is what noflush is for";
    EXPECT_EQ(machine.word(frame), 2u);
}

TEST_F(Store, AFillThatOverwritesItsOwnWayIsCountedToItsEnd) {
    ASSERT_TRUE(bench.map_to(0x40000000, Machine::kDirectory << 12));
    ASSERT_TRUE(bench.map(0x50000000));
    const std::uint32_t table = bench.pde(320) >> 12;
    ASSERT_EQ(lab.frame_record(PhysAddr{table * 4096ull}).references(), 1u);
    lab.begin_command("fill");
    for (std::uint32_t slot = 250; slot < 400; ++slot) { // slot 256 is the page's own
        ASSERT_TRUE(lab.store(VirtAddr{0x40000000 + slot * 4}, Unit::word, 0, {})) << slot;
    }
    lab.end_command(interface::Status::ok, true);
    EXPECT_EQ(bench.pde(320), 0u);
    EXPECT_EQ(lab.frame_record(PhysAddr{table * 4096ull}).references(), 0u);
}

TEST_F(Store, APokeIntoTheDirectoryIsAChangeThatUndoTakesBack) {
    ASSERT_TRUE(bench.map(0x40000000));
    const State before = state_of(bench);
    ASSERT_TRUE(poke(0xfffff000 + 300 * 4, bench.pde(256)));
    EXPECT_EQ(bench.pde(300) & ~0x60u, bench.pde(256) & ~0x60u);
    EXPECT_EQ(poke(0xfffff000 + 769 * 4, 0).error().refusal, Refusal::guarded);
    EXPECT_EQ(poke(0xfffff000 + 1021 * 4 + 1, 0, Unit::byte).error().refusal, Refusal::guarded);
    ASSERT_TRUE(bench.command([&] { return lab.undo(); }));
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    EXPECT_TRUE(machine.stale().empty());
}

TEST_F(Store, APokeIntoATableIsAChangeWithoutAFlush) {
    ASSERT_TRUE(bench.map(0x40000000));
    machine.store(VirtAddr{0x40000000}, Unit::word, 5);
    const State before = state_of(bench);
    const std::uint32_t old = bench.pte(0x40000000);
    ASSERT_TRUE(poke(0xffc00000 + 256 * 4096, old & ~bits::kWritable));
    EXPECT_EQ(machine.stale(), std::vector<std::uint32_t>{0x40000000}) << "the user forgot the invlpg";
    ASSERT_TRUE(bench.command([&] { return lab.undo(); }));
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    EXPECT_TRUE(machine.stale().empty());
}

TEST_F(Store, PhysicalAccessReachesRamAndNothingElse) {
    EXPECT_TRUE(
        bench.command([&] { return lab.store_physical(PhysAddr{0x3ffffe}, Unit::word, 0x12345678, {}); }));
    EXPECT_EQ(bench.command([&] { return lab.load_physical(PhysAddr{0x3ffffe}, Unit::word); }), 0x12345678u);
    EXPECT_EQ(lab.load_physical(PhysAddr{0xfffffe}, Unit::word).error().refusal, Refusal::not_ram);
    EXPECT_EQ(lab.load_physical(PhysAddr{0xa0000}, Unit::byte).error().refusal, Refusal::not_ram);
    EXPECT_EQ(lab.load_physical(PhysAddr{0x100000000}, Unit::byte).error().refusal, Refusal::not_ram);
    EXPECT_FALSE(lab.read_word(PhysAddr{0x1000000}));
}

TEST_F(Store, AStoreThatFaultsChangesNothing) {
    EXPECT_THROW(poke(0x40000000, 1), Fault);
    lab.end_command(interface::Status::fault, false);
    EXPECT_TRUE(bench.map(0x40000000));
}

TEST_F(Store, TouchAnswersWithTheFaultAndPutsBackWhatItRead) {
    EXPECT_EQ(touch(0x40000000, paging::AccessKind::write)->code, 2u);
    EXPECT_EQ(touch(0x40000000, paging::AccessKind::read)->code, 0u);
    ASSERT_TRUE(bench.map(0x40000000));
    machine.store(VirtAddr{0x40000000}, Unit::word, 0xa5a5a5a5);
    for (const auto kind : {paging::AccessKind::read, paging::AccessKind::write, paging::AccessKind::fetch}) {
        EXPECT_FALSE(touch(0x40000000, kind)->faulted);
        EXPECT_EQ(touch(0x40000000, kind, true)->code & ~2u, 5u);
    }
    EXPECT_EQ(machine.load(VirtAddr{0x40000000}, Unit::word), 0xa5a5a5a5u);
    EXPECT_TRUE(machine.stale().empty());
}

TEST_F(Store, StaleComparesALoadWithTheWalk) {
    using machine::Staleness;
    const auto stale = [&](std::uint32_t va) {
        return bench.command([&] { return lab.stale(VirtAddr{va}); });
    };
    EXPECT_EQ(stale(0x40000000), Staleness::same_frame) << "nothing there, and nothing read";
    ASSERT_TRUE(bench.map(0x40000000, 2));
    machine.store(VirtAddr{0x40000000}, Unit::word, 0x11223344);
    (void)machine.load(VirtAddr{0x40001000}, Unit::word);
    EXPECT_EQ(stale(0x40000000), Staleness::same_frame);
    ASSERT_TRUE(
        bench.command([&] { return lab.unmap({.va = VirtAddr{0x40000000}, .options = {.flush = false}}); }));
    EXPECT_EQ(stale(0x40000000), Staleness::still_mapped);
    lab.invlpg(VirtAddr{0x40000000});
    EXPECT_EQ(stale(0x40000000), Staleness::same_frame);
    ASSERT_TRUE(bench.command(
        [&] { return lab.set_pte(VirtAddr{0x40001000}, 0x00500003, {.flush = false, .force = true}); }));
    EXPECT_EQ(stale(0x40001000), Staleness::other_frame);
    lab.invlpg(VirtAddr{0x40001000});
    EXPECT_EQ(stale(0x40001000), Staleness::same_frame);
    EXPECT_EQ(stale(0xc0100000).error().refusal, Refusal::not_possible);
    EXPECT_EQ(stale(0xfffff000).error().refusal, Refusal::not_possible);
}

TEST_F(Store, TouchDoesNotRunWhatItDidNotPlace) {
    const auto reason = [&](std::uint32_t va) {
        return touch(va, paging::AccessKind::fetch).error().refusal;
    };
    EXPECT_EQ(reason(0xc0100000), Refusal::not_possible);
    EXPECT_EQ(reason(0xfffff000), Refusal::not_possible);
    ASSERT_TRUE(bench.map(0x40000000));
    machine.store(VirtAddr{0x40000000}, Unit::word, 1);
    ASSERT_TRUE(
        bench.command([&] { return lab.unmap({.va = VirtAddr{0x40000000}, .options = {.flush = false}}); }));
    EXPECT_EQ(reason(0x40000000), Refusal::not_possible) << "only the TLB knows the page";
}

TEST_F(Store, KeptBytesComeBackUnlessTheCommandStands) {
    const auto before = lab.frames();
    for (const bool stands : {true, false}) {
        ASSERT_TRUE(bench.map(0x40000000, 600));
        for (std::uint32_t page = 0; page < 600; ++page) {
            machine.store(VirtAddr{0x40000000 + page * 4096}, Unit::word, page);
        }
        lab.begin_command("fill");
        for (std::uint32_t page = 0; page < 600; ++page) { // more than one frame of the list holds
            const VirtAddr va{0x40000000 + page * 4096};
            ASSERT_TRUE(lab.keep_bytes(PhysAddr{machine.translate(va.raw() >> 12)->frame * 4096}));
            machine.store(va, Unit::word, 0xffffffff);
        }
        lab.end_command(stands ? interface::Status::ok : interface::Status::interrupted, stands);
        for (std::uint32_t page = 0; page < 600; ++page) {
            ASSERT_EQ(machine.load(VirtAddr{0x40000000 + page * 4096}, Unit::word), stands ? ~0u : page);
        }
        ASSERT_TRUE(bench.unmap(0x40000000, 600));
        bench.command([&] { return lab.free_tables(); });
        EXPECT_EQ(lab.frames().free, before.free);
    }
    while (lab.frames().free > 1) {
        ASSERT_TRUE(bench.command([&] { return lab.alloc_frames(1); }));
    }
    EXPECT_EQ(bench.command([&] { return lab.keep_bytes(PhysAddr{0x200000}); }).error().refusal,
              Refusal::no_frames);
}

TEST_F(Store, ScratchPagesAreClosedWhenACommandEnds) {
    static_cast<void>(bench.command([&] { return lab.load_physical(PhysAddr{0x300000}, Unit::word); }));
    // Behind the scratch pages lies a student's image, and the last page shows the table itself.
    for (std::uint32_t i = 0; i < interface::layout::kExercise.table_index(); ++i) {
        EXPECT_EQ(machine.word(Machine::kScratchTable * 4096ull + i * 4), 0u);
    }
}

} // namespace
} // namespace pagelab::simulation
