// Spaces of every strategy on a simulated machine: filled, edited, switched, cloned, shared, deleted.
#include "kernel/selftest/invariants.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using machine::Strategy;

constexpr Strategy kAll[] = {Strategy::recursive, Strategy::table, Strategy::upper_half, Strategy::window,
                             Strategy::direct};

class EachStrategy : public testing::TestWithParam<Strategy> {};
INSTANTIATE_TEST_SUITE_P(Strategies, EachStrategy, testing::ValuesIn(kAll));

TEST_P(EachStrategy, IsMadeFilledAndDeletedWithoutALeak) {
    Bench bench;
    const auto before = bench.lab.frames();
    const auto made = bench.command([&] { return bench.lab.new_space(GetParam()); });
    ASSERT_TRUE(made);
    EXPECT_EQ(made->number, 1u);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    EXPECT_EQ(bench.machine.cr3(), made->directory.raw());
    ASSERT_TRUE(bench.map(0x40000000, 5));
    ASSERT_TRUE(bench.map(0x00400000, 1025));
    const auto page = bench.machine.translate(0x40003);
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->writable);
    ASSERT_TRUE(bench.unmap(0x40000000, 2));
    EXPECT_FALSE(bench.machine.translate(0x40001));
    EXPECT_TRUE(bench.machine.stale().empty());
    EXPECT_FALSE(bench.command([&] { return bench.lab.delete_space(1); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {}); }));
    EXPECT_FALSE(bench.machine.translate(0x40003));
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    const auto after = bench.lab.frames();
    EXPECT_EQ(after.free, before.free);
    EXPECT_EQ(after.table, before.table);
    EXPECT_EQ(after.data, before.data);
    EXPECT_EQ(after.directory, before.directory);
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST_P(EachStrategy, IsEditedFromOutside) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    const auto mapped = bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        return bench.lab.map({.va = VirtAddr{0x40000000}, .count = 3});
    });
    ASSERT_TRUE(mapped);
    EXPECT_FALSE(bench.machine.translate(0x40000));
    EXPECT_EQ(bench.pde(1022), 0u);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    EXPECT_TRUE(bench.machine.translate(0x40002));
    EXPECT_FALSE(bench.machine.translate(0x40003));
    // And by its own strategy, what the other side wrote.
    ASSERT_TRUE(bench.unmap(0x40000000, 3));
    EXPECT_FALSE(bench.machine.translate(0x40002));
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST_P(EachStrategy, TheForeignWindowFollowsEachChange) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(Strategy::recursive); }));
    const auto word = [&](std::uint32_t space, std::uint32_t va) {
        const auto directory = bench.lab.space_info(space)->directory.raw();
        return bench.machine.word((bench.machine.word(directory + (va >> 22) * 4) & ~0xfffu) +
                                  ((va >> 12) & 0x3ff) * 4ull);
    };
    // One command: the window is used, a PDE below it changes, and it is turned to another space.
    bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        EXPECT_TRUE(bench.lab.map({.va = VirtAddr{0x40000000}, .count = 2}));
        EXPECT_TRUE(bench.lab.map({.va = VirtAddr{0x50000000}}));
        EXPECT_TRUE(bench.lab.work_in(2));
        EXPECT_TRUE(bench.lab.map({.va = VirtAddr{0x40000000}}));
        EXPECT_TRUE(bench.lab.work_in(1));
        const auto directory = bench.lab.space_info(1)->directory.raw();
        const std::uint32_t other = bench.machine.word(directory + 320 * 4);
        EXPECT_TRUE(bench.lab.unmap({.va = VirtAddr{0x40001000}}));
        EXPECT_TRUE(bench.lab.set_pde(256, other, {}));
        EXPECT_TRUE(bench.lab.unmap({.va = VirtAddr{0x40000000}}));
        return 0;
    });
    EXPECT_EQ(word(1, 0x50000000), 0u) << "slot 256 leads to the table of slot 320 now";
    EXPECT_EQ(word(2, 0x40000000) & 1, 1u);
    EXPECT_TRUE(bench.machine.stale().empty());
    EXPECT_EQ(bench.pde(1022), 0u);
}

