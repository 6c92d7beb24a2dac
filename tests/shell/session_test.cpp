// The shell as a whole: prompt, marks, the queue of work, transactions, faults and interruptions.
#include "kernel/interface/marks.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using Lines = std::vector<std::string>;

const std::string kC{interface::marks::kOutputBegin};
std::string d(int status) {
    return std::string{interface::marks::kStatusBegin} + std::to_string(status) +
           std::string{interface::marks::kEnd};
}

TEST(Prompt, GreetsOnceAndNamesTheWayOut) {
    Session session;
    EXPECT_EQ(session.send(""), "pagelab 0.1.0 \xC2\xB7 help \xC2\xB7 demo \xC2\xB7 exit: halt\npagelab> ");
    EXPECT_EQ(session.send("\r"), "\npagelab> ");
}

TEST(Prompt, NamesTheSpaceUnlessItIsTheFirst) {
    Session session;
    session.machine.space_number = 12;
    EXPECT_TRUE(session.send("").ends_with("\npagelab:12> "));
}

TEST(Marks, SurroundTheOutputOfEachCommand) {
    Session session({.marks = true});
    session.send("");
    EXPECT_EQ(session.send("echo a\r"), "echo a\n" + kC + "a\n" + d(0) + "pagelab> ");
    EXPECT_EQ(session.send("echo a; wlak ;echo b\r"), "echo a; wlak ;echo b\n" + kC + "a\n" + d(0) + kC +
                                                          "error: no command 'wlak'; did you mean walk?\n" +
                                                          d(1) + kC + "b\n" + d(0) + "pagelab> ");
}

TEST(Marks, AreAbsentWithoutTheBootWordAndAroundEmptyLines) {
    Session plain;
    EXPECT_EQ(plain.send("echo a\r").find('\x1b'), std::string::npos);
    Session batch({.marks = true});
    batch.send("");
    EXPECT_EQ(batch.send("   # only a comment\r"), "   # only a comment\npagelab> ");
}

TEST(Marks, TellAFaultAndTheNextCommandRuns) {
    Session session({.marks = true});
    session.send("");
    const std::string text = session.send("peek 0; echo on\r");
    EXPECT_NE(text.find(d(2) + kC + "on\n" + d(0) + "pagelab> "), std::string::npos) << text;
    EXPECT_EQ(text.find("error: "), std::string::npos) << "a fault is no error";
}

TEST(Marks, TheMarkOfHaltComesFirst) {
    Session session({.marks = true});
    session.send("");
    EXPECT_EQ(session.send("halt\r"), "halt\n" + kC + d(0));
    EXPECT_TRUE(session.machine.halted);
    Session rebooting({.marks = true});
    rebooting.send("");
    EXPECT_EQ(rebooting.send("reboot; echo never\r"), "reboot; echo never\n" + kC + d(0));
    EXPECT_TRUE(rebooting.machine.rebooted);
}

TEST(Halt, HasItsOtherNames) {
    for (const char* keys : {"exit\r", "quit\r", "halt\r", "\x04"}) {
        Session session;
        session.send(keys);
        EXPECT_TRUE(session.machine.halted) << keys;
        EXPECT_EQ(session.machine.statuses.back(), Status::ok);
    }
}

TEST(BootLine, RunsBeforeTheFirstPromptAsIfTyped) {
    Session session({.marks = true}, "echo a; echo b # done");
    EXPECT_EQ(session.send(""),
              "pagelab 0.1.0 \xC2\xB7 help \xC2\xB7 demo \xC2\xB7 exit: halt\npagelab> echo a\n" + kC +
                  "a\n" + d(0) + "pagelab> echo b\n" + kC + "b\n" + d(0) + "pagelab> ");
    EXPECT_EQ(session.machine.commands, (Lines{"echo a", "echo b"}));
}

TEST(BootLine, IsRefusedWholeWhenTooLong) {
    Session session({}, "echo " + std::string(600, 'x'));
    const std::string text = session.send("");
    EXPECT_NE(text.find("error: the commands of the boot line are longer than 512 characters"),
              std::string::npos);
    EXPECT_TRUE(session.machine.commands.empty());
}

