// The simulator itself: if its TLB forgot on its own, no test here could fail for a missing flush.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

TEST(Simulator, KeepsAnOldTranslationUntilInvlpg) {
    Bench bench;
    ASSERT_TRUE(bench.map(0x40000000));
    bench.machine.store(VirtAddr{0x40000000}, Unit::word, 0x11111111);
    const std::uint64_t pte_at = (bench.pde(256) & ~0xfffu);
    const std::uint32_t old = bench.machine.word(pte_at);
    bench.machine.set_word(pte_at, 0x00200003);
    bench.machine.set_word(0x00200000, 0x22222222);
    EXPECT_EQ(bench.machine.load(VirtAddr{0x40000000}, Unit::word), 0x11111111u);
    EXPECT_EQ(bench.machine.stale(), std::vector<std::uint32_t>{0x40000000});
    bench.machine.invlpg(VirtAddr{0x40000000});
    EXPECT_EQ(bench.machine.load(VirtAddr{0x40000000}, Unit::word), 0x22222222u);
    EXPECT_TRUE(bench.machine.stale().empty());
    bench.machine.set_word(pte_at, old);
}

TEST(Simulator, GlobalPagesOutliveACr3LoadButNotACr4Change) {
    Bench bench;
    static_cast<void>(bench.machine.load(VirtAddr{0xc0100000}, Unit::word));
    bench.machine.set_word(Machine::kKernelTable * 4096ull + 256 * 4, 0);
    bench.machine.set_cr3(bench.machine.cr3());
    EXPECT_EQ(bench.machine.stale(), std::vector<std::uint32_t>{0xc0100000});
    bench.machine.set_cr4(0x10);
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST(Simulator, InvlpgDropsAllPiecesOfALargePage) {
    Bench bench;
    bench.machine.set_word(Machine::kDirectory * 4096ull + 256 * 4, 0x00400083);
    static_cast<void>(bench.machine.load(VirtAddr{0x40001000}, Unit::word));
    static_cast<void>(bench.machine.load(VirtAddr{0x40002000}, Unit::word));
    bench.machine.set_word(Machine::kDirectory * 4096ull + 256 * 4, 0);
    EXPECT_EQ(bench.machine.stale().size(), 2u);
    bench.machine.invlpg(VirtAddr{0x40002000});
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST(Simulator, RaisesTheFaultsOfTheManual) {
    Bench bench;
    const auto code = [&](std::uint32_t va, paging::AccessKind kind) {
        return bench.machine.access({.kind = kind}, VirtAddr{va}, 0, VirtAddr{0}).touch;
    };
    EXPECT_EQ(code(0, paging::AccessKind::read).code, 0u);
    EXPECT_EQ(code(0, paging::AccessKind::write).code, 2u);
    EXPECT_EQ(code(0xc0100000, paging::AccessKind::write).code, 3u);
    EXPECT_FALSE(code(0xc0100000, paging::AccessKind::read).faulted);
}

} // namespace
} // namespace pagelab::simulation