/// A table with a global page is flushed page by page: no CR3 load hides what was forgotten.
TEST_P(EachStrategy, ASwitchedTableIsWrittenAtOnce) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 1, paging::bits::kWritable | paging::bits::kGlobal));
    ASSERT_TRUE(bench.map(0x50000000));
    const auto directory = bench.lab.space_info(1)->directory.raw();
    const std::uint32_t other = bench.machine.word(directory + 320 * 4);
    ASSERT_TRUE(bench.command([&] { return bench.lab.set_pde(256, other, {}); }));
    EXPECT_TRUE(bench.machine.stale().empty());
    ASSERT_TRUE(bench.map(0x40005000));
    EXPECT_EQ(bench.machine.word((other & ~0xfffu) + 5 * 4) & 1, 1u);
}

TEST_P(EachStrategy, CostsWhatItsLoopsSay) {
    Bench bench;
    const State before = state_of(bench);
    for (const auto pattern : {machine::Pattern::sequential, machine::Pattern::scattered}) {
        const auto report = bench.command([&] { return bench.lab.bench(GetParam(), pattern, 256); });
        ASSERT_TRUE(report) << static_cast<int>(report.error().refusal);
        const bool window = GetParam() == Strategy::window;
        EXPECT_EQ(report->map.invlpgs, window ? 256u : 0u);
        EXPECT_EQ(report->walk.invlpgs, window ? 256u : 0u);
        EXPECT_EQ(report->unmap.invlpgs, window ? 512u : 256u);
        EXPECT_EQ(report->tables, pattern == machine::Pattern::sequential ? 1u : 4u);
        EXPECT_EQ(bench.lab.space(), 0u);
        EXPECT_EQ(difference(before, state_of(bench)), "none");
    }
}

TEST_P(EachStrategy, CloneCopiesAndDeleteFreesOnce) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 4));
    bench.machine.store(VirtAddr{0x40001000}, Unit::word, 0x1234);
    const auto cloned = bench.command([&] { return bench.lab.clone_space(false); });
    ASSERT_TRUE(cloned);
    EXPECT_EQ(cloned->pages_copied, 4u);
    EXPECT_EQ(cloned->tables, 1u);
    bench.machine.store(VirtAddr{0x40001000}, Unit::word, 0x5678);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(2, {}); }));
    EXPECT_EQ(bench.machine.load(VirtAddr{0x40001000}, Unit::word), 0x1234u);
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    EXPECT_EQ(bench.machine.load(VirtAddr{0x40001000}, Unit::word), 0x1234u);
    ASSERT_TRUE(bench.unmap(0x40000000, 4));
}

TEST_P(EachStrategy, AWriteToASharedPageCopiesIt) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 2));
    bench.machine.store(VirtAddr{0x40000000}, Unit::word, 1);
    const auto free = bench.lab.frames().free;
    const auto shared = bench.command([&] { return bench.lab.clone_space(true); });
    ASSERT_TRUE(shared);
    EXPECT_EQ(shared->pages_shared, 2u);
    EXPECT_TRUE(bench.machine.stale().empty());
    const auto write = [&](std::uint32_t value) {
        bench.lab.begin_command("poke");
        try {
            bench.machine.store(VirtAddr{0x40000000}, Unit::word, value);
        } catch (const Fault& fault) {
            EXPECT_TRUE(bench.lab.copy_on_write(VirtAddr{fault.cr2}, fault.code));
            bench.machine.store(VirtAddr{0x40000000}, Unit::word, value);
        }
        bench.lab.end_command(interface::Status::ok, true);
    };
    write(2);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(2, {}); }));
    EXPECT_EQ(bench.machine.load(VirtAddr{0x40000000}, Unit::word), 1u);
    const auto before = bench.lab.frames().data;
    write(3); // the last one that shares it: nothing to copy
    EXPECT_EQ(bench.lab.frames().data, before);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    EXPECT_EQ(bench.machine.load(VirtAddr{0x40000000}, Unit::word), 2u);
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(2); }));
    EXPECT_EQ(bench.lab.frames().free, free);
}