TEST(Transaction, AnErrorChangesNothingAndAFaultIsRolledBack) {
    Session session;
    const auto before = session.machine.snapshot();
    EXPECT_EQ(session.run("map 0x40000001").at(0).substr(0, 7), "error: ");
    EXPECT_EQ(session.machine.snapshot(), before);
    session.run("peek 0");
    EXPECT_EQ(session.status(), Status::fault);
    EXPECT_EQ(session.machine.snapshot(), before);
    session.run("map 0x40000000");
    EXPECT_EQ(session.status(), Status::ok);
    EXPECT_NE(session.machine.snapshot(), before);
    session.run("undo");
    EXPECT_EQ(session.machine.free_frames_count(), 3072u);
}

TEST(Fault, IsReportedWithAccessWalkAndCure) {
    Session session;
    EXPECT_EQ(
        session.run("peek 0x1234"),
        (Lines{"#PF page fault at EIP 0xc0102345: the command was ended and its changes were taken back",
               "read by the kernel at 0x00001234: error code 0x0 (not present, read, kernel)",
               "0x00001234 = 0:1:0x234  cr3 p:0x00105000  32-bit",
               "PDE 0         0xfffff000  p:0x00105000  0x00000000  -  -> not present",
               "no page: PDE 0 is not present", "PDE 0 is not present; map 0x00001000 would allow it"}));
    EXPECT_EQ(session.statuses, (std::vector{Status::fault}));
}

TEST(Fault, InAQueryForJsonIsARecord) {
    Session session;
    const Lines lines = session.run("peek 0 --json");
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0].starts_with("{\"record\":\"fault\",\"v\":1,\"cr2\":\"0x00000000\"")) << lines[0];
}

TEST(Fault, OtherExceptionsAreNamed) {
    FakeMachine machine;
    Shell shell(machine);
    shell.run();
    machine.output.clear();
    shell.abandon({.vector = 13, .code = 0x18, .eip = 0xc0101000});
    EXPECT_EQ(machine.output, "#GP general protection, error code 0x0018 at EIP 0xc0101000: the command was "
                              "ended and its changes were taken back\n");
    machine.output.clear();
    shell.abandon({.vector = 99});
    EXPECT_TRUE(machine.output.starts_with("exception 99 at EIP"));
}

TEST(Repeat, RunsTheCommandAndTellsTheWorst) {
    Session session({.marks = true});
    session.send("");
    EXPECT_EQ(session.send("repeat 3 echo hi\r"),
              "repeat 3 echo hi\n" + kC + "hi\nhi\nhi\n" + d(0) + "pagelab> ");
    EXPECT_EQ(session.machine.commands.size(), 3u) << "each run is a transaction of its own";
    const std::string mixed = session.send("repeat 2 map 0x40000000\r");
    EXPECT_NE(mixed.find("is mapped: PTE 256:0"), std::string::npos);
    EXPECT_NE(mixed.find(d(1)), std::string::npos);
}

TEST(Repeat, GoesOnAfterAFault) {
    Session session({.marks = true});
    session.send("");
    const std::string text = session.send("repeat 3 peek 0; echo next\r");
    std::size_t reports = 0;
    for (std::size_t at = 0; (at = text.find("#PF", at)) != std::string::npos; ++at) {
        ++reports;
    }
    EXPECT_EQ(reports, 3u);
    EXPECT_NE(text.find(d(2) + kC + "next\n" + d(0)), std::string::npos);
}

TEST(Repeat, AndTimeStandInOneAnother) {
    Session session;
    EXPECT_EQ(session.run("repeat 2 repeat 2 echo a"), (Lines{"a", "a", "a", "a"}));
    EXPECT_EQ(session.run("time echo a"), (Lines{"a", "1000 ticks"}));
    EXPECT_EQ(session.run("repeat 2 time echo a"), (Lines{"a", "1000 ticks", "a", "1000 ticks"}));
    EXPECT_EQ(session.run("time repeat 2 echo a"), (Lines{"a", "a", "1000 ticks"}));
    EXPECT_EQ(session.run("repeat 1 repeat 1 repeat 1 repeat 1 repeat 1 echo"),
              (Lines{"error: repeat and time stand at most 4 deep"}));
}

