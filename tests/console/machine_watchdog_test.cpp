#include "serial-console/src/machine/vcpu_thread.hpp"
#include "serial-console/src/machine/watchdog.hpp"

#include <gtest/gtest.h>

namespace pagelab::console::machine {
namespace {

using interface::LabState;
using Verdict = Watchdog::Verdict;

/// A guest, its thread and the clock, moved in steps of 10 ms.
class Scene {
public:
    enum Thread { kBusy, kAsleep, kStarved };

    LabState state = LabState::running;
    bool running = true;
    bool beats = false;
    std::optional<bool> halted = false;
    Watchdog dog{Clock::time_point{}};
    int asked = 0;

    /// The first verdict other than fine within `time`, and how long it took.
    Verdict pass(milliseconds time, Thread thread) {
        for (milliseconds end = passed + time; passed < end;) {
            passed += milliseconds(10);
            vcpu.ran += milliseconds(thread == kBusy ? 10 : 0);
            vcpu.asleep = thread == kAsleep;
            beat += beats ? 1 : 0;
            const Verdict verdict = dog.look(now(), {running, beat, state, 1, vcpu}, [this] {
                ++asked;
                return halted;
            });
            if (verdict != Verdict::fine) {
                return verdict;
            }
        }
        return Verdict::fine;
    }
    [[nodiscard]] Clock::time_point now() const { return Clock::time_point{} + passed; }