TEST_P(EachStrategy, AWriteFromOutsideCopiesASharedPageToo) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        return bench.lab.map({.va = VirtAddr{0x40000000}});
    }));
    ASSERT_TRUE(bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        return bench.lab.clone_space(true);
    }));
    const auto frame_in = [&](std::uint32_t space) {
        const auto directory = bench.lab.space_info(space)->directory.raw();
        return bench.machine.word((bench.machine.word(directory + 256 * 4) & ~0xfffu) + 0ull);
    };
    EXPECT_EQ(frame_in(1) >> 12, frame_in(2) >> 12);
    bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(2));
        EXPECT_TRUE(bench.lab.unshare(VirtAddr{0x40000123}));
        return 0;
    });
    EXPECT_NE(frame_in(1) >> 12, frame_in(2) >> 12);
    EXPECT_EQ(frame_in(2) & 0xc02, 2u);
    EXPECT_EQ(frame_in(1) & 0xc02, 0xc00u) << "the other side copies, or finds itself alone, when it writes";
}

TEST_P(EachStrategy, TwoSlotsMayShareATable) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 2));
    const auto directory = bench.lab.space_info(1)->directory.raw();
    const std::uint32_t pde = bench.machine.word(directory + 256 * 4);
    ASSERT_TRUE(bench.command([&] { return bench.lab.set_pde(300, pde, {}); }));
    EXPECT_TRUE(bench.machine.translate((300u << 10) + 1));
    ASSERT_TRUE(bench.command([&] { return bench.lab.set_pde(300, 0, {}); }));
    // The table is still slot 256's, and still reached.
    ASSERT_TRUE(bench.unmap(0x40001000));
    EXPECT_FALSE(bench.machine.translate(0x40001));
    EXPECT_TRUE(bench.machine.translate(0x40000));
    ASSERT_TRUE(bench.command([&] { return bench.lab.set_pde(300, pde, {}); }));
    const auto cloned = bench.command([&] { return bench.lab.clone_space(false); });
    ASSERT_TRUE(cloned);
    EXPECT_EQ(cloned->tables, 1u) << "two slots share a table in the copy as well";
    const auto before = bench.lab.frames().free;
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(2); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.undo(); }));
    EXPECT_EQ(bench.lab.frames().free, before);
    EXPECT_EQ(bench.lab.space_info(2)->pages, bench.lab.space_info(1)->pages);
}

TEST_P(EachStrategy, ItsOwnSlotIsNotFreedWithTheTables) {
    Bench bench;
    const auto before = bench.lab.frames();
    const auto made = bench.command([&] { return bench.lab.new_space(GetParam()); });
    ASSERT_TRUE(made);
    const auto self = static_cast<std::uint32_t>(made->directory.raw()) | 3;
    bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        EXPECT_TRUE(bench.lab.set_pde(300, self, {}));
        return bench.lab.map({.va = VirtAddr{0x40000000}, .count = 2});
    });
    const auto alloc = bench.command([&] { return bench.lab.alloc_frames(1); });
    ASSERT_TRUE(alloc);
    bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        return bench.lab.map({.va = VirtAddr{0x50000000}, .pa = alloc->first_frame});
    });
    const auto cloned = bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        return bench.lab.clone_space(false);
    });
    ASSERT_TRUE(cloned);
    EXPECT_EQ(bench.machine.word(cloned->directory.raw() + 300 * 4) >> 12, cloned->directory.frame())
        << "the copy leads to itself, not to the original";
    EXPECT_EQ(bench.lab.frame_record(*alloc->first_frame).references(), 2u) << "frames of alloc stay shared";
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(2); }));
    EXPECT_EQ(bench.lab.frames().free, before.free - 1) << "what alloc handed out is still held";
    ASSERT_TRUE(bench.command([&] { return bench.lab.free_frames(*alloc->first_frame, 1); }));
    EXPECT_EQ(bench.lab.frames().free, before.free);
}

