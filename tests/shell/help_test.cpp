// The table is complete, and what help and errors propose works when it is typed.
#include "kernel/shell/table.hpp"
#include "kernel/shell/topics.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pagelab::shell::test {
namespace {

using interface::Status;

TEST(Table, HoldsTheCommandsOfThisRelease) {
    std::set<std::string_view> names;
    for (const Command& command : commands()) {
        names.insert(command.name);
    }
    const std::set<std::string_view> expected = {
        "alloc",  "answer",   "call",    "checkpoint", "diff",   "restore", "check",    "cr0",
        "crash",  "cr4",      "decode",  "demo",       "dumppd", "dumppt",  "echo",     "exit",
        "fault",  "fill",     "find",    "flush",      "force",  "frames",  "free",     "halt",
        "help",   "history",  "in",      "invlpg",     "log",    "map",     "maps",     "noflush",
        "peek",   "poke",     "probe",   "protect",    "quit",   "quiz",    "reboot",   "regs",
        "repeat", "selftest", "setpde",  "setpte",     "space",  "split",   "strategy", "stale",
        "time",   "tiny",     "torture", "touch",      "undo",   "unmap",   "walk",     "window"};
    EXPECT_EQ(names, expected);
}

TEST(Table, EveryCommandThatRunsHasAHandler) {
    for (const Command& command : commands()) {
        const bool runs_others = command.kind == Kind::prefix || command.kind == Kind::modifier;
        EXPECT_EQ(command.handler == nullptr, runs_others) << command.name;
        EXPECT_TRUE(command.details.empty() || std::string_view{command.details}.ends_with('\n'))
            << command.name;
        EXPECT_FALSE(std::string_view{command.summary}.ends_with('.')) << command.name;
    }
}

TEST(Help, ListsEveryCommandAndTopic) {
    Session session;
    const std::string text = session.text("help");
    for (const Command& command : commands()) {
        EXPECT_NE(text.find(" " + std::string{command.name}), std::string::npos) << command.name;
    }
    for (const Topic& topic : topics()) {
        EXPECT_NE(text.find(" " + std::string{topic.name}), std::string::npos) << topic.name;
    }
    for (const std::string& line : session.run("help")) {
        EXPECT_LE(line.size(), 79u) << line;
    }
}

/// The examples that help on `name` prints: its indented lines.
std::vector<std::string> printed_examples(std::string_view name) {
    Session session;
    std::vector<std::string> examples;
    for (const std::string& line : session.run("help " + std::string{name})) {
        if (line.starts_with("  ")) {
            examples.push_back(line.substr(2));
        }
    }
    EXPECT_EQ(session.status(), Status::ok) << name;
    EXPECT_GE(examples.size(), 2u) << name;
    return examples;
}

void expect_examples_work(std::string_view name) {
    for (const std::string& example : printed_examples(name)) {
        if (example.starts_with("selftest ")) {
            continue; // the fake machine keeps no books and has no CPU; the system tests type it
        }
        Session session;
        const std::string text = session.text(example);
        ASSERT_FALSE(session.statuses.empty()) << example;
        const bool many = example.starts_with("torture"); // whose commands may end as they like
        EXPECT_EQ(many ? session.statuses.back() : session.status(), Status::ok) << example << "\n" << text;
    }
}

TEST(Help, ExamplesOfEveryCommandWork) {
    for (const Command& command : commands()) {
        expect_examples_work(command.name);
    }
}

TEST(Help, ExamplesOfEveryTopicWork) {
    for (const Topic& topic : topics()) {
        expect_examples_work(topic.name);
    }
}

TEST(Help, LinesFitATerminal) {
    Session session;
    const auto check = [&](std::string_view name) {
        for (const std::string& line : session.run("help " + std::string{name})) {
            EXPECT_LE(line.size(), 100u) << name << ": " << line;
        }
    };
    for (const Command& command : commands()) {
        check(command.name);
    }
    for (const Topic& topic : topics()) {
        check(topic.name);
    }
}

TEST(Help, IsReachedFromTheCommand) {
    Session session;
    for (const char* line : {"walk --help", "walk -h"}) {
        EXPECT_EQ(session.text(line), session.text("help walk"));
    }
    EXPECT_EQ(session.text("repeat --help"), session.text("help repeat"));
    EXPECT_EQ(session.text("force --help"), session.text("help force"));
}

struct Mistake {
    std::string line;
    std::string setup;
};
// Each of these must be answered with a proposal; `''` marks nothing: the whole list is typed.
const std::vector<Mistake> kMistakes = {
    {"wlak 0xc0100000", ""},
    {"dumpd", ""},
    {"unmpa 0x40000000", "map 0x40000000"},
    {"ehco hello", ""},
    {"help wakl", ""},
    {"help adresses", ""},
    {"walk c0100000", ""},
    {"walk 0xc010_0000", ""},
    {"walk c0100000h", ""},
    {"walk $c0100000", ""},
    {"split 4k", ""},
    {"maps 0xc0000000", ""},
    {"maps 0xc0000000..0xc0400000", ""},
    {"maps 0xc0400000-0xc0000000", ""},
    {"maps 0xc0000000-0xc0000000", ""},
    {"maps 0xfffff000+8K", ""},
    {"maps 0xc0000000+4m", ""},
    {"maps --writeable", ""},
    {"maps --jsn", ""},
    {"maps --phys 0x2000-0x1000", ""},
    {"find p:101000h", ""},
    {"find 00101000h", ""},
    {"decode pet 0x00101003", ""},
    {"decode 101003h", ""},
    {"dumppd 0x300", ""},
    {"dumppd 0xc0000000", ""},
    {"dumppd 5 3", ""},
    {"map 0x40000123", ""},
    {"map 0x40000000 p:0x00400123", ""},
    {"map 0x40000000 rw 16k", ""},
    {"peek 0xc0101000 0x10", ""},
    {"map 0x40001000 p:0x00400000 rw,big", ""},
    {"unmap 0x40000004", "map 0x40000000"},
    {"protect 0x40000004 r", "map 0x40000000"},
    {"setpde 0x100 0", ""},
    {"setpte 0x40000004 1", "map 0x40000000"},
    {"setpde 256 p:0x101234|P", ""},
    {"free 0x00400000", "alloc"},
    {"poke 0x40000000 deadbeef", "map 0x40000000"},
    {"touch 0 r usr", ""},
    {"cr0 pw on", ""},
    {"flush all", ""},
    {"check --cr3 p:0x00105123", ""},
    {"space ls", ""},
    {"space del 1", "space new"},
    {"space new recursvie", ""},
    {"space new upper", ""},
    {"space new window --json", ""}, // its error is a record
    {"space delete 1", "space new; space use 1"},
    {"in 1 probe 0", "space new"},
    {"restore", ""},
    {"diff", ""},
    {"strategy bnech 16", ""},
    {"strategy ls", ""},
    {"strategy list --json", ""},
    {"in 1 wlak 0", "space new"},
    {"info", ""},
    {"x/4i 0xc0100000", ""},
};

/// The line with what was wrong replaced by the proposal: in place of the quoted or first named word, or
/// whole.
std::vector<std::string> corrections(const std::string& line, const std::string& error) {
    const std::string lead = "did you mean ";
    const std::size_t at = error.find(lead);
    if (at == std::string::npos) {
        return {};
    }
    const std::string proposal = error.substr(at + lead.size(), error.rfind('?') - at - lead.size());
    std::vector<std::string> result{proposal};
    std::string message = error.substr(7);
    std::string wrong;
    if (const std::size_t quote = message.find('\''); quote != std::string::npos) {
        wrong = message.substr(quote + 1, message.find('\'', quote + 1) - quote - 1);
    } else {
        wrong = message.substr(0, message.find(' '));
    }
    if (const std::size_t where = line.find(wrong); where != std::string::npos) {
        std::string corrected = line;
        result.insert(result.begin(), corrected.replace(where, wrong.size(), proposal));
    }
    // What was printed with all its digits may have been typed with fewer.
    for (std::size_t i = line.size(); i-- > 0;) {
        if (line[i] == ' ') {
            std::string corrected = line.substr(0, i + 1) + proposal;
            const std::size_t next = line.find(' ', i + 1);
            result.push_back(corrected + (next == std::string::npos ? "" : line.substr(next)));
        }
    }
    return result;
}

TEST(Errors, EachProposalWorksWhenItIsTyped) {
    for (const Mistake& mistake : kMistakes) {
        Session session;
        if (!mistake.setup.empty()) {
            session.run(mistake.setup);
        }
        const auto lines = session.run(mistake.line);
        ASSERT_EQ(lines.size(), 1u) << mistake.line;
        EXPECT_EQ(session.status(), Status::error) << mistake.line;
        const std::string record = R"({"record":"error","v":1,"text":")";
        std::string text = lines[0];
        if (text.starts_with(record)) {
            text = "error: " + text.substr(record.size());
        }
        EXPECT_TRUE(text.starts_with("error: ")) << mistake.line << ": " << text;
        const auto tries = corrections(mistake.line, text);
        ASSERT_FALSE(tries.empty()) << mistake.line << ": " << lines[0];
        bool works = false;
        for (const std::string& corrected : tries) {
            Session fresh;
            if (!mistake.setup.empty()) {
                fresh.run(mistake.setup);
            }
            fresh.run(corrected);
            works = works || (!fresh.statuses.empty() && fresh.status() == Status::ok);
        }
        EXPECT_TRUE(works) << mistake.line << ": " << lines[0] << "\nfirst tried: " << tries[0];
    }
}

