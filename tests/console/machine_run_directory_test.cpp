#include "serial-console/src/machine/run_directory.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pagelab::console::machine {
namespace {

namespace fs = std::filesystem;

/// A PAGELAB_DIR of its own for each test.
class RunDirectoryTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "pagelab-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        top_ = pattern;
        use(top_ / "runs");
    }
    void TearDown() override {
        ::unsetenv("PAGELAB_DIR");
        fs::remove_all(top_);
    }

    static void use(const fs::path& base) { ::setenv("PAGELAB_DIR", base.c_str(), 1); }

    RunBase base() {
        auto base = RunBase::open();
        EXPECT_TRUE(base.has_value()) << (base ? "" : base.error());
        return *base;
    }

    Say said() {
        return [this](const std::string& text) { words_.push_back(text); };
    }

    fs::path top_;
    std::vector<std::string> words_;
};

mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
}

/// A claim in a process of its own that is then killed, as a launcher might be.
void claim_and_be_killed(const RunBase& base, const std::string& name) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto directory = RunDirectory::claim(base, name, [](const std::string&) {});
        if (directory) {
            std::ofstream(directory->file(run_file::kRam)) << "memory";
            ::raise(SIGKILL);
        }
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(RunName, is_one_to_thirty_two_harmless_letters) {
    for (const std::string good : {"a", "lab", "A-b_c.9", "...", ".a"}) {
        EXPECT_TRUE(is_run_name(good)) << good;
    }
    EXPECT_TRUE(is_run_name(std::string(32, 'x')));
    EXPECT_FALSE(is_run_name(std::string(33, 'x')));
    for (const std::string bad : {"", ".", "..", "a/b", "a b", "a\n", "ä", "a;b", "a,b"}) {
        EXPECT_FALSE(is_run_name(bad)) << bad;
    }
}

TEST_F(RunDirectoryTest, a_claim_is_closed_to_others) {
    const RunBase runs = base();
    const auto directory = RunDirectory::claim(runs, "a", said());
    ASSERT_TRUE(directory);
    EXPECT_EQ(mode_of(runs.path()), 0700U);
    EXPECT_EQ(mode_of(directory->path()), 0700U);
    EXPECT_EQ(directory->name(), "a");
}

TEST_F(RunDirectoryTest, a_name_in_use_is_refused_with_a_hint) {
    const RunBase runs = base();
    const auto first = RunDirectory::claim(runs, "a", said());
    ASSERT_TRUE(first);
    const auto second = RunDirectory::claim(runs, "a", said());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().find("--attach a"), std::string::npos) << second.error();
    EXPECT_NE(second.error().find("--name"), std::string::npos) << second.error();
    EXPECT_TRUE(RunDirectory::claim(runs, "b", said()));
}

TEST_F(RunDirectoryTest, what_a_killed_run_left_is_removed_and_said) {
    const RunBase runs = base();
    claim_and_be_killed(runs, "a");
    ASSERT_TRUE(fs::exists(runs.path() / "a" / "ram"));
    const auto again = RunDirectory::claim(runs, "a", said());
    ASSERT_TRUE(again);
    EXPECT_FALSE(fs::exists(runs.path() / "a" / "ram"));
    ASSERT_EQ(words_.size(), 1U);
    EXPECT_NE(words_.front().find((runs.path() / "a").string()), std::string::npos);
}

TEST_F(RunDirectoryTest, a_sweep_removes_ended_runs_and_nothing_else) {
    const RunBase runs = base();
    claim_and_be_killed(runs, "dead");
    const auto alive = RunDirectory::claim(runs, "alive", said());
    ASSERT_TRUE(alive);
    fs::create_directory(runs.path() / "mine");
    std::ofstream(runs.path() / "mine" / "thesis.txt") << "years of work";
    sweep(runs, said());
    EXPECT_FALSE(fs::exists(runs.path() / "dead"));
    EXPECT_TRUE(fs::exists(runs.path() / "alive"));
    EXPECT_TRUE(fs::exists(runs.path() / "mine" / "thesis.txt"));
    EXPECT_EQ(words_.size(), 1U);
}

