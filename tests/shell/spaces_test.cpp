// space and in: what they print and do, and that each command of another space means that space.
#include "kernel/shell/completion.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using Lines = std::vector<std::string>;

class Spaces : public ::testing::Test {
protected:
    Session session;

    void expect(std::string_view line, const Lines& lines, Status status = Status::ok) {
        EXPECT_EQ(session.run(line), lines) << line;
        EXPECT_EQ(session.status(), status) << line;
    }
    void expect_error(std::string_view line, const std::string& text) {
        const auto before = session.machine.snapshot();
        expect(line, {"error: " + text}, Status::error);
        EXPECT_EQ(session.machine.snapshot(), before) << line;
    }
    void ok(std::string_view line) {
        const std::string text = session.text(line);
        EXPECT_EQ(session.status(), Status::ok) << line << "\n" << text;
    }
    std::uint32_t word(std::uint32_t pa) { return session.machine.ram(pa); }
    std::uint32_t directory(std::uint32_t number) {
        return static_cast<std::uint32_t>(session.machine.space_info(number)->directory.raw());
    }
};

TEST_F(Spaces, AreListedWithWhatTheyHold) {
    ok("map 0x40000000 rw 3; space cow; space new table");
    const Lines lines = {"0  *  recursive   directory p:0x00105000  1 table  3 pages  3 shared",
                         "1     recursive   directory p:0x00404000  1 table  3 pages  3 shared",
                         "2     table       directory p:0x00406000  0 tables  0 pages  8 KiB extra"};
    expect("space", lines);
    expect("space list", lines);
    EXPECT_EQ(session.run("space --json").at(2),
              R"({"record":"space","v":1,"number":2,"current":false,"strategy":"table","cr3":"0x00406000",)"
              R"("tables":0,"pages":0,"shared_pages":0,"extra_bytes":8192})");
}

TEST_F(Spaces, AreMadeOfEachStrategy) {
    expect("space new", {"space 1 made: recursive, directory p:0x00400000"});
    std::uint32_t number = 2;
    for (const std::string_view strategy : kStrategyNames) {
        ok("space new " + std::string{strategy});
        EXPECT_EQ(kStrategyNames[static_cast<std::size_t>(session.machine.space_info(number)->strategy)],
                  strategy);
        ++number;
    }
}

TEST_F(Spaces, AreCopiedOrShared) {
    ok("map 0x40000000 rw 2; poke 0x40001000 7; map 0x40002000 p:0x00101000");
    expect("space clone", {"space 1 is a copy of space 0: 1 table, 2 pages copied"});
    expect("space cow", {"space 2 shares 2 pages with space 0 until one side writes"});
    ok("space use 1; poke 0x40001000 8; space use 0");
    EXPECT_EQ(session.run("peek 0x40001000").at(0), "0x40001000  0x00000007");
    ok("poke 0x40001000 9");
    EXPECT_EQ(session.run("in 1 peek 0x40001000").at(0), "0x40001000  0x00000008");
    EXPECT_EQ(session.run("in 2 peek 0x40001000").at(0), "0x40001000  0x00000007");
}

TEST_F(Spaces, AreSwitchedToWithAPromptThatSaysSo) {
    ok("space new");
    expect("space use 1", {"now in space 1; CR3 loaded, global pages flushed too"});
    EXPECT_TRUE(session.machine.output.ends_with("pagelab:1> "));
    EXPECT_EQ(session.machine.registers().cr3, directory(1));
    expect("noflush space use 0", {"now in space 0; CR3 loaded, the flush of global pages was left out"});
    EXPECT_TRUE(session.machine.output.ends_with("pagelab> "));
}

TEST_F(Spaces, AreDeletedWithAllTheyHave) {
    const std::size_t before = session.machine.free_frames_count();
    ok("space new; in 1 map 0x40000000 rw 3");
    expect("space delete 1", {"space 1 deleted: 5 frames freed"});
    EXPECT_EQ(session.machine.free_frames_count(), before);
    EXPECT_FALSE(session.machine.space_info(1));
}

