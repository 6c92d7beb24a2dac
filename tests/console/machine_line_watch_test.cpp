#include "serial-console/src/machine/line_watch.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pagelab::console::machine {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::string command_ran(const std::string& line) {
    return line + "\r\n\x1b]133;C\aoutput\r\n\x1b]133;D;0\apagelab> ";
}

TEST(LineWatch, the_enter_after_a_prompt_counts_once) {
    LineWatch lines;
    EXPECT_EQ(lines.enter_in("x\r"), kNone) << "no prompt yet";
    lines.heard("pagelab 0.1.0\r\npagelab> ");
    EXPECT_EQ(lines.enter_in("ma"), kNone);
    EXPECT_EQ(lines.enter_in("p\rmap\r"), 1U);
    EXPECT_EQ(lines.enter_in("\r"), kNone) << "typed ahead";
    lines.heard(command_ran("map"));
    EXPECT_EQ(lines.enter_in("\r"), 0U);
}

TEST(LineWatch, an_empty_line_and_a_ctrl_c_bring_a_new_prompt) {
    LineWatch lines;
    lines.heard("pagelab:3> ");
    EXPECT_EQ(lines.enter_in("\r"), 0U);
    lines.heard("\r\npagelab:3> ");
    EXPECT_EQ(lines.enter_in("\r"), 0U);
    lines.heard("ma^C\r\npagelab> ");
    EXPECT_EQ(lines.enter_in("\r"), 0U);
}

TEST(LineWatch, a_prompt_that_is_drawn_again_while_a_line_is_on_its_way_does_not_count) {
    LineWatch lines;
    lines.heard("pagelab> ");
    EXPECT_EQ(lines.enter_in("one\r"), 3U);
    lines.heard("\rpagelab> one");
    EXPECT_EQ(lines.enter_in("\r"), kNone);
}

TEST(LineWatch, a_prompt_in_the_output_of_a_command_does_not_count) {
    LineWatch lines;
    lines.heard("pagelab> ");
    EXPECT_EQ(lines.enter_in("x\r"), 1U);
    lines.heard("x\r\n\x1b]133;C\a\npagelab> ");
    EXPECT_EQ(lines.enter_in("\r"), kNone);
}

} // namespace
} // namespace pagelab::console::machine
