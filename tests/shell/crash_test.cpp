// crash: what it lists, what it hands to the machine, what it refuses.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using machine::Crash;
using machine::CrashArgument;
using machine::CrashRow;
using machine::kCrashes;
using Lines = std::vector<std::string>;
using Done = std::pair<Crash, std::optional<std::uint32_t>>;

class Crashes : public ::testing::Test {
protected:
    Session session;

    void expect_error(std::string_view line, const std::string& text) {
        EXPECT_EQ(session.run(line), Lines{"error: " + text}) << line;
        EXPECT_EQ(session.status(), Status::error) << line;
        EXPECT_TRUE(session.machine.crashes.empty()) << line;
    }
    void expect_done(std::string_view line, Crash crash, std::optional<std::uint32_t> argument) {
        session.machine.crashes.clear();
        EXPECT_EQ(session.run(line), Lines{"the machine has survived it: nothing faulted"}) << line;
        EXPECT_EQ(session.machine.crashes, std::vector<Done>{Done(crash, argument)}) << line;
    }
};

TEST_F(Crashes, AreListedWithASentenceEach) {
    const Lines lines = session.run("crash");
    ASSERT_EQ(lines.size(), kCrashes.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        EXPECT_TRUE(lines[i].starts_with(kCrashes[i].name)) << lines[i];
        EXPECT_NE(lines[i].find(kCrashes[i].sentence), std::string::npos) << lines[i];
        EXPECT_LE(lines[i].size(), 110u) << lines[i];
    }
}

TEST_F(Crashes, AreAllThatTheLabPromises) {
    for (const std::string name : {"stack", "handler", "recursion", "esp", "cr3", "flags", "text", "ud", "gp",
                                   "div", "loop", "hlt", "idt", "gdt"}) {
        session.machine.crashes.clear();
        session.run("force crash " + name);
        EXPECT_EQ(session.machine.crashes.size(), 1u) << name;
    }
}

TEST_F(Crashes, TakeTheirArgument) {
    expect_done("crash esp", Crash::esp, std::nullopt);
    expect_done("crash esp 768:257:0x10", Crash::esp, 0xc0101010);
    expect_done("crash cr3 p:0x00003000", Crash::cr3, 0x3000);
    expect_done("crash cr0 0x80000011", Crash::cr0, 0x80000011);
    expect_done("crash interrupt 255", Crash::interrupt, 255);
    expect_done("force crash idt", Crash::idt, std::nullopt);
}

TEST_F(Crashes, RefuseWhatIsWrong) {
    expect_error("crash loops", "no crash 'loops'; did you mean crash loop?");
    expect_error("crash everything", "no crash 'everything'; crash lists them");
    expect_error("crash ud 3", "'3' is one argument too many; did you mean crash ud?");
    expect_error("crash cr0", "crash cr0 needs a value; usage: crash cr0 VALUE");
    expect_error("crash debug", "crash debug needs a value; usage: crash debug VA");
    expect_error("crash cr3 p:0x00001234",
                 "p:0x00001234 is not aligned to 4 KiB; did you mean p:0x00001000?");
    expect_error("crash cr3 p:0xff000000", "p:0xff000000 is no RAM; RAM ends at p:0x01000000");
    expect_error("crash idt", "the machine would die; force does it all the same");
    expect_error("noflush crash ud", "noflush does not fit before crash; help noflush says where it stands");
    EXPECT_EQ(session.run("crash interrupt 256").size(), 1u);
    EXPECT_TRUE(session.machine.crashes.empty());
    EXPECT_EQ(session.run("crash esp c0100000").at(0),
              "error: 'c0100000' is not an address; did you mean 0xc0100000?");
}

TEST_F(Crashes, AreOfferedByTab) {
    EXPECT_NE(session.send("crash rec\t").find("recursion"), std::string::npos);
}

} // namespace
} // namespace pagelab::shell::test