TEST_P(EachStrategy, GlobalPagesOfASpaceThatIsLeftOrDeletedAreFlushed) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 2, paging::bits::kWritable | paging::bits::kGlobal));
    const auto warm = [&] { static_cast<void>(bench.machine.load(VirtAddr{0x40000000}, Unit::word)); };
    warm();
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {}); }));
    EXPECT_TRUE(bench.machine.stale().empty());
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    warm();
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {.flush = false}); }));
    EXPECT_FALSE(bench.machine.stale().empty()) << "that is what noflush is for";
    bench.command([&] {
        EXPECT_TRUE(bench.lab.work_in(1));
        return bench.lab.unmap({.va = VirtAddr{0x40000000}});
    });
    EXPECT_TRUE(bench.machine.stale().empty()) << "a global page is flushed from outside, too";
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    static_cast<void>(bench.machine.load(VirtAddr{0x40001000}, Unit::word));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {.flush = false}); }));
    EXPECT_FALSE(bench.machine.stale().empty());
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST(Recursive, AGlobalWindowPageDoesNotShowTheTablesOfTheSpaceThatWasLeft) {
    Bench bench;
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(Strategy::recursive); }));
    }
    const auto global_table = [&](std::uint32_t space) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(space, {}); }));
        ASSERT_TRUE(bench.map(0x40000000, 1));
        const std::uint32_t pde = bench.machine.word(bench.lab.space_info(space)->directory.raw() + 256 * 4);
        ASSERT_TRUE(bench.command([&] { return bench.lab.set_pde(256, pde | paging::bits::kGlobal, {}); }));
        static_cast<void>(bench.machine.load(VirtAddr{0xffd00000}, Unit::word));
    };
    global_table(1);
    global_table(2);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {.flush = false}); }));
    ASSERT_TRUE(bench.unmap(0x40000000));
    EXPECT_EQ(bench.lab.space_info(1)->pages, 0u) << "the window still showed the other space's table";
    EXPECT_EQ(bench.lab.space_info(2)->pages, 1u);
}

TEST(Delete, FreesATableOnceThatLeadsToItselfBehindTheBooks) {
    Bench bench;
    ASSERT_TRUE(bench.map(0x40000000));
    ASSERT_TRUE(bench.command([&] { return bench.lab.clone_space(false); }));
    const auto directory = static_cast<std::uint32_t>(bench.lab.space_info(1)->directory.raw());
    const std::uint32_t table = bench.machine.word(directory + 256 * 4) & ~0xfffu;
    bench.machine.set_word(table + 9 * 4, table | 3);
    const std::uint32_t free = bench.lab.frames().free;
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    EXPECT_EQ(bench.lab.frames().free, free + 3);
    for (const selftest::Case& test : selftest::invariants()) {
        EXPECT_FALSE(test.check(bench.lab)) << test.name;
    }
    ASSERT_TRUE(bench.map(0x50000000, 100)) << "the pool has no loop";
}

TEST(Clone, LeadsToTheKernelsTableWhereTheSpaceDoes) {
    for (const bool share : {false, true}) {
        Bench bench;
        const std::uint32_t kernels = (Machine::kKernelTable << 12) | 3;
        ASSERT_TRUE(bench.command([&] { return bench.lab.set_pde(5, kernels, {}); }));
        const std::uint32_t tables = bench.lab.frames().table;
        ASSERT_TRUE(bench.command([&] { return bench.lab.clone_space(share); }));
        const auto directory = static_cast<std::uint32_t>(bench.lab.space_info(1)->directory.raw());
        EXPECT_EQ(bench.machine.word(directory + 5 * 4) & ~0x60u, kernels);
        EXPECT_EQ(bench.lab.frames().table, tables);
    }
}

