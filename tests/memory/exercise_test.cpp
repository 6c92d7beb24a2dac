// What a call of a student's function leaves behind: the journal and the counts know of it, undo takes it
// back, and an abandoned one leaves nothing.
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

namespace pagelab::simulation {
namespace {

using machine::CallArguments;
using machine::CallReport;

constexpr std::uint32_t kFrame = 0x300000;
constexpr std::uint32_t kVa = 0x40003000;

struct ExerciseTest : testing::Test {
    ExerciseTest() { EXPECT_TRUE(bench.map(0x48000000)); }

    template <class F>
    CallReport call(F&& student, bool keep = true) {
        bench.machine.student = [&](const CallArguments&) {
            student();
            return 0u;
        };
        const auto report = bench.command([&] { return bench.lab.call(VirtAddr{0xc0908000}, {}); }, keep);
        EXPECT_TRUE(report);
        return report.value_or(CallReport{});
    }
    void set_pde(std::uint32_t va, std::uint32_t value) {
        bench.machine.store(VirtAddr{0xfffff000 + (va >> 22) * 4}, Unit::word, value);
    }
    void set_pte(std::uint32_t va, std::uint32_t value) {
        bench.machine.store(VirtAddr{0xffc00000 + (va >> 12) * 4}, Unit::word, value);
    }
    /// Takes a table and maps one page in it, as a right solution does.
    void map_page() {
        const std::uint32_t table = bench.lab.exercise_room().frame_alloc();
        set_pde(kVa, table | 7);
        for (std::uint32_t i = 0; i < 1024; ++i) {
            set_pte((kVa & 0xffc00000) + i * 4096, 0);
        }
        set_pte(kVa, kFrame | 3);
    }
    FrameRole role(std::uint32_t pa) { return bench.lab.frame_record(PhysAddr{pa}).role(); }

    Bench bench;
};

TEST_F(ExerciseTest, its_tables_and_pages_are_counted) {
    const CallReport report = call([this] { map_page(); });
    EXPECT_EQ(report.entries_changed, 2u);
    EXPECT_EQ(report.frames_taken, 1u);
    EXPECT_EQ(role(bench.pde(256) & ~0xfffu), FrameRole::table);
    EXPECT_EQ(role(kFrame), FrameRole::data);
    EXPECT_EQ(bench.lab.frame_record(PhysAddr{kFrame}).references(), 1u);
}

TEST_F(ExerciseTest, undo_takes_it_back) {
    const State before = state_of(bench);
    call([this] { map_page(); });
    ASSERT_TRUE(bench.command([&] { return bench.lab.undo(); }));
    EXPECT_EQ(difference(before, with_record_pages_of(state_of(bench), bench)), "none");
}

TEST_F(ExerciseTest, an_abandoned_call_leaves_nothing) {
    const State before = state_of(bench);
    call(
        [this] {
            map_page();
            set_pte(0x48000000, 0);
        },
        false);
    EXPECT_EQ(difference(before, state_of(bench)), "none");
    EXPECT_TRUE(bench.machine.stale().empty());
}

TEST_F(ExerciseTest, a_forgotten_flush_stays_forgotten) {
    static_cast<void>(bench.machine.load(VirtAddr{0x48000000}, Unit::word));
    call([this] { set_pte(0x48000000, 0); });
    EXPECT_EQ(bench.machine.stale(), (std::vector<std::uint32_t>{0x48000000}));
}

TEST_F(ExerciseTest, a_frame_is_garbage_and_freed_only_when_nothing_leads_to_it) {
    std::uint32_t frame = 0;
    call([&] {
        frame = bench.lab.exercise_room().frame_alloc();
        set_pte(0x48001000, frame | 3);
        bench.lab.exercise_room().frame_free(frame);
    });
    EXPECT_EQ(bench.machine.word(frame + 512), interface::kExerciseGarbage);
    EXPECT_EQ(role(frame), FrameRole::data);
    const CallReport report = call([&] {
        set_pte(0x48001000, 0);
        bench.lab.exercise_room().frame_free(frame);
        bench.lab.exercise_room().frame_free(frame);
        bench.lab.exercise_room().frame_free(frame + 4);
    });
    EXPECT_EQ(role(frame), FrameRole::free);
    EXPECT_EQ(report.frames_given, 1u);
    EXPECT_EQ(report.not_taken, 2u);
}

TEST_F(ExerciseTest, a_table_that_is_taken_away_gives_its_pages_back) {
    call([this] { map_page(); });
    const std::uint32_t table = bench.pde(256) & ~0xfffu;
    call([this, table] {
        set_pde(kVa, 0);
        bench.lab.exercise_room().frame_free(table);
    });
    EXPECT_EQ(role(table), FrameRole::free);
    EXPECT_EQ(role(kFrame), FrameRole::free);
}

} // namespace
} // namespace pagelab::simulation
