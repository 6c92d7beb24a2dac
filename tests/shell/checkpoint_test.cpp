// checkpoint, restore and diff: what they print, and that what they say is so.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using Lines = std::vector<std::string>;

class Checkpoint : public ::testing::Test {
protected:
    Session session;

    void expect(std::string_view line, const Lines& lines, Status status = Status::ok) {
        EXPECT_EQ(session.run(line), lines) << line;
        EXPECT_EQ(session.status(), status) << line;
    }
    void expect_error(std::string_view line, const std::string& text) {
        expect(line, {"error: " + text}, Status::error);
    }
    void ok(std::string_view line) {
        const std::string text = session.text(line);
        EXPECT_EQ(session.status(), Status::ok) << line << "\n" << text;
    }
};

TEST_F(Checkpoint, IsComeBackToByRestore) {
    ok("map 0x40000000");
    expect("checkpoint", {"checkpoint set: restore comes back here, diff tells what changed since"});
    const auto before = session.machine.words(0x00105000, 0x00402000);
    ok("map 0x40001000 rw 2; protect 0x40000000 r; unmap 0x40001000; walk 0; map 0x50000000; undo");
    expect("restore", {"back at the checkpoint: took back 3 commands; 4 entries restored, 2 frames freed, 1 "
                       "frame taken again"});
    EXPECT_EQ(session.machine.words(0x00105000, 0x00402000), before);
    expect("diff", {"0 entries differ"});
    expect_error("restore", "nothing changed since the checkpoint");
    ok("map 0x60000000; restore");
    ok("undo"); // of the first map
    expect_error("restore", "there is no checkpoint to go back to; did you mean checkpoint?");
    expect_error("diff", "there is no checkpoint to compare with; did you mean checkpoint?");
}

TEST_F(Checkpoint, BringsSpacesBack) {
    ok("map 0x40000000 rw 2; space clone; checkpoint");
    const auto info = session.run("space");
    ok("in 1 unmap 0x40001000; space cow; space new direct; space use 2; space delete 1");
    EXPECT_NE(session.run("space"), info);
    ok("restore");
    EXPECT_EQ(session.run("space"), info);
    EXPECT_TRUE(session.machine.output.ends_with("pagelab> "));
}

TEST_F(Checkpoint, BeyondTheRingIsSaidWithWhatIsLeft) {
    ok("checkpoint; repeat 400 flush");
    ok("map 0x40000000; map 0x40001000; repeat 200 echo");
    expect_error("restore", "the journal no longer reaches back to the checkpoint; did you mean undo 2?");
    expect_error("diff", "the journal no longer reaches back to the checkpoint; did you mean checkpoint?");
    ok("undo 2");
    expect_error("restore", "the journal no longer reaches back to the checkpoint");
}

TEST_F(Checkpoint, ThatCanOnlyBeReachedInPartIsLeftAlone) {
    ok("checkpoint; map 0x40000000; map 0x40001000; map 0x40002000");
    const auto before = session.machine.snapshot();
    session.machine.undo_reach = 2;
    expect_error("restore", "only 2 of 3 commands can be taken back at once; did you mean undo 2?");
    EXPECT_EQ(session.machine.snapshot(), before);
    ok("undo 2; restore");
    EXPECT_EQ(session.machine.walk(VirtAddr{0x40000000}).pa, std::nullopt);
}

TEST_F(Checkpoint, IsReachedWholeInSpiteOfACtrlC) {
    ok("map 0x50000000; checkpoint; map 0x40000000; map 0x40001000; map 0x40002000");
    session.machine.interrupt_at_poll = 3; // two are the prompt's
    session.run("restore");
    EXPECT_EQ(session.machine.walk(VirtAddr{0x40000000}).pa, std::nullopt);
    EXPECT_EQ(session.machine.walk(VirtAddr{0x40002000}).pa, std::nullopt);
    ok("map 0x40000000; map 0x40001000");
    session.machine.interrupt_at_poll = 3; // two are the prompt's
    session.run("undo 2");
    EXPECT_EQ(session.machine.walk(VirtAddr{0x40000000}).pa, std::nullopt);
    EXPECT_NE(session.machine.walk(VirtAddr{0x50000000}).pa, std::nullopt);
}