TEST_F(RunDirectoryTest, removal_takes_the_runs_files_only) {
    const RunBase runs = base();
    auto directory = RunDirectory::claim(runs, "a", said());
    ASSERT_TRUE(directory);
    std::ofstream(directory->file(run_file::kSerialLog)) << "log";
    directory->remove();
    EXPECT_FALSE(fs::exists(runs.path() / "a"));

    auto other = RunDirectory::claim(runs, "b", said());
    ASSERT_TRUE(other);
    std::ofstream(other->file("notes.txt")) << "mine";
    other->remove();
    EXPECT_TRUE(fs::exists(runs.path() / "b" / "notes.txt"));
}

TEST_F(RunDirectoryTest, places_that_are_not_ours_alone_are_refused_by_name) {
    const RunBase runs = base();
    fs::create_directory(runs.path() / "open");
    ::chmod((runs.path() / "open").c_str(), 0755);
    fs::create_directory_symlink(top_, runs.path() / "link");
    std::ofstream(runs.path() / "file") << "";
    fs::create_directory(runs.path() / "full");
    ::chmod((runs.path() / "full").c_str(), 0700);
    std::ofstream(runs.path() / "full" / "thesis.txt") << "";
    for (const char* const name : {"open", "link", "file", "full"}) {
        const auto directory = RunDirectory::claim(runs, name, said());
        ASSERT_FALSE(directory) << name;
        EXPECT_NE(directory.error().find((runs.path() / name).string()), std::string::npos)
            << directory.error();
    }
}

TEST_F(RunDirectoryTest, a_base_that_others_may_write_is_refused) {
    const fs::path open = top_ / "open";
    fs::create_directory(open);
    ::chmod(open.c_str(), 0777);
    use(open);
    const auto refused = RunBase::open();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().find(open.string()), std::string::npos);
}

TEST_F(RunDirectoryTest, a_path_too_long_for_sockets_is_refused) {
    const fs::path deep = top_ / std::string(60, 'd');
    use(deep);
    const RunBase runs = base();
    EXPECT_FALSE(RunDirectory::claim(runs, std::string(32, 'n'), said()));
    EXPECT_FALSE(RunDirectory::claim_private(runs));
}

TEST_F(RunDirectoryTest, private_names_differ_and_are_names) {
    const RunBase runs = base();
    const auto one = RunDirectory::claim_private(runs);
    const auto two = RunDirectory::claim_private(runs);
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->name(), two->name());
    EXPECT_TRUE(is_run_name(one->name()));
}

TEST_F(RunDirectoryTest, too_little_room_names_the_place_and_the_remedy) {
    const RunBase runs = base();
    const auto directory = RunDirectory::claim(runs, "a", said());
    ASSERT_TRUE(directory);
    EXPECT_TRUE(directory->check_space(4096));
    const auto refused = directory->check_space(std::uint64_t{1} << 62);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().find(runs.path().string()), std::string::npos);
    EXPECT_NE(refused.error().find("PAGELAB_DIR"), std::string::npos);
    EXPECT_NE(refused.error().find("--memory"), std::string::npos);
}

TEST_F(RunDirectoryTest, a_base_that_was_made_for_a_run_goes_with_it) {
    const RunBase runs = base();
    runs.remove_if_empty();
    EXPECT_FALSE(fs::exists(runs.path()));
    fs::create_directory(runs.path());
    base().remove_if_empty(); // it was there before: it is the user's
    EXPECT_TRUE(fs::exists(runs.path()));
}

TEST_F(RunDirectoryTest, a_run_is_found_while_its_process_lives) {
    const RunBase runs = base();
    const auto directory = RunDirectory::claim(runs, "a", said());
    ASSERT_TRUE(directory);
    EXPECT_FALSE(find_run(runs, "a")) << "nothing was started yet";
    const auto self = identify(::getpid());
    ASSERT_TRUE(self);
    write_record(*directory, {"pc", "max", 4096, "/k"}, *self);
    const auto found = find_run(runs, "a");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->record.machine, "pc");
    EXPECT_EQ(found->record.memory, 4096U);
    EXPECT_EQ(list_runs(runs).size(), 1U);
    write_record(*directory, {"pc", "max", 4096, "/k"}, {self->pid, self->started + 1});
    EXPECT_FALSE(find_run(runs, "a"));
    EXPECT_TRUE(list_runs(runs).empty());
}

} // namespace
} // namespace pagelab::console::machine
