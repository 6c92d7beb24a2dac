#include "serial-console/src/serial/prompt.hpp"

#include <gtest/gtest.h>

namespace pagelab::console::serial {
namespace {

TEST(Prompt, is_the_name_with_or_without_a_space_number) {
    EXPECT_TRUE(is_prompt("pagelab> "));
    EXPECT_TRUE(is_prompt("pagelab:1> "));
    EXPECT_TRUE(is_prompt("pagelab:1023> "));
    for (const char* const other : {"", "pagelab>", "pagelab", "pagelab:> ", "pagelab:x> ", "pagelab1> ",
                                    "apagelab> ", "pagelab> x", "pagelab>  ", "Pagelab> ", "> "}) {
        EXPECT_FALSE(is_prompt(other)) << other;
    }
}

TEST(Prompt, is_found_at_the_end_of_a_stream_cut_anywhere) {
    const std::string stream = "SeaBIOS\x1b[2J\r\npagelab 0.1 \xc2\xb7 help\r\n\x1b[K\rpagelab> ";
    PromptFinder finder;
    for (std::size_t i = 0; i < stream.size(); ++i) {
        EXPECT_FALSE(finder.at_prompt()) << i;
        finder.feed(std::string_view(stream).substr(i, 1));
    }
    EXPECT_TRUE(finder.at_prompt());
    finder.feed("w");
    EXPECT_FALSE(finder.at_prompt());
}

TEST(Prompt, an_echoed_prompt_inside_a_line_is_none) {
    PromptFinder finder;
    finder.feed("pagelab> echo pagelab> ");
    EXPECT_FALSE(finder.at_prompt());
}

TEST(Prompt, tells_whether_a_line_ended_since_the_reset) {
    PromptFinder finder;
    finder.feed("\rpagelab> ");
    EXPECT_FALSE(finder.line_ended());
    finder.feed("x\r\n");
    EXPECT_TRUE(finder.line_ended());
    finder.reset();
    EXPECT_FALSE(finder.line_ended());
}

} // namespace
} // namespace pagelab::console::serial
