#include "serial-console/src/machine/batch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace pagelab::console::machine {
namespace {

/// A shell without a machine: answers what the batch sends, as the kernel would.
class FakeShell {
public:
    struct Answer {
        std::string output;
        int status = 0;
    };

    static std::string boot() { return "pagelab 0.1.0\r\npagelab> "; }

    static std::string run(const std::string& sent, const Answer& answer,
                           const std::string& prompt = "pagelab> ") {
        const std::string command = sent.substr(0, sent.size() - 1);
        return command + "\r\n\x1b]133;C\a" + answer.output + "\x1b]133;D;" + std::to_string(answer.status) +
               "\a" + prompt;
    }
};

std::vector<std::string> split(std::string_view text) {
    return split_commands(text).value_or(std::vector<std::string>{});
}

TEST(SplitCommands, splits_lines_and_semicolons_as_the_shell_does) {
    EXPECT_EQ(split(" map 0x40000000 ;; walk 0x40000000; \n\n# a comment\npeek 0 # another\r\n"),
              (std::vector<std::string>{"map 0x40000000", "walk 0x40000000", "peek 0"}));
    EXPECT_TRUE(split("").empty());
    EXPECT_TRUE(split(" ; ;\n").empty());
}

TEST(SplitCommands, a_tab_is_a_blank_and_never_asks_for_completion) {
    EXPECT_EQ(split("walk\t0"), std::vector<std::string>{"walk 0"});
}

TEST(SplitCommands, refuses_what_the_line_editor_would_obey_or_cut) {
    EXPECT_FALSE(split_commands("echo \x03"));
    EXPECT_FALSE(split_commands("echo \x1b[A"));
    EXPECT_FALSE(split_commands("echo " + std::string(600, 'x')));
}

TEST(Batch, waits_for_the_prompt_before_it_sends) {
    Batch batch({"walk 0"});
    EXPECT_EQ(batch.on_bytes("pagelab 0.1.0 ").send, "");
    EXPECT_EQ(batch.on_bytes("\r\npagelab>").send, "");
    EXPECT_EQ(batch.on_bytes(" ").send, "walk 0\r");
    EXPECT_EQ(batch.current(), "walk 0");
}

TEST(Batch, sends_one_command_at_a_time_and_prints_outputs_only) {
    Batch batch({"one", "two"});
    Batch::Step step = batch.on_bytes(FakeShell::boot());
    EXPECT_EQ(step.print, "");
    step = batch.on_bytes(FakeShell::run(step.send, {"first\r\n", 0}));
    EXPECT_EQ(step.print, "first\n");
    EXPECT_EQ(step.send, "two\r");
    step = batch.on_bytes(FakeShell::run(step.send, {"second\r\n", 0}, "pagelab:1> "));
    EXPECT_EQ(step.print, "second\n");
    EXPECT_TRUE(batch.finished());
    EXPECT_TRUE(batch.all_ok());
}

TEST(Batch, works_byte_by_byte) {
    Batch batch({"one", "two"});
    std::string printed;
    std::string sent;
    std::string incoming = FakeShell::boot();
    for (std::size_t i = 0; i < incoming.size(); ++i) {
        Batch::Step step = batch.on_bytes(std::string_view(incoming).substr(i, 1));
        printed += step.print;
        if (!step.send.empty()) {
            sent += step.send;
            incoming += FakeShell::run(step.send, {"out\r\n", 0});
        }
    }
    EXPECT_EQ(sent, "one\rtwo\r");
    EXPECT_EQ(printed, "out\nout\n");
    EXPECT_TRUE(batch.finished());
}

TEST(Batch, goes_on_after_errors_and_remembers_them) {
    for (const int status : {1, 2, 3, 4}) {
        Batch batch({"bad", "good"});
        Batch::Step step = batch.on_bytes(FakeShell::boot());
        step = batch.on_bytes(FakeShell::run(step.send, {"error: no\r\n", status}));
        EXPECT_EQ(step.send, "good\r");
        step = batch.on_bytes(FakeShell::run(step.send, {"", 0}));
        EXPECT_TRUE(batch.finished());
        EXPECT_FALSE(batch.all_ok());
    }
}

TEST(Batch, a_prompt_inside_an_output_is_output) {
    Batch batch({"echo", "two"});
    Batch::Step step = batch.on_bytes(FakeShell::boot());
    step = batch.on_bytes("echo\r\n\x1b]133;C\apagelab> ");
    EXPECT_EQ(step.print, "pagelab> ");
    EXPECT_EQ(step.send, "");
    step = batch.on_bytes("\r\n\x1b]133;D;0\apagelab> ");
    EXPECT_EQ(step.send, "two\r");
}

TEST(Batch, a_prompt_that_the_line_editor_redraws_is_no_answer) {
    Batch batch({"walk", "two"});
    static_cast<void>(batch.on_bytes(FakeShell::boot()));
    EXPECT_EQ(batch.on_bytes("w\r\x1b[Kpagelab> ").send, "");
    EXPECT_EQ(batch.on_bytes("wa\r\x1b[Kpagelab> ").send, "");
    EXPECT_EQ(batch.on_bytes("walk\r\n\x1b]133;C\a\x1b]133;D;0\apagelab> ").send, "two\r");
}

TEST(Batch, a_command_without_marks_is_not_taken_for_a_success) {
    Batch batch({"walk"});
    static_cast<void>(batch.on_bytes(FakeShell::boot()));
    const Batch::Step step = batch.on_bytes("walk\r\npagelab> ");
    EXPECT_NE(step.note, "");
    EXPECT_TRUE(batch.finished());
    EXPECT_FALSE(batch.all_ok());
}

TEST(Batch, a_reboot_counts_as_ok_and_goes_on_at_the_next_prompt) {
    Batch batch({"reboot", "two"});
    Batch::Step step = batch.on_bytes(FakeShell::boot());
    step = batch.on_bytes("reboot\r\n\x1b]133;C\a");
    batch.on_reboot();
    step = batch.on_bytes("pagelab 0.1.0\r\npagelab> ");
    EXPECT_EQ(step.print, "");
    EXPECT_EQ(step.send, "two\r");
    EXPECT_TRUE(batch.all_ok());
}

TEST(Batch, a_halt_ends_it) {
    Batch batch({"halt", "never"});
    Batch::Step step = batch.on_bytes(FakeShell::boot());
    step = batch.on_bytes("halt\r\n\x1b]133;C\a\x1b]133;D;0\a");
    EXPECT_EQ(step.send, "");
    batch.on_halt();
    EXPECT_TRUE(batch.finished());
    EXPECT_TRUE(batch.all_ok());
}

TEST(Batch, without_commands_it_ends_at_the_first_prompt) {
    Batch batch({});
    EXPECT_FALSE(batch.finished());
    static_cast<void>(batch.on_bytes(FakeShell::boot()));
    EXPECT_TRUE(batch.finished());
}

TEST(Batch, keeps_what_was_said_outside_of_outputs) {
    Batch batch({"one"});
    static_cast<void>(batch.on_bytes("\x1b[31mpanic: no memory\r\n"));
    EXPECT_EQ(batch.unprinted(), "panic: no memory\n");
}

TEST(Batch, makes_outputs_harmless) {
    Batch batch({"raw"});
    static_cast<void>(batch.on_bytes(FakeShell::boot()));
    EXPECT_EQ(batch.on_bytes("raw\r\n\x1b]133;C\a\x1b[2J\r\n\x1b]133;D;0\a").print, "^[[2J\n");
}

TEST(Batch, goes_on_with_the_next_command_where_the_machine_came_back_to) {
    Batch batch({"one", "two", "three"});
    EXPECT_EQ(batch.on_bytes(FakeShell::boot()).send, "one\r");
    EXPECT_EQ(batch.on_bytes("one\r\n\x1b]133;C\ahalf a line").print, "half a line");
    const Batch::Step at_prompt = batch.on_return(true);
    EXPECT_EQ(at_prompt.print, "\n");
    EXPECT_EQ(at_prompt.send, "two\r");
    EXPECT_EQ(batch.on_bytes("two\r\n\x1b]133;C\a").print, "");
    const Batch::Step at_boot = batch.on_return(false);
    EXPECT_EQ(at_boot.print + at_boot.send, "");
    EXPECT_EQ(batch.on_bytes(FakeShell::boot()).send, "three\r");
    EXPECT_EQ(batch.on_return(true).send, "");
    EXPECT_TRUE(batch.finished());
}

} // namespace
} // namespace pagelab::console::machine
