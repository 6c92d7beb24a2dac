// What each command prints and does, line by line.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>

namespace pagelab::shell::test {
namespace {

using interface::Status;
using Lines = std::vector<std::string>;

class Commands : public ::testing::Test {
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
    std::uint32_t word(std::uint32_t pa) { return session.machine.ram(pa); }
};

TEST_F(Commands, MapSaysWhatItDid) {
    expect("map 0x40000000",
           {"mapped 0x40000000-0x40001000, 1 page of 4 KiB, from p:0x00400000; 1 table made, 1 frame taken, "
            "nothing to flush"});
    EXPECT_EQ(word(0x00105000 + 256 * 4), 0x00401007u);
    EXPECT_EQ(word(0x00401000), 0x00400003u);
    expect("map 0x40001000 rwu 16K", {"mapped 0x40001000-0x40005000, 4 pages of 4 KiB, from p:0x00402000; 4 "
                                      "frames taken, nothing to flush"});
    expect("map 0x80000000 p:0x00800000 rw,big 2",
           {"mapped 0x80000000-0x80800000, 2 pages of 4 MiB, from p:0x00800000; nothing to flush"});
    EXPECT_EQ(word(0x00105000 + 512 * 4), 0x00800083u);
}

TEST_F(Commands, MapTakesRightsOfThreeKinds) {
    ok("map 0x40000000 p:0x00101000 r");
    EXPECT_EQ(word(0x00400000), 0x00101001u);
    ok("map 0x40001000 p:0x00101000 rw,u,nc,wt");
    EXPECT_EQ(word(0x00400004), 0x0010101fu);
    ok("map 0x40002000 p:0x00101000 RW|US|G");
    EXPECT_EQ(word(0x00400008), 0x00101107u);
    EXPECT_EQ(session.run("map 0x40003000 p:0x00101000 rwx").at(1),
              "note: 32-bit paging has no NX; what can be read can be executed");
}

TEST_F(Commands, MapRefusesWithWhatWouldBeRight) {
    ok("map 0x40000000");
    expect_error("map 0x40000000",
                 "0x40000000 is mapped: PTE 256:0 = 0x00400003 -> page p:0x00400000; force replaces it");
    expect_error("map 0x40000123", "0x40000123 is not aligned to 4 KiB; did you mean 0x40000000?");
    expect_error("map 0x50000000 p:0x00101001", "p:0x00101001 is not aligned to 4 KiB; did you mean "
                                                "p:0x00101000?");
    expect_error("map 0x50001000 rw,big", "0x50001000 is not aligned to 4 MiB; did you mean 0x50000000?");
    expect_error("map 0x50000000 0x101000", "0x101000 is not a count; a physical address is p:0x00101000");
    expect_error("map 0xfffff000 rw 2",
                 "the range from 0xfffff000 passes the end: virtual addresses end at 0x100000000, and so do "
                 "those in a PTE");
    expect_error("map 0xd0000000", "the kernel's own mappings are there; force does it all the same");
    expect_error("map 0x50000000 rw 5000", "not enough free frames: 3070 are left");
    expect_error("map 0x50000000 rw 1 2", "'2' is one too many: map VA [p:PA] [RIGHTS] [COUNT]");
    expect_error("map 0x50000000 p:0 p:0", "'p:0' is one too many: map VA [p:PA] [RIGHTS] [COUNT]");
    ok("cr4 pse off");
    expect_error("map 0x50000000 rw,big",
                 "4 MiB pages need CR4.PSE; cr4 pse on turns it on where the CPU has it");
}

TEST_F(Commands, ForceReplacesAndPassesTheGuard) {
    ok("map 0x40000000; force map 0x40000000 p:0x00101000 r");
    EXPECT_EQ(word(0x00401000), 0x00101001u);
    ok("force map 0xd0000000");
    expect_error("force walk 0", "force does not fit before walk; help force says where it stands");
    expect_error("noflush poke 0xc0101000 1",
                 "noflush does not fit before poke; help noflush says where it stands");
    expect_error("force", "force needs a command; usage: force COMMAND");
}

TEST_F(Commands, UnmapAndProtectTellFlushes) {
    ok("map 0x40000000 rw 2");
    expect("protect 0x40000000 +u",
           {"protected 1 page from 0x40000000; first entry 0x00400003 -> 0x00400007; 1 page flushed"});
    expect(
        "noflush protect 0x40000000 r",
        {"protected 1 page from 0x40000000; first entry 0x00400007 -> 0x00400001; the flush was left out"});
    expect("unmap 0x40000000 2", {"unmapped 2 pages from 0x40000000; 2 frames freed, 2 pages flushed"});
    expect_error("unmap 0x40000000",
                 "nothing is mapped at 0x40000000: PTE 256:0 = 0x00000000 -> not present");
    expect("free tables", {"freed empty tables; 1 table freed, nothing to flush"});
    expect("free tables", {"no table is empty"});
}

TEST_F(Commands, UnmapCountsInPagesOfTheSizeInUse) {
    ok("map 0x80000000 p:0x00800000 rw,big 2");
    expect_error("unmap 0x80000000 4K", "4K is not a whole number of pages of 4 MiB");
    expect_error("unmap 0x80001000", "0x80001000 is not aligned to 4 MiB; did you mean 0x80000000?");
    expect("unmap 0x80000000 8M", {"unmapped 2 pages from 0x80000000; 2 pages flushed"});
}

TEST_F(Commands, RawEntriesAreWrittenAsTheyAre) {
    ok("map 0x40000000");
    expect("setpte 0x40001000 p:0x00101000|P|RW|US",
           {"PTE 256:1  0x00000000 -> 0x00101007; nothing to flush"});
    expect("setpte 256:1 0", {"PTE 256:1  0x00101007 -> 0x00000000; 1 page flushed"});
    expect("setpde 257 0x00400083", {"PDE 257  0x00000000 -> 0x00400083; nothing to flush"});
    expect_error("setpte 0x50000000 1", "0x50000000 has no page table: PDE 320 = 0x00000000 -> not present; "
                                        "map 0x50000000 makes one");
    expect_error("setpte 0x40001004 1", "0x40001004 is not aligned to 4 KiB; did you mean 0x40001000?");
    expect_error("setpde 1023 0", "the kernel lives there; force does it all the same");
}

TEST_F(Commands, PeekPrintsLinesOfSixteenBytes) {
    session.machine.ram(0x00200000) = 0x12345678;
    session.machine.ram(0x00200004) = 0x9abcdef0;
    expect("peek 0xc0200000", {"0xc0200000  0x12345678"});
    expect("peek 0xc0200000 5",
           {"0xc0200000  0x12345678  0x9abcdef0  0x00000000  0x00000000", "0xc0200010  0x00000000"});
    expect("peek b 0xc0200001 3", {"0xc0200001  0x56  0x34  0x12"});
    expect("peek h 0xc0200000 2", {"0xc0200000  0x5678  0x1234"});
    expect("peek w p:0x00200000 2", {"p:0x00200000  0x12345678  0x9abcdef0"});
}

TEST_F(Commands, PeekRefusesBeforeItPrints) {
    expect_error("peek p:0x00fffffc 2", "p:0x01000000 is no RAM; RAM ends at p:0x01000000");
    expect_error("peek 0xfffffffc 2", "that many words pass the last address, 0xffffffff");
    expect_error("peek b", "peek b needs an address");
    expect_error("peek b 0xc0100000 1 1",
                 "'1' is one argument too many; usage: peek [b|h|w] ADDR [COUNT] [--json]");
    expect_error("peek 0xc0100000 1 1", "'1' is one argument too many");
    const Lines lines = session.run("peek 0xc009fff8 16");
    EXPECT_TRUE(lines.at(0).starts_with("#PF")) << "no line of a chunk that faults: " << lines.at(0);
}

TEST_F(Commands, PokeWritesUnitsAndEntries) {
    ok("map 0x40000000");
    expect("poke 0x40000000 0x11223344 2", {"wrote 2 words at 0x40000000"});
    EXPECT_EQ(word(0x00400000), 0x11223344u);
    EXPECT_EQ(word(0x00400004), 2u);
    ok("poke b 0x40000001 0xff; poke h 0x40000006 0xabcd; poke w p:0x00400008 p:0x00101000|P|RW|US");
    EXPECT_EQ(word(0x00400000), 0x1122ff44u);
    EXPECT_EQ(word(0x00400004), 0xabcd0002u);
    EXPECT_EQ(word(0x00400008), 0x00101007u);
    expect_error("poke b 0x40000000 0x100", "'0x100' does not fit: the largest value here is 0xff");
    expect_error("poke p:0x00105000 0", "the kernel's page directory lies there; force does it all the same");
}

TEST_F(Commands, PokeAndFillDoAllOrNothing) {
    ok("map 0x40000000; map 0x40001000 r");
    const auto before = session.machine.snapshot();
    session.run("poke 0x40000ff8 1 2 3");
    EXPECT_EQ(session.status(), Status::fault);
    session.run("fill 0x40000000 0xffffffff 2048");
    EXPECT_EQ(session.status(), Status::fault);
    EXPECT_EQ(session.machine.snapshot(), before);
    expect("fill 0x40000000 0xdeadbeef 4K", {"wrote 1024 words at 0x40000000"});
    EXPECT_EQ(word(0x00400000), 0xdeadbeefu);
    EXPECT_EQ(word(0x00400ffc), 0xdeadbeefu);
}

TEST_F(Commands, FramesAreTakenAndGivenBack) {
    expect("alloc 2", {"took 2 frames from p:0x00400000"});
    expect("free p:0x00400000 2", {"gave back 2 frames from p:0x00400000"});
    expect_error("free p:0x00900000", "p:0x00900000 was not handed out by alloc");
    expect_error("alloc 4000", "not enough free frames: 3072 are left");
    EXPECT_EQ(session.run("frames").at(0), "total          4096  16 MiB");
}

TEST_F(Commands, TouchTellsPredictionAndCpu) {
    expect("touch 0xc0101000 r",
           {"0xc0101000  read by kernel  predicted allowed  CPU allowed  they agree; no trace but A and D"});
    expect(
        "touch 0 w user",
        {"0x00000000  write by user  predicted fault 0x6  CPU fault 0x6  they agree; no trace but A and D"});
    session.machine.lie = TouchResult{};
    const Lines lines = session.run("touch 0 w");
    EXPECT_EQ(session.status(), Status::error);
    EXPECT_EQ(lines,
              (Lines{"0x00000000  write by kernel  predicted fault 0x2  CPU allowed  they differ; no "
                     "trace but A and D",
                     "error: CPU and tables differ at 0x00000000: the TLB may hold an old entry; invlpg "
                     "0x00000000 drops it"}));
    expect_error("touch 0xdead0000 x", "can't be tried at 0xdead0000: it would hurt");
    expect_error("touch 0 rw", "'rw' is no access; write r, w or x");
}

TEST_F(Commands, ProbeTriesEveryAccessInBothRings) {
    ok("map 0x40000000 r");
    expect("probe 0x40000000",
           {"0x40000000     predicted   CPU", "kernel  read   allowed     allowed",
            "kernel  write  fault 0x3   fault 0x3", "kernel  fetch  allowed     allowed",
            "user    read   fault 0x5   fault 0x5", "user    write  fault 0x7   fault 0x7",
            "user    fetch  fault 0x5   fault 0x5", "no trace but A and D"});
    EXPECT_EQ(session.run("probe 0x40000000 --json").size(), 6u);
    session.machine.lie = TouchResult{};
    const Lines lines = session.run("probe 0x40000000");
    EXPECT_EQ(session.status(), Status::error);
    EXPECT_EQ(lines.at(2), "kernel  write  fault 0x3   allowed   differs");
    EXPECT_TRUE(lines.back().starts_with("error: CPU and tables differ at 0x40000000"));
    session.machine.lie.reset();
    EXPECT_EQ(session.run("probe 0xdead0000").at(1),
              "kernel  read   fault 0x0   predicted only: it would hurt");
}

TEST_F(Commands, StaleTellsMappingFrameAndRights) {
    ok("map 0x40000000 r");
    expect("stale 0x40000000", {"0x40000000  fresh: the CPU uses what the tables say"});
    session.machine.lie = TouchResult{};
    expect("stale 0x40000000",
           {"0x40000000  stale: the CPU still lets the kernel write, the tables no longer do; "
            "invlpg 0x40000000 drops the old entry"});
    session.machine.staleness = machine::Staleness::other_frame;
    expect("stale 0x40000000",
           {"0x40000000  stale: the CPU still reads another page than the one that the tables "
            "name; invlpg 0x40000000 drops the old entry"});
    session.machine.staleness = machine::Staleness::still_mapped;
    expect("stale 0x40000000 --json",
           {R"({"record":"stale","v":1,"va":"0x40000000","stale":true,"what":"mapping",)"
            R"("text":"nothing is mapped there any more, but the CPU still reads a page"})"});
    expect_error("stale 0xdead0000", "can't be tried at 0xdead0000: it would hurt");
}

TEST_F(Commands, FaultExplainsTheLastOneAndAnyOther) {
    expect_error("fault", "the journal holds no page fault; usage: fault [CR2 CODE]");
    const Lines report = session.run("peek 0x1234");
    expect("fault", Lines(report.begin() + 1, report.end()));
    EXPECT_EQ(session.run("fault 0xc0100000 7").back(),
              "PTE 768:256 is for the kernel only (US = 0); protect 0xc0100000 +u would allow it");
    expect_error("fault 0", "fault needs CR2 and CODE, or nothing; usage: fault [CR2 CODE]");
}

TEST_F(Commands, TlbCommandsReachTheMachine) {
    expect("invlpg 0x40000123", {"the TLB holds nothing of the page at 0x40000000"});
    expect("flush", {"CR3 loaded again; global pages stay"});
    expect("flush global", {"CR3 loaded again, global pages flushed too"});
    EXPECT_EQ(session.machine.invalidated, 1);
    EXPECT_EQ(session.machine.flushed, 2);
}

TEST_F(Commands, UndoTakesBackCommands) {
    ok("map 0x40000000; map 0x40001000");
    expect("undo", {"took back command 2; 1 entry restored, 1 frame freed"});
    expect("undo", {"took back command 1; 2 entries restored, 2 frames freed"});
    expect_error("undo", "nothing to undo: no command changed anything since");
}

TEST_F(Commands, UndoOfTheMachineSaysWhyItDidNotComeAbout) {
    using machine::HostAnswer;
    ok("map 0x40000000");
    expect_error("undo --machine",
                 "undo --machine needs a console with snapshots; scripts/run is one, up to 64 MiB of RAM and "
                 "without --icount; undo takes back entries alone");
    session.machine.host_answer = HostAnswer::no_snapshot;
    expect_error("undo --machine",
                 "the console has no snapshot from before the last line; did you mean undo?");
    session.machine.host_answer = HostAnswer::silent;
    expect_error("undo --machine", "the console does not answer; did you mean undo?");
    expect_error("undo 2 --machine", "undo --machine takes no number: it goes back before the last line");
    session.machine.host_answer = HostAnswer::interrupted;
    session.run("undo --machine");
    EXPECT_EQ(session.status(), interface::Status::interrupted);
    expect("undo", {"took back command 1; 2 entries restored, 2 frames freed"});
}

TEST_F(Commands, UndoOfMoreThanThereIsChangesNothingAndSaysHowMany) {
    ok("map 0x40000000");
    expect_error("undo 3", "only 1 command can be taken back; did you mean undo 1?");
    expect("undo 1", {"took back command 1; 2 entries restored, 2 frames freed"});
}

TEST_F(Commands, LogTellsTheLastRecords) {
    ok("map 0x40000000");
    const Lines lines = session.run("log 3");
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_TRUE(lines[0].starts_with("     3  pte         PTE ")) << lines[0];
    EXPECT_TRUE(lines[0].ends_with("  0x00000000 -> 0x00400003")) << lines[0];
    EXPECT_EQ(lines[1], "     4  commit      its changes stand");
    EXPECT_EQ(lines[2], "     5  begin       command 2 begins");
}

TEST_F(Commands, RegistersNameTheirBits) {
    expect("regs", {"cr0     0x80010001  PE WP PG", "cr2     0x00000000", "cr3     0x00105000",
                    "cr4     0x00000090  PSE PGE", "eflags  0x00000002"});
    expect("cr0 wp off", {"CR0.WP = 0: the kernel writes to read-only pages"});
    EXPECT_EQ(session.run("regs").at(0), "cr0     0x80000001  PE PG");
    expect("cr4 pge off", {"CR4.PGE = 0"});
    expect_error("cr0 wp maybe", "'maybe' is no state; write on or off");
}

TEST_F(Commands, DumpsCountWhatIsInUse) {
    expect("dumppd", {"PDE 768       0xc0000000  0x00106023  P RW A  -> table p:0x00106000",
                      "PDE 1023      0xffc00000  0x00105063  P RW A  -> self-map p:0x00105000",
                      "2 of 1024 slots in use"});
    expect("dumppd 0 767", {"0 of 768 slots in use"});
    ok("map 0x40000000");
    const Lines table{"PTE 256:0     0x40000000  0x00400003  P RW  -> page p:0x00400000",
                      "1 of 1024 entries in use"};
    expect("dumppt 256", table);
    expect("dumppt 0x40000000", table);
    expect_error("dumppt 5", "PDE 5 leads to no page table: not present");
}

TEST_F(Commands, FindNamesEveryUse) {
    ok("map 0x40000000 p:0x00105000 r");
    expect("find p:0x00105000",
           {"0x40000000  4 KiB  PDE 256 PTE 256:0  kernel r-x  user ---",
            "0xc0105000  4 KiB  PDE 768 PTE 768:261  kernel rwx  user ---", "table in PDE 1023 (0xffc00000)",
            "0xfffff000  4 KiB  PDE 1023 PTE 1023:1023  kernel rwx  user ---", "directory in CR3",
            "5 uses of p:0x00105000"});
    expect("find 0x00900000", {"0 uses of p:0x00900000"});
}

TEST_F(Commands, CheckFailsOnlyForErrors) {
    expect("check", {"0 errors, 0 warnings, 0 notes"});
    ok("map 0x40000000 p:0x00105000 rw");
    expect("check", {"warning table-writable: PTE 256:0 maps the page table at p:0x00105000 writably, beside "
                     "the self-map",
                     "0 errors, 1 warning, 0 notes"});
    ok("unmap 0x40000000");
    ok("setpde 5 p:0x7f000000|P");
    const Lines lines = session.run("check");
    EXPECT_EQ(session.status(), Status::error);
    EXPECT_EQ(lines.at(0), "error table-beyond-ram: PDE 5 points at a table at p:0x7f000000, beyond RAM");
    EXPECT_EQ(lines.back(), "1 error, 0 warnings, 0 notes");
    expect("check --cr3 p:0x00900000",
           {"note self-map-missing: no slot maps the directory onto itself", "0 errors, 0 warnings, 1 note"});
}

TEST_F(Commands, CheckTellsAliases) {
    ok("map 0x40000000 p:0x00800000 rwu");
    expect("check", {"0 errors, 0 warnings, 0 notes"});
    ok("map 0x50000000 p:0x00800000 r");
    expect("check", {"note alias-rights: PTE 320:0 maps p:0x00800000 with other rights than 0x40000000 does",
                     "0 errors, 0 warnings, 1 note"});
}

TEST_F(Commands, MapsFilters) {
    ok("map 0x40000000 p:0x00101000 ru");
    expect("maps --user", {"0x40000000-0x40001000      4 KiB  p:0x00101000  4 KiB  kernel r-x  user r-x  US",
                           "1 region, 4 KiB mapped"});
    expect("maps --user --tree",
           {"directory p:0x00105000", "PDE 256       0x40000000  0x00400007  P RW US  -> table p:0x00400000",
            "`- 0x40000000-0x40001000      4 KiB  p:0x00101000  4 KiB  kernel r-x  "
            "user r-x  US",
            "1 region, 4 KiB mapped"});
    EXPECT_EQ(session.run("maps 0xc0101000+4K --ad").at(0),
              "0xc0101000-0xc0102000      4 KiB  p:0x00101000  4 KiB  kernel rwx  user ---  RW A D G");
    EXPECT_EQ(session.run("maps --tree --json"),
              (Lines{"{\"record\":\"error\",\"v\":1,\"text\":\"--tree draws and --json lists; leave one of "
                     "them out\"}"}));
    EXPECT_EQ(session.status(), Status::error);
    expect("maps 0x10000000-0x20000000", {"nothing is mapped"});
    EXPECT_EQ(session.run("maps --exec --user --writable"), (Lines{"nothing is mapped"}));
    EXPECT_EQ(session.run("maps --exec --user"), session.run("maps --user"));
    expect("maps --phys p:0x00101000+4K --user",
           {"0x40000000-0x40001000      4 KiB  p:0x00101000  4 KiB  kernel r-x  user r-x  US",
            "1 region, 4 KiB mapped"});
}

TEST_F(Commands, OtherToolsWordsRunOursAndShowIt) {
    const auto shows = [&](std::string_view foreign, const std::string& ours) {
        const Lines lines = session.run(foreign);
        ASSERT_FALSE(lines.empty()) << foreign;
        EXPECT_EQ(lines[0], "# " + ours) << foreign;
        EXPECT_EQ(session.status(), Status::ok) << foreign;
        EXPECT_EQ(Lines(lines.begin() + 1, lines.end()), session.run(ours)) << foreign;
    };
    shows("showmappings 0xc0000000 0xc0002000", "maps 0xc0000000-0xc0002000");
    shows("showmappings 0xc0000000 0xc0000000", "maps 0xc0000000+4K");
    shows("info mem", "maps");
    shows("info tlb", "maps");
    shows("gva2gpa 0xc0100000", "walk 0xc0100000");
    shows("v2p 0xc0100000", "walk 0xc0100000");
    shows("vtop 0xc0100000", "walk 0xc0100000");
    shows("!pte 0xc0100000", "walk 0xc0100000");
    shows("x/8wx 0xc0200000", "peek w 0xc0200000 8");
    shows("x 0xc0200000", "peek w 0xc0200000");
    shows("x/4xb 0xc0200000", "peek b 0xc0200000 4");
    shows("xp/8wx 0x00200000", "peek w p:0x00200000 8");
    shows("pmap", "maps");
    ok("map 0x40000000");
    const Lines lines = session.run("setperm 0x40000000 +u");
    EXPECT_EQ(lines.at(0), "# protect 0x40000000 +u");
    EXPECT_EQ(session.run("gva2gpa 0xc0100000 --json").size(), 1u) << "one record per line";
    ok("force setperm 0xc0101000 rw");
    expect_error("x/4wx", "x/4wx needs an address");
    expect_error("info cpus", "info knows mem, tlb and registers here; did you mean info mem?");
}

TEST_F(Commands, EchoPrintsItsWords) {
    expect("echo a   b", {"a b"});
    expect("echo --json # comment", {"--json"});
    expect("echo", {""});
}

} // namespace
} // namespace pagelab::shell::test