TEST_F(Checkpoint, DiffFoldsNeighboursWithTheSameChange) {
    ok("map 0x40000000 rw 4; map 0x40010000 p:0x00800000 r 2; checkpoint");
    ok("map 0x40004000 rwu 3; unmap 0x40000000; protect 0x40001000 +u 3; setpte 0x40010000 "
       "p:0x00800000|P|RW");
    ok("map 0x80000000 p:0x00800000 rw,big 2; setpde 700 0x40000000");
    expect(
        "diff",
        {"PDE 512 and 1 after it  0x80000000-0x80800000  not present -> page p:0x00800000 RW PS",
         "PDE 700  0xaf000000-0xaf400000  not present -> not present (0x40000000)",
         "PTE 256:0  0x40000000-0x40001000  page p:0x00400000 RW -> not present",
         "PTE 256:1 and 2 after it  0x40001000-0x40004000  page p:0x00402000 RW -> page p:0x00402000 RW US",
         "PTE 256:4 and 2 after it  0x40004000-0x40007000  not present -> page p:0x00405000 RW US",
         "PTE 256:16  0x40010000-0x40011000  page p:0x00800000 - -> page p:0x00800000 RW",
         "11 entries differ"});
    ok("restore");
    expect("diff", {"0 entries differ"});
}

TEST_F(Checkpoint, DiffIsOfNowAndLeavesAccessedAndDirtyAside) {
    ok("map 0x40000000 rw 3; checkpoint");
    ok("protect 0x40000000 r; protect 0x40000000 rw; setpte 0x40001000 p:0x00402000|P|RW|A|D");
    expect("diff", {"0 entries differ"});
    ok("setpte 0x40002000 0x60");
    expect("diff", {"PTE 256:2  0x40002000-0x40003000  page p:0x00403000 RW -> not present (0x00000060)",
                    "1 entry differs"});
}

TEST_F(Checkpoint, DiffTellsTablesThatWent) {
    ok("map 0x40000000; checkpoint; unmap 0x40000000; free tables");
    expect("diff",
           {"PDE 256  0x40000000-0x40400000  table p:0x00401000 RW US -> not present",
            "PTE 256:0  0x40000000-0x40001000  page p:0x00400000 RW -> not present", "2 entries differ"});
}

TEST_F(Checkpoint, DiffTellsEverySpace) {
    ok("space new; space new; in 1 map 0x40000000; in 2 map 0x40000000; checkpoint");
    ok("in 1 protect 0x40000000 +u; in 2 protect 0x40000000 +u; space delete 2; map 0x40000000; space clone");
    expect("diff",
           {"space 2 was deleted and made again",
            "PDE 256  0x40000000-0x40400000  not present -> table p:0x00404000 RW US",
            "PTE 256:0  0x40000000-0x40001000  not present -> page p:0x00401000 RW",
            "space 1: PTE 256:0  0x40000000-0x40001000  page p:0x00402000 RW -> page p:0x00402000 RW US",
            "1 space, 3 entries differ"});
    const Lines records = session.run("diff --json");
    ASSERT_EQ(records.size(), 4u);
    EXPECT_TRUE(records[0].starts_with(
        R"({"record":"change","v":1,"space":2,"level":"space","va":null,"count":1,"old":"0x00401000","new":"0x0040)"))
        << records[0];
    EXPECT_EQ(records[3], R"({"record":"change","v":1,"space":1,"level":"pte","va":"0x40000000","count":1,)"
                          R"("old":"0x00402003","new":"0x00402007"})");
    ok("space delete 2; space delete 1");
    const Lines gone = session.run("diff");
    EXPECT_EQ(gone.at(0), "space 1 was deleted");
    EXPECT_EQ(gone.at(1), "space 2 was deleted");
    ok("checkpoint; space new; space delete 1");
    expect("diff", {"0 entries differ"});
}

TEST_F(Checkpoint, DiffReachesTheLastPage) {
    ok("checkpoint; force setpte 0xc03ff000 p:0x00101000|P; force setpte 0xc03fe000 p:0x00100000|P");
    EXPECT_EQ(session.run("diff").at(0),
              "PTE 768:1022 and 1 after it  0xc03fe000-0xc0400000  page p:0x003fe000 RW "
              "G -> page p:0x00100000 -");
    ok("force setpde 1023 0");
    EXPECT_EQ(session.run("diff --json").at(0),
              R"({"record":"change","v":1,"space":0,"level":"pde","va":"0xffc00000","count":1,)"
              R"("old":"0x00105063","new":"0x00000000"})");
}

TEST_F(Checkpoint, DiffOfManyPagesEndsOnCtrlC) {
    ok("checkpoint; map 0x40000000 rw 900");
    session.machine.interrupt_at_poll = 300;
    EXPECT_EQ(session.run("diff").back(), "interrupted");
    EXPECT_EQ(session.status(), Status::interrupted);
}

} // namespace
} // namespace pagelab::shell::test
