// The scripts of `demo` on the kernel's own memory room, over a simulated CPU whose TLB keeps every
// translation until it is flushed and honours G, as a real one does and QEMU does not.
#include "kernel/memory/strategy_loops.inl.hpp"
#include "kernel/shell/packed_text.hpp"
#include "kernel/shell/shell.hpp"
#include "tests/memory/bench.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace pagelab::memory {
template LoopResult run_loop(simulation::Machine&, Scratch<simulation::Machine>&, const Space&, LoopKind,
                             const LoopPages&, std::uint32_t);
} // namespace pagelab::memory

namespace pagelab::shell::test {
namespace {

using simulation::Bench;

/// A shell on a simulated lab: type a line, read what comes.
struct SimulatedShell {
    Bench bench{4096};
    std::unique_ptr<Shell> shell = std::make_unique<Shell>(bench.lab);

    std::string run(const std::string& line) {
        bench.machine.output.clear();
        const std::string keys = line + "\r";
        bench.machine.input.assign(keys.begin(), keys.end());
        for (;;) {
            try {
                shell->run();
                return bench.machine.output;
            } catch (const simulation::Fault& fault) {
                shell->abandon({.vector = 14, .code = fault.code, .cr2 = fault.cr2});
            }
        }
    }
};

std::string unpacked(const char* text) {
    Text<1024> out;
    unpack(out, text);
    return std::string{out.view()};
}

std::vector<Demo> all_demos() {
    std::vector<Demo> all;
    const char* list = demos();
    for (Demo demo = take_demo(list); *demo.name != '\0'; demo = take_demo(list)) {
        all.push_back(demo);
    }
    return all;
}

TEST(Demos, AreNamedOnceAndSayWhatTheyShow) {
    const std::vector<Demo> all = all_demos();
    EXPECT_GE(all.size(), 22u) << "one for each pitfall";
    for (const Demo& demo : all) {
        EXPECT_EQ(std::count_if(all.begin(), all.end(),
                                [&](const Demo& other) { return std::string_view{other.name} == demo.name; }),
                  1)
            << demo.name;
        EXPECT_LT(std::string_view{demo.name}.size(), 15u);
        const std::string script = unpacked(demo.script);
        EXPECT_NE(script.find("Cure: "), std::string::npos) << demo.name;
        EXPECT_TRUE(script.ends_with('\n')) << demo.name;
        EXPECT_LT(unpacked(demo.pitfall).size(), 90u) << demo.name;
    }
}

TEST(Demos, RunToTheirEndAndLeaveTheLabAsItWas) {
    SimulatedShell session;
    session.run("map 0x58000000; map 0x58800000 rwu 4; map 0x40000000 rwg; cr0 wp off");
    session.run("alloc 3; unmap 0x58801000; noflush protect 0x40000000 r");
    for (const Demo& demo : all_demos()) {
        const auto before = state_of(session.bench);
        const std::string text = session.run("demo " + std::string{demo.name});
        EXPECT_NE(text.find("all of it is taken back"), std::string::npos) << text;
        EXPECT_EQ(text.find("error: "), std::string::npos) << text;
        EXPECT_EQ(difference(with_record_pages_of(before, session.bench), state_of(session.bench)), "none")
            << demo.name;
        EXPECT_TRUE(session.bench.machine.stale().empty()) << demo.name;
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
