#include "serial-console/src/serial/line_flow.hpp"

#include <gtest/gtest.h>

namespace pagelab::console::serial {
namespace {

TEST(LineFlow, OneLineGoesAtOnceAndTheOthersWaitForTheirPrompt) {
    LineFlow flow;
    EXPECT_EQ(flow.type("one\rtwo\rthr", true), "one\r");
    EXPECT_EQ(flow.lines(), 1u);
    EXPECT_EQ(flow.go_on(), "two\r");
    EXPECT_EQ(flow.go_on(), "thr") << "a line that is not whole yet can be seen and edited";
    EXPECT_EQ(flow.type("ee\r", true), "ee\r");
    EXPECT_TRUE(flow.empty());
    EXPECT_EQ(flow.go_on(), "");
}

TEST(LineFlow, WhatIsTypedWhileTheShellIsBusyWaits) {
    LineFlow flow;
    EXPECT_EQ(flow.type("ahead\n", false), "");
    EXPECT_EQ(flow.type("more", true), "") << "nothing overtakes";
    EXPECT_EQ(flow.go_on(), "ahead\n");
}

TEST(LineFlow, AnInterruptGoesAheadAndDropsWhatWaits) {
    LineFlow flow;
    EXPECT_EQ(flow.type("a\rb\rc\r", true), "a\r");
    EXPECT_EQ(flow.type("\x03", false), "\x03");
    EXPECT_TRUE(flow.empty());
}

TEST(LineFlow, WhileSteppingEachLineIsAskedFor) {
    LineFlow flow;
    flow.step(true);
    EXPECT_EQ(flow.type("a\rb\rc\r", true), "a\r");
    EXPECT_EQ(flow.go_on(), "");
    EXPECT_EQ(flow.next(), "b\r");
    flow.step(false);
    EXPECT_EQ(flow.go_on(), "c\r");
}

TEST(LineFlow, NoneOfAThousandLinesIsLostHoweverTheyArrive) {
    LineFlow flow;
    std::string pasted;
    for (int i = 0; i < 1000; ++i) {
        pasted += "echo " + std::to_string(i) + "\r";
    }
    std::string sent;
    bool waits = true;
    for (std::size_t at = 0; at < pasted.size(); at += 7) {
        const std::string now = flow.type(pasted.substr(at, 7), waits);
        sent += now;
        waits = waits && now.find('\r') == std::string::npos;
        if (at % 5 == 0) { // the prompt comes back now and then
            const std::string next = waits ? std::string{} : flow.go_on();
            sent += next;
            waits = next.find('\r') == std::string::npos;
        }
    }
    while (!flow.empty()) {
        sent += flow.go_on();
    }
    EXPECT_EQ(sent, pasted);
}

} // namespace
} // namespace pagelab::console::serial