TEST(Repeat, RefusesANumberThatIsNone) {
    Session session;
    EXPECT_EQ(session.run("repeat many echo"),
              (Lines{"error: 'many' is not a number of runs from 1 to 1000000000"}));
    EXPECT_EQ(session.run("repeat 0 echo"),
              (Lines{"error: '0' is not a number of runs from 1 to 1000000000"}));
    EXPECT_EQ(session.run("repeat 3"), (Lines{"error: repeat needs N COMMAND; help repeat has examples"}));
    EXPECT_EQ(session.run("time"), (Lines{"error: time needs COMMAND; help time has examples"}));
}

TEST(Time, SaysWhenThereIsNoClock) {
    Session session;
    session.machine.has_tsc = false;
    EXPECT_EQ(session.run("time echo a"), (Lines{"a", "no ticks: this CPU has no time stamp counter"}));
}

TEST(Interrupt, EndsARunningCommandAndDropsTheQueue) {
    Session session({.marks = true});
    session.send("map 0x40000000 rw 512\r");
    // Two polls come before the command, then those of the walk over the tables.
    session.machine.interrupt_at_poll = 4;
    const std::string text = session.send("maps; echo never\r");
    EXPECT_NE(text.find("interrupted\n" + d(4) + "pagelab> "), std::string::npos) << text;
    EXPECT_EQ(text.find("never\n" + d(0)), std::string::npos) << text;
    EXPECT_EQ(text.find("regions"), std::string::npos) << "half an answer must not look whole";
    EXPECT_EQ(session.machine.statuses.back(), Status::interrupted);
}

TEST(Interrupt, EndsARepetition) {
    Session session({.marks = true});
    session.send("");
    session.machine.interrupt_at_poll = 100;
    const std::string text = session.send("repeat 1000000000 echo; echo never\r");
    EXPECT_TRUE(text.ends_with("interrupted\n" + d(4) + "pagelab> "));
    EXPECT_EQ(session.machine.commands.back(), "echo");
}

TEST(Interrupt, OfACommandThatChangesTakesItBack) {
    Session session;
    session.run("map 0x40000000 rw 16");
    const auto before = session.machine.snapshot();
    session.machine.interrupt_at_poll = 5;
    session.run("fill 0x40000000 0xffffffff 64K");
    EXPECT_EQ(session.status(), Status::interrupted);
    EXPECT_EQ(session.machine.snapshot(), before);
}

TEST(Line, ThatIsTooLongIsRefusedWhole) {
    Session session({.marks = true});
    session.send("");
    const std::string text = session.send("echo " + std::string(600, 'x') + "\r");
    EXPECT_NE(
        text.find(kC + "error: a line has at most 512 characters; nothing of this one was run\n" + d(1)),
        std::string::npos);
    EXPECT_TRUE(session.machine.commands.empty());
}

TEST(Line, WithACharacterThatIsNotAsciiIsRefusedWhole) {
    Session session;
    const Lines lines = session.run("unmap 0x40000000 \xc3\xa4");
    EXPECT_EQ(lines, (Lines{"error: the line had a character that is not ASCII; nothing of it was run"}));
    EXPECT_TRUE(session.machine.commands.empty());
}

TEST(Line, CtrlCGivesANewPrompt) {
    Session session;
    session.send("");
    EXPECT_EQ(session.send("walk 0\x03"), "walk 0^C\npagelab> ");
    EXPECT_TRUE(session.machine.commands.empty());
}

TEST(Line, APasteOfSeveralLinesRunsThemInOrder) {
    Session session;
    session.send("");
    const std::string text = session.send("echo one\r\necho two\necho three\r");
    EXPECT_EQ(text, "echo one\none\npagelab> echo two\ntwo\npagelab> echo three\nthree\npagelab> ");
}

TEST(Line, WithTooManyWordsIsRefused) {
    Session session;
    std::string line = "echo";
    for (int i = 0; i < 70; ++i) {
        line += " w";
    }
    EXPECT_EQ(session.run(line), (Lines{"error: a command has at most 64 words"}));
}

TEST(Line, HistoryIsListedWithNumbers) {
    Session session;
    session.run("echo a");
    session.run("echo b");
    EXPECT_EQ(session.run("history"), (Lines{"   1  echo a", "   2  echo b", "   3  history"}));
}

} // namespace
} // namespace pagelab::shell::test
