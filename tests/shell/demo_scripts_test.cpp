// The scripts of `demo` on the kernel's own memory room, over a simulated CPU whose TLB keeps every
// translation until it is flushed and honours G, as a real one does and QEMU does not.
#include "tests/shell/simulated_shell.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace pagelab::shell::test {
namespace {

TEST(Demos, AreNamedOnceAndSayWhatTheyShow) {
    EXPECT_GE(demos().size(), 22u) << "one for each pitfall";
    for (const Demo& demo : demos()) {
        const std::string_view name = demo.name, pitfall = demo.pitfall, script = demo.script;
        EXPECT_EQ(std::ranges::count_if(demos(), [&](const Demo& other) { return other.name == name; }), 1);
        EXPECT_LT(name.size(), 15u) << name;
        EXPECT_LT(pitfall.size(), 90u) << name;
        EXPECT_NE(script.find("Cure: "), std::string::npos) << name;
    }
}

TEST(Demos, RunToTheirEndAndLeaveTheLabAsItWas) {
    SimulatedShell session;
    session.run("map 0x58000000; map 0x58800000 rwu 4; map 0x40000000 rwg; cr0 wp off");
    session.run("alloc 3; unmap 0x58801000; noflush protect 0x40000000 r");
    for (const Demo& demo : demos()) {
        const auto before = state_of(session.bench);
        const std::string text = session.run("demo " + std::string{std::string_view{demo.name}});
        EXPECT_NE(text.find("all of it is taken back"), std::string::npos) << text;
        EXPECT_EQ(text.find("error: "), std::string::npos) << text;
        EXPECT_EQ(difference(with_record_pages_of(before, session.bench), state_of(session.bench)), "none")
            << std::string_view{demo.name};
        EXPECT_TRUE(session.bench.machine.stale().empty()) << std::string_view{demo.name};
    }
}

TEST(Demos, GlobalPagesOutliveALoadOfCr3WhereTheCpuHasThem) {
    SimulatedShell session;
    const std::string text = session.run("demo global");
    const auto first = text.find("still reads a page");
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_NE(text.find("still reads a page", first + 1), std::string::npos) << "the table's window, too";
    EXPECT_LT(text.rfind("still reads a page"), text.find("Cure: "));
    EXPECT_NE(text.find("pagelab:1> stale"), std::string::npos) << "in a space where nothing is mapped";
    EXPECT_TRUE(text.ends_with("all of it is taken back\r\npagelab> ")) << text;
}

} // namespace
} // namespace pagelab::shell::test
