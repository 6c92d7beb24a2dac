// What `crash` prepares before the CPU does the rest: which entries it changes, what it tells the host, and
// that a rollback gives back what it took.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using machine::Crash;
using Done = std::pair<Crash, std::uint32_t>;

class Crasher : public ::testing::Test {
protected:
    Bench bench;

    auto crash(Crash crash, std::optional<std::uint32_t> argument = {}, ChangeOptions options = {}) {
        return bench.command([&] { return bench.lab.crash(crash, argument, options); }, false);
    }
    [[nodiscard]] std::uint32_t kernel_entry(VirtAddr va) const {
        return bench.machine.word(Machine::kKernelTable * 4096ull + va.table_index() * 4);
    }
};

TEST_F(Crasher, HandsTheUsualValueOrTheGivenOneToTheCpu) {
    ASSERT_TRUE(crash(Crash::esp));
    ASSERT_TRUE(crash(Crash::esp, 0x12345678));
    EXPECT_EQ(bench.machine.crashes,
              (std::vector<Done>{{Crash::esp, machine::kNowhere}, {Crash::esp, 0x12345678}}));
}

TEST_F(Crasher, FlushesBeforeItPushes) {
    ASSERT_TRUE(bench.map(0x40000000, 1, paging::bits::kWritable | paging::bits::kGlobal));
    bench.machine.store(VirtAddr{0x40000000}, memory::Unit::word, 1);
    ASSERT_TRUE(bench.command([&] {
        return bench.lab.unmap({.va = VirtAddr{0x40000000}, .count = 1, .options = {.flush = false}});
    }));
    ASSERT_FALSE(bench.machine.stale().empty());
    bench.lab.begin_command("crash");
    ASSERT_TRUE(bench.lab.crash(Crash::esp, 0x40001000, {}));
    EXPECT_TRUE(bench.machine.stale().empty()) << "pushes would go where only the TLB leads";
    bench.lab.end_command(interface::Status::ok, false);
}

TEST_F(Crasher, RefusesWhatNoRescueSurvivesButDoesItByForce) {
    for (const Crash deadly : {Crash::idt, Crash::gdt}) {
        const auto refused = crash(deadly);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().refusal, Refusal::guarded);
        EXPECT_TRUE(bench.machine.crashes.empty());
        EXPECT_TRUE(crash(deadly, {}, {.force = true}));
        EXPECT_EQ(bench.machine.crashes.size(), 1u);
        bench.machine.crashes.clear();
    }
}

TEST_F(Crasher, UnmapsTheStackAndTheHandlersInTheKernelsTableUntilTheAudit) {
    const memory::KernelFacts facts = bench.machine.facts();
    for (const auto& [crash, page] :
         {std::pair{Crash::stack, facts.stack}, {Crash::handler, facts.handlers}}) {
        const std::uint32_t before = kernel_entry(page);
        ASSERT_NE(before & 1, 0u);
        static_cast<void>(bench.machine.load(page, Unit::word)); // the CPU is using it, as it does
        bench.lab.begin_command("crash");
        ASSERT_TRUE(bench.lab.crash(crash, std::nullopt, {}));
        EXPECT_TRUE(bench.machine.stale().empty());
        EXPECT_EQ(kernel_entry(page), 0u);
        EXPECT_FALSE(bench.machine.translate(page.raw() >> 12));
        EXPECT_EQ(bench.lab.end_command(interface::Status::ok, true), interface::Status::rescued);
        EXPECT_EQ(kernel_entry(page), before);
    }
}

TEST_F(Crasher, MakesAllOfTheCodeWritableUntilTheAudit) {
    const memory::KernelFacts facts = bench.machine.facts();
    ASSERT_LT(facts.text.raw(), facts.text_end.raw());
    const auto expect_rights = [&](std::uint32_t rights) {
        for (std::uint32_t page = facts.text.raw(); page < facts.text_end.raw(); page += 4096) {
            EXPECT_EQ(kernel_entry(VirtAddr{page}) & 3, rights) << page;
        }
    };
    bench.lab.begin_command("crash text");
    ASSERT_TRUE(bench.lab.crash(Crash::text, std::nullopt, {}));
    expect_rights(3);
    EXPECT_EQ(bench.lab.end_command(interface::Status::ok, true), interface::Status::rescued);
    expect_rights(1);
}

TEST_F(Crasher, LoadsADirectoryOfGarbageThatHoldsTheLifelineAndTellsTheHostFirst) {
    const std::uint32_t lifeline = interface::layout::kLifelineSlot;
    const State before = state_of(bench);
    bench.lab.begin_command("crash cr3");
    ASSERT_TRUE(bench.lab.crash(Crash::cr3, std::nullopt, {}));
    ASSERT_EQ(bench.machine.crashes.size(), 1u);
    const std::uint32_t directory = bench.machine.crashes[0].second;
    EXPECT_EQ(bench.machine.lab_page().cr3, directory);
    EXPECT_EQ(bench.machine.word(directory + lifeline * 4), bench.pde(lifeline));
    for (std::uint32_t slot = 0; slot < 1024; ++slot) {
        const std::uint32_t entry = bench.machine.word(directory + slot * 4);
        // A walk never leaves the frame: its A and D bits hurt nobody.
        EXPECT_TRUE((entry & 1) == 0 || entry >> 12 == directory >> 12 || slot == lifeline) << slot;
    }
    bench.lab.end_command(interface::Status::rescued, false);
    EXPECT_EQ(state_of(bench), before);
}

} // namespace
} // namespace pagelab::simulation