TEST_F(Spaces, NameTheRightVerbStrategyAndNumber) {
    expect_error("space ls", "'ls' is no verb of space; did you mean list?");
    expect_error("space banana", "'banana' is no verb of space; there are list new clone cow use delete");
    expect_error("space new mmurtl",
                 "'mmurtl' is no strategy; there are recursive table upper-half window direct");
    expect_error("space new windwo", "'windwo' is no strategy; did you mean window?");
    expect_error("space clone 1", "'1' is one argument too many: space clone");
    expect_error("space use", "the number of a space is missing: 0");
    expect_error("space use x", "there is no space x, only 0");
    expect_error("space delete 0", "space 0 is the one of boot, which stays");
    expect_error("space use 1 2 3", "'2' is one argument too many; usage: space [list|new "
                                    "[STRATEGY]|clone|cow|use N|delete N] [--json]");
    ok("space new; space new; space delete 1");
    expect_error("space use 1", "there is no space 1, only 0, 2");
    expect_error("space use 4294967298", "there is no space 4294967298, only 0, 2");
    ok("space use 2");
    expect_error("space delete 2", "space 2 is the current one; did you mean space use 0?");
    expect_error("noflush space delete 1",
                 "noflush does not fit before space delete; help noflush says where it stands");
    expect_error("force noflush space use 0",
                 "force does not fit before space; help force says where it stands");
    expect(
        "space cow --json",
        {R"({"record":"error","v":1,"text":"space cow prints no records; did you mean space list --json?"})"},
        Status::error);
}

TEST_F(Spaces, AreAtMostSixteen) {
    for (std::uint32_t number = 1; number < kMaxSpaces; ++number) {
        ok("space new");
    }
    expect_error("space new", "all 16 numbers of spaces are taken; space delete N frees one");
    expect_error("space clone", "all 16 numbers of spaces are taken; space delete N frees one");
    ok("space delete 7");
    expect("space cow", {"space 7 shares 0 pages with space 0 until one side writes"});
}

TEST_F(Spaces, CompleteByTab) {
    const auto offered = [](std::string_view line) {
        const Completions completions = complete(line);
        Lines words;
        for (std::size_t i = 0; i < completions.count; ++i) {
            words.emplace_back(completions.items[i]);
        }
        return words;
    };
    EXPECT_EQ(offered("space c"), (Lines{"clone", "cow"}));
    EXPECT_EQ(offered("space new u"), Lines{"upper-half"});
    EXPECT_EQ(offered("space use "), Lines{});
    EXPECT_EQ(offered("in 1 unm"), Lines{"unmap"});
    EXPECT_EQ(offered("in 1 force pro"), (Lines{"probe", "protect"}));
    EXPECT_EQ(offered("repeat 2 in 1 dumppd --j"), Lines{"--json"});
    EXPECT_EQ(offered("in 1 map 0x40000000 rw,b"), Lines{"big"});
    EXPECT_EQ(offered("in "), Lines{});
}