    milliseconds passed{0};
    VcpuTime vcpu;
    std::uint32_t beat = 0;
};

TEST(Watchdog, a_heart_that_beats_is_left_alone) {
    Scene scene;
    scene.beats = true;
    EXPECT_EQ(scene.pass(milliseconds(60000), Scene::kBusy), Verdict::fine);
}

TEST(Watchdog, a_loop_is_interrupted_after_a_second_of_its_own_time) {
    Scene scene;
    EXPECT_EQ(scene.pass(milliseconds(990), Scene::kBusy), Verdict::fine);
    EXPECT_EQ(scene.pass(milliseconds(100), Scene::kBusy), Verdict::interrupt);
}

TEST(Watchdog, a_guest_that_gets_no_time_never_hangs) {
    Scene scene;
    EXPECT_EQ(scene.pass(milliseconds(900), Scene::kBusy), Verdict::fine);
    EXPECT_EQ(scene.pass(milliseconds(600000), Scene::kStarved), Verdict::fine) << "ten minutes in line";
    EXPECT_EQ(scene.asked, 0);
    EXPECT_EQ(scene.pass(milliseconds(200), Scene::kBusy), Verdict::interrupt);
}

TEST(Watchdog, a_thread_that_sleeps_for_moments_of_a_busy_host_is_no_hang) {
    Scene scene;
    for (int i = 0; i < 600; ++i) {
        ASSERT_EQ(scene.pass(milliseconds(900), Scene::kAsleep), Verdict::fine);
        ASSERT_EQ(scene.pass(milliseconds(10), Scene::kStarved), Verdict::fine);
    }
}

TEST(Watchdog, a_halted_cpu_is_interrupted_after_a_second) {
    Scene scene;
    scene.halted = true;
    EXPECT_EQ(scene.pass(milliseconds(990), Scene::kAsleep), Verdict::fine);
    EXPECT_EQ(scene.pass(milliseconds(100), Scene::kAsleep), Verdict::interrupt);
}

TEST(Watchdog, a_thread_asleep_in_a_cpu_that_is_not_halted_is_lost_after_a_while) {
    Scene scene;
    EXPECT_EQ(scene.pass(kStuck - milliseconds(50), Scene::kAsleep), Verdict::fine);
    EXPECT_EQ(scene.pass(milliseconds(200), Scene::kAsleep), Verdict::lost);
    Scene silent;
    silent.halted = std::nullopt; // the monitor does not answer either
    EXPECT_EQ(silent.pass(kStuck + milliseconds(200), Scene::kAsleep), Verdict::lost);
}

TEST(Watchdog, after_a_ctrl_c_a_tenth_of_a_second_is_enough) {
    Scene scene;
    ASSERT_EQ(scene.pass(milliseconds(300), Scene::kBusy), Verdict::fine);
    scene.dog.typed_interrupt(scene.now());
    EXPECT_EQ(scene.pass(milliseconds(90), Scene::kBusy), Verdict::fine);
    EXPECT_EQ(scene.pass(milliseconds(60), Scene::kBusy), Verdict::interrupt);
}

TEST(Watchdog, a_command_that_obeys_a_ctrl_c_gets_no_nmi) {
    Scene scene;
    ASSERT_EQ(scene.pass(milliseconds(300), Scene::kBusy), Verdict::fine);
    scene.dog.typed_interrupt(scene.now());
    ASSERT_EQ(scene.pass(milliseconds(40), Scene::kBusy), Verdict::fine);
    scene.state = LabState::prompt;
    EXPECT_EQ(scene.pass(milliseconds(60000), Scene::kAsleep), Verdict::fine);
}

TEST(Watchdog, a_guest_that_a_debugger_holds_is_never_touched) {
    Scene scene;
    ASSERT_EQ(scene.pass(milliseconds(900), Scene::kBusy), Verdict::fine);
    scene.running = false;
    scene.halted = true;
    scene.dog.typed_interrupt(scene.now());
    EXPECT_EQ(scene.pass(milliseconds(600000), Scene::kAsleep), Verdict::fine);
    scene.running = true;
    EXPECT_EQ(scene.pass(milliseconds(900), Scene::kBusy), Verdict::fine) << "counts anew";
}

TEST(Watchdog, what_waits_at_the_prompt_may_sleep_for_ever) {
    Scene scene;
    scene.state = LabState::prompt;
    scene.halted = true;
    EXPECT_EQ(scene.pass(milliseconds(600000), Scene::kAsleep), Verdict::fine);
}

TEST(Watchdog, a_guest_that_ignores_the_nmi_is_lost) {
    Scene scene;
    ASSERT_EQ(scene.pass(milliseconds(2000), Scene::kBusy), Verdict::interrupt);
    scene.dog.sent_nmi(scene.now());
    EXPECT_EQ(scene.pass(milliseconds(900), Scene::kBusy), Verdict::fine);
    EXPECT_EQ(scene.pass(milliseconds(200), Scene::kBusy), Verdict::lost);
}

TEST(Watchdog, a_guest_that_the_nmi_brought_back_may_hang_again) {
    Scene scene;
    ASSERT_EQ(scene.pass(milliseconds(2000), Scene::kBusy), Verdict::interrupt);
    scene.dog.sent_nmi(scene.now());
    scene.state = LabState::prompt;
    ASSERT_EQ(scene.pass(milliseconds(100), Scene::kBusy), Verdict::fine);
    scene.state = LabState::running;
    EXPECT_EQ(scene.pass(milliseconds(2000), Scene::kBusy), Verdict::interrupt) << "not lost";
}

TEST(Watchdog, output_is_a_sign_of_life) {
    Scene scene;
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(scene.pass(milliseconds(900), Scene::kBusy), Verdict::fine);
        scene.dog.heard(scene.now());
    }
}

TEST(VcpuThread, reads_state_and_times_behind_a_hostile_name) {
    const std::string stat = "7 (CPU 0) S (x) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 12345";
    EXPECT_EQ(vcpu_time_of_stat(stat, 100), (VcpuTime{milliseconds(2000), true}));
    EXPECT_EQ(vcpu_time_of_stat("7 (a) R 1 2 3 4 5 6 7 8 9 10 1 0 0", 100),
              (VcpuTime{milliseconds(10), false}));
    EXPECT_FALSE(vcpu_time_of_stat("7 (a) R 1 2", 100));
    EXPECT_FALSE(vcpu_time_of_stat("", 100));
}

} // namespace
} // namespace pagelab::console::machine
