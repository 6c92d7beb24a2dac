#include "serial-console/src/machine/liveness.hpp"

#include <gtest/gtest.h>

namespace pagelab::console::machine {
namespace {

using interface::LabState;

constexpr milliseconds kPatience(1000);
const Clock::time_point kStart{};

Clock::time_point at(int ms) {
    return kStart + milliseconds(ms);
}

TEST(Liveness, a_heart_that_beats_is_alive) {
    Liveness liveness(kStart, kPatience);
    for (int i = 0; i < 50; ++i) {
        liveness.observe(at(i * 900), {true, static_cast<std::uint32_t>(i), LabState::running});
        EXPECT_FALSE(liveness.hangs(at(i * 900)));
    }
}

TEST(Liveness, a_heart_that_stands_still_hangs_after_the_patience) {
    Liveness liveness(kStart, kPatience);
    liveness.observe(at(0), {true, 5, LabState::running});
    liveness.observe(at(999), {true, 5, LabState::running});
    EXPECT_FALSE(liveness.hangs(at(999)));
    EXPECT_TRUE(liveness.hangs(at(1000)));
}

TEST(Liveness, output_is_a_sign_of_life) {
    Liveness liveness(kStart, kPatience);
    liveness.observe(at(0), {true, 5, LabState::running});
    liveness.heard(at(900));
    EXPECT_FALSE(liveness.hangs(at(1800)));
    EXPECT_TRUE(liveness.hangs(at(1900)));
}

TEST(Liveness, a_guest_that_a_debugger_holds_owes_nothing) {
    Liveness liveness(kStart, kPatience);
    for (int ms = 0; ms < 20000; ms += 500) {
        liveness.observe(at(ms), {false, 5, LabState::running});
        EXPECT_FALSE(liveness.hangs(at(ms)));
    }
    liveness.observe(at(20000), {true, 5, LabState::running});
    EXPECT_FALSE(liveness.hangs(at(20400)));
    EXPECT_TRUE(liveness.hangs(at(20500)));
}

TEST(Liveness, a_guest_without_a_lab_page_is_judged_by_what_it_says) {
    Liveness liveness(kStart, kPatience);
    liveness.observe(at(500), {true, std::nullopt, std::nullopt});
    EXPECT_TRUE(liveness.hangs(at(1000)));
}

} // namespace
} // namespace pagelab::console::machine
