// What the shell says when the rescue has brought it back, and when the audit found damage.
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pagelab::shell::test {
namespace {

using interface::RepairKind;
using interface::RescueReport;
using interface::WalkWords;

/// The slot of the kernel was emptied: nothing of it could be fetched.
RescueReport slot_emptied() {
    RescueReport report{.vector = 8,
                        .eip = 0xc01021c0,
                        .esp = 0xc0148000,
                        .cr0 = 0x80010031,
                        .cr2 = 0xc01021c0,
                        .cr3 = 0x00105000};
    for (const RescueReport::Walk walk : {RescueReport::cr2_walk, RescueReport::eip_walk,
                                          RescueReport::stack_walk, RescueReport::handler_walk}) {
        report.walks[walk] = {.address = 0xc01021c0, .pde = 0, .there = WalkWords::kPde};
    }
    report.repairs.add({RepairKind::directory_slot, 768, 0, 0x00106003});
    return report;
}

TEST(RescueReportText, NamesWhatTheCpuCouldNotDoTheEntryAndTheRepair) {
    Session session;
    session.machine.death = slot_emptied();
    EXPECT_EQ(
        session.run("crash stack"),
        (std::vector<std::string>{
            "#DF double fault at EIP 0xc01021c0: the CPU could enter no handler of the kernel's; the rescue "
            "took over",
            "the CPU could not fetch its next instruction:",
            "0xc01021c0 = 768:258:0x1c0  cr3 p:0x00105000  32-bit",
            "PDE 768       -  p:0x00105c00  0x00000000  -  -> not present", "no page: PDE 768 is not present",
            "put right: PDE 768  0x00000000 -> 0x00106003",
            "the command was ended and its changes were taken back; your mappings live on"}));
    EXPECT_EQ(session.statuses, (std::vector{Status::rescued}));
}

TEST(RescueReportText, KeepsShortHoweverMuchWasBroken) {
    Session session;
    RescueReport report = slot_emptied();
    for (std::uint32_t i = 0; i < 1000; ++i) {
        report.repairs.add({RepairKind::text, 0x00102000 + i * 4, 0, 1});
    }
    session.machine.death = report;
    const std::string text = session.text("crash stack");
    EXPECT_NE(text.find("put right: code at p:0x00102008"), std::string::npos);
    EXPECT_NE(text.find("and 997 more\n"), std::string::npos);
    EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 14);
}

TEST(RescueReportText, OfAnNmiSaysThatTheConsoleEndedTheCommand) {
    Session session;
    session.machine.death = RescueReport{.vector = 2, .from_host = 2};
    EXPECT_EQ(session.run("crash loop"),
              (std::vector<std::string>{"NMI: the console ended the command; its changes were taken back"}));
    EXPECT_EQ(session.statuses, (std::vector{Status::rescued}));
}

TEST(RescueReportText, OfAnNmiThatTheConsoleDidNotSendSaysSo) {
    Session session;
    session.machine.death = RescueReport{.vector = 2};
    EXPECT_EQ(session.run("crash interrupt 2"),
              (std::vector<std::string>{
                  "NMI, not the console's: the command was ended and its changes were taken back"}));
}

TEST(RescueReportText, InAQueryForJsonIsARecord) {
    Session session;
    session.machine.death = slot_emptied();
    const auto lines = session.run("peek 0 --json");
    ASSERT_EQ(lines.size(), 1u);
    const auto record = nlohmann::json::parse(lines[0]);
    EXPECT_EQ(record.at("record"), "rescue");
    EXPECT_EQ(record.at("vector"), 8);
    EXPECT_EQ(record.at("blame"), "PDE 768");
    EXPECT_EQ(record.at("repairs"), 1);
}

TEST(AuditReport, TellsWhatWasPutRightAndThatTheCommandWasTakenBack) {
    Session session;
    session.run("echo");
    session.machine.audited.add({RepairKind::space_entry, 1023, 0, 0x00105003});
    EXPECT_EQ(
        session.run("echo hi"),
        (std::vector<std::string>{
            "hi",
            "the kernel stands on what the command broke: it was put right, and the command's changes were "
            "taken back",
            "put right: PDE 1023  0x00000000 -> 0x00105003"}));
}

} // namespace
} // namespace pagelab::shell::test