TEST_F(Spaces, InMeansTheOtherTables) {
    ok("space new; in 1 map 0x40000000 rw 2");
    EXPECT_EQ(session.machine.space(), 0u);
    EXPECT_TRUE(session.machine.output.ends_with("pagelab> "));
    EXPECT_EQ(word(0x00105000 + 256 * 4), 0u);
    EXPECT_NE(word(directory(1) + 256 * 4), 0u);
    EXPECT_EQ(session.run("walk 0x40000000").back(), "no page: PDE 256 is not present");
    EXPECT_EQ(session.run("in 1 walk 0x40000000").back(), "p:0x00401000  4 KiB page  kernel rwx  user ---");
    EXPECT_EQ(session.run("in 1 maps 0x40000000+4M").at(0),
              "0x40000000-0x40001000      4 KiB  p:0x00401000  4 KiB  kernel rwx  user ---  RW");
    EXPECT_EQ(session.run("in 1 dumppd 256").at(0),
              "PDE 256       0x40000000  0x00402007  P RW US  -> table p:0x00402000");
    EXPECT_EQ(session.run("in 1 dumppt 256").size(), 3u);
    EXPECT_EQ(session.run("in 1 find p:0x00401000").at(0),
              "0x40000000  4 KiB  PDE 256 PTE 256:0  kernel rwx  user ---");
    EXPECT_EQ(session.run("in 1 window 0x40000000").at(1), "  PDE 256       0xfffff400");
    EXPECT_EQ(session.run("in 1 check").back(), "0 errors, 0 warnings, 0 notes");
    EXPECT_EQ(session.run("in 1 fault 0x40000000 6").at(0), session.run("fault 0x40000000 6").at(0));
    EXPECT_EQ(session.run("in 1 info tlb").at(0), "# maps");
    ok("in 1 protect 0x40000000 r; in 1 noflush unmap 0x40001000; in 1 setpte 0x40002000 p:0x00101000|P");
    ok("in 1 setpde 300 p:0x00800000|P|PS; force in 1 setpde 300 0; in 1 alloc; in 1 frames; in 1 decode 1");
    EXPECT_EQ(word(0x00402000), 0x00401001u);
    EXPECT_EQ(word(0x00402004), 0u);
    EXPECT_EQ(word(0x00402008), 0x00101001u);
    ok("in 1 force map 0x40000000 p:0x00101000; in 1 unmap 0x40000000; in 1 setpte 0x40002000 0");
    expect("in 1 free tables", {"freed empty tables; 1 table freed, nothing to flush"});
    expect("free tables", {"no table is empty"});
}

TEST_F(Spaces, InStandsBehindRepeatAndTime) {
    ok("space new");
    EXPECT_EQ(session.run("repeat 3 in 1 walk 0").size(), 9u);
    EXPECT_EQ(session.run("time in 1 walk 0").back(), "1000 ticks");
    expect_error("in 1 repeat 3 walk 0",
                 "repeat stands before in, force and noflush; usage: repeat N COMMAND");
    EXPECT_EQ(session.text("in --help"), session.text("help in"));
    EXPECT_EQ(session.text("in 1 walk --help"), session.text("help walk"));
}

TEST_F(Spaces, InRefusesWhatMeansTheCurrentSpaceOnly) {
    ok("space new");
    for (const std::string command :
         {"touch 0 r", "probe 0", "stale 0", "invlpg 0", "flush", "cr0 wp on", "cr4 pse on", "space", "undo",
          "log", "echo x", "regs", "quiz", "tiny", "halt", "reboot", "help", "history"}) {
        const std::string name = command.substr(0, command.find(' '));
        expect_error("in 1 " + command, name + " works in the current space only; did you mean space use 1?");
    }
    EXPECT_FALSE(session.machine.halted);
    // The current space by its number is no other space.
    ok("in 0 touch 0 r; in 0 echo x; space use 1; in 1 flush");
}

TEST_F(Spaces, InNeedsANumberAndACommand) {
    expect_error("in", "in needs a number and a command; usage: in N COMMAND");
    expect_error("in 0", "in needs a number and a command; usage: in N COMMAND");
    expect_error("in 1 walk 0", "there is no space 1, only 0");
    expect_error("in walk 0 0", "there is no space walk, only 0");
    expect_error("in 0x0 walk 0", "there is no space 0x0, only 0");
    expect_error("in 0 in 0 walk 0", "a command works in one space: in stands once before it");
    expect_error("in 0 wlak 0", "no command 'wlak'; did you mean walk?");
    expect_error("in 0 force walk 0", "force does not fit before walk; help force says where it stands");
}

