#include "serial-console/src/serial/sanitise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

namespace pagelab::console::serial {
namespace {

std::string filtered(Policy policy, std::string_view bytes, std::size_t step = 1) {
    Filter filter(policy);
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
        out += filter.feed(bytes.substr(i, step));
    }
    return out;
}

TEST(Sanitise, text_newlines_tabs_and_utf8_pass_everywhere) {
    const std::string text = "a\tb \xc2\xb7 \xe2\x94\x80 \xf0\x9f\x98\x80\n";
    for (const Policy policy : {Policy::show, Policy::strip, Policy::terminal}) {
        EXPECT_EQ(filtered(policy, text), text);
    }
}

TEST(Sanitise, show_drops_the_return_of_a_line_end_only) {
    EXPECT_EQ(filtered(Policy::show, "a\r\nb\rc\r\r\n"), "a\nb^Mc^M\n");
}

TEST(Sanitise, show_spells_controls_and_sequences) {
    EXPECT_EQ(filtered(Policy::show, "\x1b[31mred\a\b\x7f"), "^[[31mred^G^H^?");
    EXPECT_EQ(filtered(Policy::show, "\x1b]0;title\a!"), "^[]0;title^G!");
    EXPECT_EQ(filtered(Policy::show, std::string_view("\0", 1)), "^@");
}

TEST(Sanitise, strip_leaves_the_text_alone) {
    EXPECT_EQ(filtered(Policy::strip, "\r\x1b[Kpagelab> \x1b[3Dx\b\x1b]52;c;AAAA\ay\x1b(Bz\r\n"),
              "pagelab> xyz\n");
}

TEST(Sanitise, a_terminal_gets_the_moves_of_a_line_editor) {
    const std::string moves = "\r\x1b[Kpagelab> \x1b[3D\x1b[1;31mx\x1b[0m\b\x1b[?25l\x1b[2J\x1b[H\r\n";
    EXPECT_EQ(filtered(Policy::terminal, moves), moves);
}

TEST(Sanitise, a_terminal_is_not_made_to_answer_or_change) {
    for (const std::string_view nasty : {
             "\x1b[6n", // report the cursor
             "\x1b[c",  // report what you are
             "\x1b[>c",
             "\x1b[?1049h", // another screen
             "\x1b[?2004h",
             "\x1b[8;1;1t", // resize
             "\x1b]0;title\a",
             "\x1b]52;c;ZWNobw==\a",
             "\x1bP$qm\x1b\\",
             "\x1b_x\x1b\\",
             "\x1b^x\x1b\\",
             "\x1bXx\x1b\\",
             "\x1b"
             "c", // reset
             "\xc2\x9b"
             "6n", // CSI in eight bits, as UTF-8
             "\x0e",
             "\x05",
         }) {
        const std::string out = filtered(Policy::terminal, std::string(nasty) + "|");
        EXPECT_EQ(out.find('\x1b'), std::string::npos) << out;
        EXPECT_TRUE(out.ends_with('|')) << out;
        EXPECT_EQ(out.find('\x05'), std::string::npos);
        EXPECT_EQ(out.find("\xc2\x9b"), std::string::npos);
    }
}

TEST(Sanitise, invalid_utf8_becomes_the_replacement_character) {
    const std::string replacement = "\xef\xbf\xbd";
    EXPECT_EQ(filtered(Policy::show, "a\x80z"), "a" + replacement + "z");
    EXPECT_EQ(filtered(Policy::show, "a\xc3z"), "a" + replacement + "z");
    EXPECT_EQ(filtered(Policy::terminal, "a\x9b"
                                         "31m"),
              "a" + replacement + "31m");
    EXPECT_EQ(filtered(Policy::strip, "\xed\xa0\x80").find('\xed'), std::string::npos);
}

TEST(Sanitise, an_unterminated_string_ends_with_its_line) {
    EXPECT_EQ(filtered(Policy::strip, "\x1b]0;never ended\nstill here\n"), "\nstill here\n");
}

TEST(Sanitise, an_endless_string_does_not_swallow_everything) {
    const std::string out = filtered(Policy::strip, "\x1b]0;" + std::string(kLongestSequence * 2, 'x'));
    EXPECT_FALSE(out.empty());
}

TEST(Sanitise, the_cut_of_the_stream_does_not_matter) {
    const std::string stream =
        "x\r\n\x1b[1;2H\xe2\x94\x80\x1b]0;t\x1b\\\x1b\x1b[31m\xc3(\x9b|\r\r\n\x1b]a\nb";
    for (const Policy policy : {Policy::show, Policy::strip, Policy::terminal}) {
        const std::string whole = filtered(policy, stream, stream.size());
        for (std::size_t step = 1; step < stream.size(); ++step) {
            EXPECT_EQ(filtered(policy, stream, step), whole);
        }
    }
}

TEST(Sanitise, no_random_bytes_get_a_control_through_show_or_strip) {
    std::mt19937 random(7); // NOLINT: the same bytes in each run
    const std::string_view favourites = "\x1b[]P\\;0123m\a\r\n\xc2\x9b\x9d?hn";
    for (int round = 0; round < 2000; ++round) {
        std::string bytes;
        for (int i = 0; i < 40; ++i) {
            bytes.push_back(random() % 3 == 0 ? static_cast<char>(random() % 256)
                                              : favourites[random() % favourites.size()]);
        }
        for (const Policy policy : {Policy::show, Policy::strip}) {
            const std::string out = filtered(policy, bytes, 5);
            EXPECT_TRUE(std::ranges::none_of(out, [](char byte) {
                const auto value = static_cast<unsigned char>(byte);
                return (value < 0x20 && byte != '\n' && byte != '\t') || value == 0x7f;
            })) << testing::PrintToString(bytes);
        }
    }
}

} // namespace
} // namespace pagelab::console::serial
