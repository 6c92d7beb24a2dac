#include "serial-console/src/serial/marks.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace pagelab::console::serial {
namespace {

using Pieces = std::vector<Piece>;

const std::string kStream = "pagelab> walk 0\r\n\x1b]133;C\aone\r\n\x1b]133;D;2\a"
                            "pagelab> ";
const Pieces kStreamPieces = {Text{"pagelab> walk 0\r\n"}, OutputBegins{}, Text{"one\r\n"}, CommandDone{2},
                              Text{"pagelab> "}};

/// Joins neighbouring texts, so that only the content counts.
Pieces joined(const Pieces& pieces) {
    Pieces out;
    for (const Piece& piece : pieces) {
        const auto* const text = std::get_if<Text>(&piece);
        auto* const last = out.empty() ? nullptr : std::get_if<Text>(&out.back());
        if (text != nullptr && last != nullptr) {
            last->bytes += text->bytes;
        } else {
            out.push_back(piece);
        }
    }
    return out;
}

Pieces parse_in_steps(const std::string& stream, std::size_t step) {
    MarkParser parser;
    Pieces pieces;
    for (std::size_t i = 0; i < stream.size(); i += step) {
        for (Piece& piece : parser.feed(std::string_view(stream).substr(i, step))) {
            pieces.push_back(std::move(piece));
        }
    }
    if (std::string rest = parser.finish(); !rest.empty()) {
        pieces.emplace_back(Text{std::move(rest)});
    }
    return joined(pieces);
}

TEST(Marks, split_a_stream_into_echo_output_and_status) {
    MarkParser parser;
    EXPECT_EQ(parser.feed(kStream), kStreamPieces);
    EXPECT_EQ(parser.finish(), "");
}

TEST(Marks, are_found_wherever_the_stream_is_cut) {
    for (std::size_t step = 1; step <= kStream.size(); ++step) {
        EXPECT_EQ(parse_in_steps(kStream, step), kStreamPieces) << "in steps of " << step;
    }
}

TEST(Marks, every_status_is_read) {
    for (const int status : {0, 1, 2, 3, 4, 10, 255}) {
        MarkParser parser;
        EXPECT_EQ(parser.feed("\x1b]133;D;" + std::to_string(status) + "\a"), Pieces{CommandDone{status}});
    }
}

TEST(Marks, what_only_resembles_one_stays_text) {
    for (const std::string text :
         {"\x1b]133;A\a", "\x1b]133;C;\a", "\x1b]133;D\a", "\x1b]133;D;\a", "\x1b]133;D;x\a",
          "\x1b]133;D;1234\a", "\x1b]13", "\x1b[0m", "\x1b", "133;C\a", "\x1b]133;D;1\x1b\\"}) {
        EXPECT_EQ(parse_in_steps(text, 1), Pieces{Text{text}});
        EXPECT_EQ(parse_in_steps(text, text.size()), Pieces{Text{text}});
    }
}

TEST(Marks, one_that_follows_a_broken_one_is_found) {
    EXPECT_EQ(parse_in_steps("\x1b]133;\x1b]133;C\a", 3), (Pieces{Text{"\x1b]133;"}, OutputBegins{}}));
    EXPECT_EQ(parse_in_steps("\x1b\x1b]133;D;0\a", 1), (Pieces{Text{"\x1b"}, CommandDone{0}}));
}

TEST(Marks, zero_bytes_are_text) {
    const std::string text("a\0b", 3);
    EXPECT_EQ(parse_in_steps(text, 1), Pieces{Text{text}});
}

} // namespace
} // namespace pagelab::console::serial