TEST(Errors, AreOneLineAndChangeNothing) {
    const std::vector<std::string> wrong = {"map",
                                            "walk",
                                            "walk banana",
                                            "walk 1 2",
                                            "map 0x40000000 banana",
                                            "map 1 2 3 4 5",
                                            "setpde 1024 0",
                                            "unmap 0x40000000",
                                            "poke 0xc0101000",
                                            "peek",
                                            "peek b",
                                            "peek x 1",
                                            "touch 0",
                                            "touch 0 q",
                                            "fault 0",
                                            "fault 0 0x20",
                                            "log 0",
                                            "log x",
                                            "undo 0",
                                            "undo",
                                            "undo x",
                                            "alloc 0",
                                            "alloc 100000",
                                            "free",
                                            "free p:0x00400000",
                                            "free tables 1",
                                            "fill 0 0",
                                            "fill 0xc0101000 0x100000000 1",
                                            "invlpg",
                                            "cr0 wp",
                                            "cr0 wp maybe",
                                            "cr4 vme on",
                                            "frames x",
                                            "space x",
                                            "space list 1",
                                            "space new banana",
                                            "space new window 1",
                                            "space clone 1",
                                            "space cow 1",
                                            "space use",
                                            "space use 1",
                                            "space use x",
                                            "space use -1",
                                            "space use 0x0",
                                            "space use 16",
                                            "space use 4294967296",
                                            "space use 0 0",
                                            "space delete",
                                            "space delete 0",
                                            "space delete 7",
                                            "noflush space new",
                                            "force space use 0",
                                            "force noflush space use 0",
                                            "restore",
                                            "restore 1",
                                            "diff",
                                            "diff 1",
                                            "diff x",
                                            "checkpoint 1",
                                            "strategy x",
                                            "strategy list 1",
                                            "strategy bench 0",
                                            "strategy bench x",
                                            "strategy bench 65537",
                                            "strategy bench 4294967297",
                                            "strategy bench -1",
                                            "strategy bench 0x10",
                                            "strategy bench 4K",
                                            "strategy bench 1 1",
                                            "in",
                                            "in 0",
                                            "in walk 0",
                                            "in 1 walk 0",
                                            "in 16 walk 0",
                                            "in 0 in 0 walk 0",
                                            "in 0 repeat 2 walk 0",
                                            "in 0 force walk 0",
                                            "in 0 force",
                                            "force",
                                            "noflush",
                                            "force walk 0",
                                            "noflush poke 0xc0101000 1",
                                            "decode 1 2 3",
                                            "maps --phys",
                                            "maps --bogus",
                                            "map 0xfffff000 rw 2",
                                            "peek 0xfffffffc 2",
                                            "dumppt 5",
                                            "protect 0x40000000 r",
                                            "protect 0x40000000 +",
                                            "window p:0",
                                            "free 1",
                                            "poke h 0xc0101000 65536",
                                            "peek p:0xfffff000",
                                            "poke p:0xfffff000 1",
                                            "poke p:0x00105000 0",
                                            "setpde 1023 0",
                                            "map 0xc0000000",
                                            "unmap 0xc0000000",
                                            "setpte 0x40000000 0"};
    for (const std::string& line : wrong) {
        Session session;
        const auto before = session.machine.snapshot();
        const auto lines = session.run(line);
        ASSERT_EQ(lines.size(), 1u) << line;
        EXPECT_TRUE(lines[0].starts_with("error: ")) << line << ": " << lines[0];
        EXPECT_EQ(session.statuses, (std::vector{Status::error})) << line;
        EXPECT_EQ(session.machine.snapshot(), before) << line;
        EXPECT_LE(lines[0].size(), 300u) << lines[0];
    }
}