TEST(UpperHalf, EndsAtTwoGiB) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(Strategy::upper_half); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x7ffff000));
    const auto beyond = bench.map(0x80000000);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().refusal, Refusal::guarded);
    EXPECT_FALSE(bench.command([&] { return bench.lab.set_pde(600, 0x00300003, {}); }));
    // Slots whose words the kernel's PDEs displace work all the same.
    for (const std::uint32_t va :
         {0x40000000u, 0x40400000u, 0x40800000u, 0x40c00000u, 0x7f400000u, 0x7f800000u}) {
        ASSERT_TRUE(bench.map(va)) << std::hex << va;
        EXPECT_TRUE(bench.machine.translate(va >> 12));
        EXPECT_TRUE(bench.lab.displaced_word(va >> 22));
        ASSERT_TRUE(bench.unmap(va));
    }
    EXPECT_FALSE(bench.lab.displaced_word(511));
}

TEST_P(EachStrategy, AFaultOrCtrlCInTheMiddleLeavesTheStateBefore) {
    Bench bench{4096};
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 900));
    const State before = state_of(bench);
    const auto abandoned = [&](auto&& operation) {
        bench.lab.begin_command("abandoned");
        static_cast<void>(operation());
        bench.lab.end_command(interface::Status::fault, false);
        EXPECT_EQ(difference(with_record_pages_of(before, bench), state_of(bench)), "none");
        EXPECT_TRUE(bench.machine.stale().empty());
        EXPECT_EQ(bench.lab.space(), 1u);
    };
    const auto interrupted = [&](auto&& operation) {
        bench.machine.interrupted = true;
        const auto done = bench.command(operation);
        bench.machine.interrupted = false;
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().refusal, Refusal::interrupted);
        EXPECT_EQ(difference(with_record_pages_of(before, bench), state_of(bench)), "none");
    };
    abandoned([&] { return bench.lab.clone_space(false); });
    abandoned([&] { return bench.lab.clone_space(true); });
    abandoned([&] { return bench.lab.use_space(0, {}); });
    abandoned([&] { return bench.lab.new_space(Strategy::direct); });
    abandoned([&] {
        EXPECT_TRUE(bench.lab.clone_space(true));
        EXPECT_TRUE(bench.lab.unshare(VirtAddr{0x40000000}));
        EXPECT_TRUE(bench.lab.use_space(2, {}));
        EXPECT_TRUE(bench.lab.unshare(VirtAddr{0x40001000}));
        return bench.lab.delete_space(1);
    });
    interrupted([&] { return bench.lab.clone_space(false); });
    interrupted([&] { return bench.lab.clone_space(true); });
    // A pool that ends in the middle.
    while (bench.lab.frames().free > 500) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.alloc_frames(1); }));
    }
    const State full = state_of(bench);
    EXPECT_FALSE(bench.command([&] { return bench.lab.clone_space(false); }));
    EXPECT_EQ(difference(with_record_pages_of(full, bench), state_of(bench)), "none");
}

TEST_P(EachStrategy, UndoBringsADeletedSpaceBack) {
    Bench bench;
    ASSERT_TRUE(bench.command([&] { return bench.lab.new_space(GetParam()); }));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.map(0x40000000, 3));
    ASSERT_TRUE(bench.map(0x00400000, 1));
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(0, {}); }));
    const State before = state_of(bench);
    ASSERT_TRUE(bench.command([&] { return bench.lab.delete_space(1); }));
    EXPECT_FALSE(bench.lab.space_info(1));
    ASSERT_TRUE(bench.command([&] { return bench.lab.undo(); }));
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    const auto info = bench.lab.space_info(1);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->strategy, GetParam());
    EXPECT_EQ(info->pages, 4u);
    ASSERT_TRUE(bench.command([&] { return bench.lab.use_space(1, {}); }));
    ASSERT_TRUE(bench.unmap(0x40000000, 3));
    // Back to before the space was made.
    while (bench.lab.undoable(1) != 0) {
        ASSERT_TRUE(bench.command([&] { return bench.lab.undo(); }));
    }
    EXPECT_FALSE(bench.lab.space_info(1));
    EXPECT_EQ(bench.lab.space(), 0u);
}

} // namespace
} // namespace pagelab::simulation