TEST_F(Spaces, MemoryOfAnotherSpaceIsFoundByItsTables) {
    ok("space new window; in 1 map 0x40000000; in 1 map 0x40001000 p:0x00800000");
    expect("in 1 poke 0x40000000 0x11223344 2", {"wrote 2 words at 0x40000000"});
    EXPECT_EQ(word(0x00401000), 0x11223344u);
    EXPECT_EQ(word(0x00401004), 2u);
    expect("in 1 fill 0x40000800 0xdeadbeef 3", {"wrote 3 words at 0x40000800"});
    EXPECT_EQ(session.run("in 1 peek 0x40000800 4").at(0),
              "0x40000800  0xdeadbeef  0xdeadbeef  0xdeadbeef  0x00000000");
    // Over the edge of a page, whose neighbour lies elsewhere.
    expect("in 1 poke 0x40000ffe 0xaabbccdd", {"wrote 1 word at 0x40000ffe"});
    EXPECT_EQ(word(0x00401ffc) >> 16, 0xccddu);
    EXPECT_EQ(word(0x00800000) & 0xffff, 0xaabbu);
    EXPECT_EQ(session.run("in 1 peek 0x40000ffe").at(0), "0x40000ffe  0xaabbccdd");
    EXPECT_EQ(session.run("in 1 peek b 0x40000fff 2").at(0), "0x40000fff  0xcc  0xbb");
    session.machine.ram(0x00200000) = 0x600df00d;
    EXPECT_EQ(session.run("in 1 peek 0xc0200000").at(0), "0xc0200000  0x600df00d") << "the kernel's own";
    EXPECT_EQ(session.run("in 1 peek p:0x00200000").at(0), "p:0x00200000  0x600df00d");
}

TEST_F(Spaces, MemoryThatIsNotThereIsAnErrorThatNamesTheSpace) {
    ok("space new; in 1 map 0x40000000 r; map 0x50000000");
    expect_error("in 1 peek 0x50000000",
                 "nothing is mapped at 0x50000000 in space 1: PDE 320 = 0x00000000 -> not present");
    expect_error("in 1 fill 0x40000000 1 2",
                 "the page is read-only in that space; force does it all the same");
    expect_error("in 1 unmap 0x50000000",
                 "nothing is mapped at 0x50000000 in space 1: PDE 320 = 0x00000000 -> not present");
    expect("in 1 force poke 0x40000000 5", {"wrote 1 word at 0x40000000"});
    EXPECT_EQ(session.run("in 1 peek 0x40000000").at(0), "0x40000000  0x00000005");
    ok("in 1 setpte 0x40001000 p:0x7f000000|P|RW");
    expect_error("in 1 peek 0x40001000", "p:0x7f000000 is no RAM; RAM ends at p:0x01000000");
}

TEST_F(Spaces, AWriteToASharedPageOfAnotherSpaceCopiesIt) {
    ok("map 0x40000000 rw 2; poke 0x40001000 1 2; space cow; in 1 poke 0x40001000 5");
    EXPECT_EQ(session.run("peek 0x40001000 2").at(0), "0x40001000  0x00000001  0x00000002");
    EXPECT_EQ(session.run("in 1 peek 0x40001000 2").at(0), "0x40001000  0x00000005  0x00000002");
    EXPECT_EQ(session.machine.space_info(0)->shared_pages, 1u);
    // A page that is read-only by its rights is nobody's to copy.
    ok("in 1 protect 0x40000000 r; in 1 setpte 0x40000000 p:0x00101000|P");
    expect_error("in 1 poke 0x40000000 5", "the page is read-only in that space; force does it all the same");
}