TEST(Errors, OfAQueryForJsonAreRecords) {
    Session session;
    for (const char* line : {"walk banana --json", "walk --json banana", "wlak 0 --json", "maps --json 5",
                             "peek --json", "repeat x walk 0 --json"}) {
        const auto lines = session.run(line);
        ASSERT_EQ(lines.size(), 1u) << line;
        EXPECT_TRUE(lines[0].starts_with("{\"record\":\"error\",\"v\":1,\"text\":\"")) << line << lines[0];
        EXPECT_TRUE(lines[0].ends_with("\"}")) << lines[0];
    }
}

TEST(EditDistance, CountsSwapsOfNeighboursOnce) {
    EXPECT_EQ(edit_distance("walk", "walk"), 0u);
    EXPECT_EQ(edit_distance("wlak", "walk"), 1u);
    EXPECT_EQ(edit_distance("wak", "walk"), 1u);
    EXPECT_EQ(edit_distance("walkk", "walk"), 1u);
    EXPECT_EQ(edit_distance("talk", "walk"), 1u);
    EXPECT_EQ(edit_distance("", "walk"), 4u);
    EXPECT_GT(edit_distance(std::string(40, 'a'), "walk"), 3u);
    EXPECT_EQ(nearest_command("completely"), nullptr);
    EXPECT_EQ(nearest_command("foo"), nullptr);
}

} // namespace
} // namespace pagelab::shell::test
