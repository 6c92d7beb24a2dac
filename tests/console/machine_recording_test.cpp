#include "serial-console/src/machine/recording.hpp"

#include "serial-console/src/machine/input_pace.hpp"
#include "serial-console/src/machine/moment_image.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace pagelab::console::machine {
namespace {

namespace fs = std::filesystem;

class RecordingTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "pagelab-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        top_ = pattern;
        ::setenv("PAGELAB_DIR", (top_ / "runs").c_str(), 1);
        write(top_ / "kernel", "a kernel");
    }
    void TearDown() override {
        ::unsetenv("PAGELAB_DIR");
        fs::remove_all(top_);
    }

    static void write(const fs::path& path, const std::string& bytes) {
        std::ofstream(path, std::ios::binary) << bytes;
    }
    static std::string read(const fs::path& path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    static RunBase base() { return *RunBase::open(); }

    Recording make(const std::string& name) {
        MachineSpec machine;
        machine.type = MachineType::isapc;
        machine.cpu = "486";
        machine.memory = std::uint64_t{4} << 20;
        auto made = Recording::make(base(), name, machine, top_ / "kernel");
        EXPECT_TRUE(made.has_value()) << (made ? "" : made.error());
        return *made;
    }

    fs::path top_;
};

TEST_F(RecordingTest, what_was_recorded_is_found_again_with_its_machine_and_kernel) {
    const Recording made = make("a");
    write(made.log(), std::string("\x01\xe0\x20\x0c...", 7));
    auto found = Recording::open(base(), "a");
    ASSERT_TRUE(found.has_value()) << found.error();
    EXPECT_EQ(found->machine().type, MachineType::isapc);
    EXPECT_EQ(found->machine().cpu, "486");
    EXPECT_EQ(found->machine().memory, std::uint64_t{4} << 20);
    EXPECT_EQ(read(found->kernel()), "a kernel");
    EXPECT_FALSE(found->length());
    found->keep_length(12345678901);
    EXPECT_EQ(Recording::open(base(), "a")->length(), 12345678901);
}

TEST_F(RecordingTest, one_whose_run_did_not_end_in_order_is_refused) {
    const Recording made = make("a");
    EXPECT_FALSE(Recording::open(base(), "a")) << "there is no log yet";
    write(made.log(), std::string(100, '\0'));
    const auto found = Recording::open(base(), "a");
    ASSERT_FALSE(found.has_value());
    EXPECT_TRUE(found.error().starts_with("the recording a is not whole")) << found.error();
}

TEST_F(RecordingTest, a_new_one_replaces_the_one_of_its_name_and_forgets_its_length) {
    Recording first = make("a");
    write(first.log(), "\x01\x01\x01\x01");
    first.keep_length(7);
    write(top_ / "kernel", "another");
    const Recording second = make("a");
    EXPECT_FALSE(fs::exists(second.log()));
    write(second.log(), "\x01\x01\x01\x01");
    const auto found = Recording::open(base(), "a");
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->length());
    EXPECT_EQ(read(found->kernel()), "another");
}

TEST_F(RecordingTest, an_unknown_name_is_answered_with_those_that_there_are) {
    EXPECT_EQ(Recording::open(base(), "a").error(), "no recording named a; scripts/run --rr makes one");
    static_cast<void>(make("c"));
    static_cast<void>(make("b"));
    EXPECT_EQ(Recording::open(base(), "a").error(), "no recording named a; there are: b, c");
}

TEST_F(RecordingTest, one_that_was_moved_is_refused) {
    const Recording made = make("a");
    write(made.log(), "\x01\x01\x01\x01");
    fs::rename(made.log().parent_path(), made.log().parent_path().parent_path() / "b");
    EXPECT_TRUE(Recording::open(base(), "b").error().starts_with("the recording b was moved"));
}

TEST(InputPace, a_second_batch_waits_for_the_guest_or_for_a_while) {
    InputPace pace;
    const Clock::time_point start = Clock::now();
    EXPECT_EQ(pace.allowed(start), InputPace::kBatch);
    pace.sent(3, start);
    EXPECT_EQ(pace.allowed(start), 0U);
    EXPECT_EQ(pace.allowed(start + InputPace::kPatience), InputPace::kBatch);
    pace.heard(2);
    EXPECT_EQ(pace.allowed(start), 0U) << "a byte of the echo is still to come";
    pace.heard(1);
    EXPECT_EQ(pace.allowed(start), InputPace::kBatch);
}

TEST(MomentImage, begins_as_a_qcow2_does_and_counts_its_own_clusters) {
    const std::string image = empty_qcow2();
    EXPECT_EQ(image.size(), 4 * 65536U);
    EXPECT_EQ(image.substr(0, 8), std::string("QFI\xfb\0\0\0\x02", 8));
    EXPECT_EQ(image.substr(2 * 65536, 10), std::string("\0\x01\0\x01\0\x01\0\x01\0\0", 10));
}

} // namespace
} // namespace pagelab::console::machine
