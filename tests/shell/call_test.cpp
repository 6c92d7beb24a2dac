// The functions of a student's file: listed, called, and named in reports.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace pagelab::shell::test {
namespace {

using interface::Exercise;
using interface::ExerciseHeader;
using interface::layout::kExercise;

/// An image with the functions `first`, on lines 10 to 12, and `second`, on line 20; no code.
std::vector<unsigned char> image() {
    constexpr std::uint32_t kCode = 0x1000;
    const char names[] = "lab3.c\0first\0second";
    const std::vector<ExerciseHeader::Place> functions = {{kExercise.raw() + kCode, 7},
                                                          {kExercise.raw() + kCode + 0x40, 13}};
    const std::vector<ExerciseHeader::Place> lines = {{kExercise.raw() + kCode, 10},
                                                      {kExercise.raw() + kCode + 0x10, 12},
                                                      {kExercise.raw() + kCode + 0x40, 20}};
    std::vector<unsigned char> bytes(0x2000);
    ExerciseHeader header{.magic = ExerciseHeader::kMagic,
                          .version = ExerciseHeader::kVersion,
                          .bytes = 0x2000,
                          .read_only_bytes = 0x2000,
                          .file_name = 256,
                          .functions = 512,
                          .function_count = 2,
                          .lines = 768,
                          .line_count = 3};
    std::memcpy(bytes.data() + 256, names, sizeof names);
    std::memcpy(bytes.data() + 768, lines.data(), lines.size() * sizeof lines[0]);
    for (std::size_t i = 0; i < functions.size(); ++i) {
        const ExerciseHeader::Place place{functions[i].address, 256 + functions[i].what};
        std::memcpy(bytes.data() + 512 + i * sizeof place, &place, sizeof place);
    }
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

struct Call : testing::Test {
    Call() { session.machine.image = bytes.data(); }

    std::vector<unsigned char> bytes = image();
    Session session;
};

TEST_F(Call, ListsTheFunctions) {
    EXPECT_EQ(session.text("call"), "0xc0901000  first  lab3.c:10\n0xc0901040  second  lab3.c:20\n");
}

TEST_F(Call, HandsOverItsArgumentsAndSaysWhatCameBack) {
    session.machine.call_report = {
        .result = 0x2a, .entries_changed = 2, .frames_taken = 1, .frames_given = 0};
    EXPECT_EQ(session.text("call second 0x40000000 7 P|RW"),
              "second(0x40000000, 0x00000007, 0x00000003) = 0x0000002a\n"
              "2 words of the tables changed; 1 frame taken, 0 freed\n");
    ASSERT_EQ(session.machine.calls.size(), 1u);
    EXPECT_EQ(session.machine.calls[0].first.raw(), 0xc0901040u);
    EXPECT_EQ(session.machine.calls[0].second, (machine::CallArguments{0x40000000, 7, 3, 0, 0, 0}));
}

TEST_F(Call, SaysWhichFramesWereNotFreed) {
    session.machine.call_report = {
        .still_mapped = 1, .first_mapped = 0x300000, .not_taken = 2, .first_not_taken = 0x5};
    const std::string text = session.text("call first");
    EXPECT_NE(text.find("frame_free(0x00300000): an entry still leads to this frame"), std::string::npos);
    EXPECT_NE(text.find("frame_free(0x00000005): this is no frame in use"), std::string::npos);
}

TEST_F(Call, RefusesWhatThereIsNot) {
    EXPECT_EQ(session.text("call third"),
              "error: lab3.c has no function 'third'; call lists those that it has\n");
    EXPECT_TRUE(session.text("call first 1x").starts_with("error: "));
    session.machine.image = nullptr;
    EXPECT_TRUE(session.text("call first").starts_with("error: no student's file is loaded"));
    EXPECT_TRUE(session.machine.calls.empty());
}

TEST(ExerciseImage, FindsTheLineOfAnAddressAndNothingOutsideTheCode) {
    const auto bytes = image();
    const Exercise exercise{bytes.data()};
    ASSERT_TRUE(exercise.is_valid(0x2000));
    const auto source = exercise.source_of(kExercise.raw() + 0x1013);
    ASSERT_TRUE(source);
    EXPECT_EQ(source->function, "first");
    EXPECT_EQ(source->line, 12u);
    EXPECT_EQ(source->file, "lab3.c");
    EXPECT_FALSE(exercise.source_of(kExercise.raw() + 0x2000));
    EXPECT_FALSE(exercise.source_of(0xc0100000));
}

TEST(ExerciseImage, IsRefusedWhenItsWordsLeadOutOfIt) {
    auto bytes = image();
    const auto with = [&](std::size_t word, std::uint32_t value) {
        auto copy = bytes;
        std::memcpy(copy.data() + word * 4, &value, 4);
        return copy;
    };
    EXPECT_FALSE(Exercise{with(0, 1).data()}.is_valid(0x2000));      // magic
    EXPECT_FALSE(Exercise{with(2, 0x2001).data()}.is_valid(0x3000)); // no whole pages
    EXPECT_FALSE(Exercise{with(2, 0x3000).data()}.is_valid(0x2000)); // longer than the file
    EXPECT_FALSE(Exercise{with(3, 0x3000).data()}.is_valid(0x2000)); // read-only beyond its end
    EXPECT_EQ(Exercise{with(6, 0x20000000).data()}.function_count(), 0u);
    EXPECT_EQ(Exercise{with(4, 0xffffffff).data()}.file(), "");
    EXPECT_EQ(Exercise{with(5, 0xfffffff0).data()}.function_count(), 0u);
}

} // namespace
} // namespace pagelab::shell::test