TEST_F(Spaces, AFaultIsExplainedByTheTablesOfTheCpu) {
    ok("space new; in 1 map 0x40000000");
    session.machine.fault_at_read = Exception{.vector = 14, .code = 0, .cr2 = 0x40000000, .eip = 0xc0102345};
    const Lines lines = session.run("in 1 walk 0x40000000");
    EXPECT_EQ(session.status(), Status::fault);
    EXPECT_EQ(lines.back(), "PDE 256 is not present; map 0x40000000 would allow it");
    EXPECT_EQ(session.machine.space_in_work(), 0u);
}

TEST_F(Spaces, TheLastFaultIsExplainedInItsSpace) {
    ok("space new; map 0x40000000; space use 1");
    session.run("peek 0x40000000");
    ASSERT_EQ(session.status(), Status::fault);
    ok("space use 0");
    EXPECT_EQ(session.run("fault").back(), "PDE 256 is not present; map 0x40000000 would allow it");
    EXPECT_EQ(session.run("in 1 fault"), session.run("fault"));
    EXPECT_TRUE(session.machine.output.ends_with("pagelab> "));
    ok("space delete 1");
    expect_error("fault", "there is no space 1, only 0");
}

TEST_F(Spaces, DumppdShowsMmurtlsWordsForWhatTheyAre) {
    ok("space new upper-half; in 1 map 0x16000000; in 1 map 0x40000000");
    expect("in 1 dumppd 88 600", {"PDE 88        0x16000000  0x00402007  P RW US  -> table p:0x00402000",
                                  "PDE 256       0x40000000  0x00404007  P RW US  -> table p:0x00404000",
                                  "PDE 600       0x96000000  0xc0d58000  -  -> the table of slot 88 is at "
                                  "0xc0d58000",
                                  "3 of 513 slots in use"});
    const Lines kernel = session.run("in 1 dumppd 768 1023");
    EXPECT_EQ(kernel.at(1), "displaced: slot 256's word 0xc0e00000 is kept beside the directory, PDE 768 "
                            "stands there");
    EXPECT_EQ(kernel.back(), "1 of 256 slots in use");
    EXPECT_EQ(session.text("in 1 dumppd --json").find("displaced"), std::string::npos);
    EXPECT_NE(session.text("in 1 dumppd 600 --json").find(R"("kind":"not-present")"), std::string::npos);
    // In any other space such a word is only a word.
    ok("setpde 600 0xc0d58000");
    EXPECT_EQ(session.run("dumppd 600").at(0), "PDE 600       0x96000000  0xc0d58000  -  -> not present");
}

TEST_F(Spaces, CheckKnowsWhatIsTheKernelsOwn) {
    // A writable page over a page table: the lab's own in slots that serve a strategy, a warning elsewhere.
    struct Case {
        const char* strategy;
        const char* page;
        bool own;
    };
    for (const auto& [strategy, page, own] :
         {Case{"recursive", "0xc0800000", true}, Case{"recursive", "0xc0bff000", true},
          Case{"recursive", "0xc0d00000", false}, Case{"recursive", "0xc1500000", false},
          Case{"table", "0xc0d00000", true}, Case{"table", "0xc1500000", false},
          Case{"upper-half", "0xc0d00000", true}, Case{"window", "0xc0d00000", false},
          Case{"direct", "0xc1500000", true}, Case{"direct", "0xc0d00000", false},
          Case{"direct", "0xff500000", false}}) {
        Session fresh;
        fresh.run("space new " + std::string{strategy});
        fresh.run("in 1 force map " + std::string{page} + " p:0x00106000");
        ASSERT_EQ(fresh.status(), Status::ok);
        const std::string found = fresh.text("in 1 check");
        EXPECT_EQ(found.find("table-writable") == std::string::npos, own) << strategy << " " << page << "\n"
                                                                          << found;
        // The same of a directory that is named by its address.
        const std::string named = fresh.text("check --cr3 p:0x00400000");
        EXPECT_EQ(named.find("table-writable") == std::string::npos, own) << strategy << " " << page;
    }
}

} // namespace
} // namespace pagelab::shell::test
