#include "serial-console/src/machine/post_mortem.hpp"

#include "kernel/interface/journal.hpp"
#include "kernel/interface/rescue_notes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <map>

namespace pagelab::console::machine {
namespace {

using paging::PhysAddr;

// A small machine: a directory at 0x1000, its table for slot 768 at 0x2000, frames mapped by their number.
constexpr std::uint32_t kDirectory = 0x1000;
constexpr std::uint32_t kTable = 0x2000;
constexpr std::uint32_t kIdt = 0xc0003000;
constexpr std::uint32_t kGdt = 0xc0004000;
constexpr std::uint32_t kHandler = 0xc0005010;
constexpr std::uint32_t kStack = 0xc0006ffc;
constexpr std::uint32_t kCode = 0xc0007000;
constexpr std::uint32_t kRamEnd = 0x100000;

class Guest {
public:
    Guest() {
        put(kDirectory + 768 * 4, kTable | 3);
        for (std::uint32_t frame = 3; frame < 16; ++frame) {
            put(kTable + frame * 4, frame << 12 | 3);
        }
        for (const std::uint32_t vector : {8U, 13U, 14U}) {
            put(0x3000 + vector * 8, 8U << 16 | (kHandler & 0xffff));
            put(0x3000 + vector * 8 + 4, (kHandler & 0xffff0000) | 0x8e00);
        }
        put(0x4008, 0x0000ffff);
        put(0x400c, 0x00cf9a00);
        registers.eip = kCode;
        registers.cr0 = 0x80010031;
        registers.cr3 = kDirectory;
        registers.general[7] = kStack;
        registers.idt = {0, kIdt, 0x7ff};
        registers.gdt = {0, kGdt, 0x37};
    }

    void put(std::uint32_t pa, std::uint32_t value) { words[pa] = value; }
    std::uint32_t& pte(std::uint32_t va) { return words[kTable + (va >> 12 & 1023) * 4]; }

    [[nodiscard]] PhysicalReader reader() const {
        return [this](PhysAddr at) -> std::optional<std::uint32_t> {
            if (at.raw() >= kRamEnd) {
                return std::nullopt;
            }
            const auto found = words.find(static_cast<std::uint32_t>(at.raw()));
            return found == words.end() ? 0 : found->second;
        };
    }
    [[nodiscard]] std::vector<std::string> found() const { return obstacles(registers, reader()); }

    CpuRegisters registers;
    std::map<std::uint32_t, std::uint32_t> words;
};

TEST(PostMortem, says_nothing_of_what_can_be_reached) {
    EXPECT_EQ(Guest().found(), std::vector<std::string>{});
}

TEST(PostMortem, names_all_that_one_entry_stops_in_one_sentence) {
    Guest guest;
    guest.words[kDirectory + 768 * 4] = 0;
    EXPECT_EQ(guest.found(),
              (std::vector<std::string>{
                  "could not be reached: IDT entry 8 (#DF), IDT entry 14 (#PF), IDT entry 13 (#GP), "
                  "the stack at 0xc0006ff8 and the code at EIP 0xc0007000: PDE 768 is 0x00000000, "
                  "not present"}));
}

TEST(PostMortem, tells_a_missing_stack_from_a_read_only_one) {
    Guest guest;
    guest.pte(kStack) = 0;
    EXPECT_EQ(guest.found(), (std::vector<std::string>{"could not be reached: the stack at 0xc0006ff8: PTE "
                                                       "768:6 is 0x00000000, not present"}));
    guest.pte(kStack) = 0x6001;
    EXPECT_EQ(guest.found(), (std::vector<std::string>{"could not be reached: the stack at 0xc0006ff8: PTE "
                                                       "768:6 is 0x00006001, which forbids it"}));
}

TEST(PostMortem, names_the_handlers_code_and_the_last_page_fault) {
    Guest guest;
    guest.pte(kHandler) = 0x00500003; // beyond RAM
    guest.registers.cr2 = 0x40000000;
    const auto lines = post_mortem(guest.registers, std::nullopt, guest.reader());
    EXPECT_EQ(lines[0],
              "could not be reached: the handler of #DF at 0xc0005010, the handler of #PF at 0xc0005010 "
              "and the handler of #GP at 0xc0005010: it leads to p:0x00500010, where no RAM is");
    EXPECT_EQ(lines[1], "the last page fault was at 0x40000000 (CR2): PDE 256 is 0x00000000, not present");
}

TEST(PostMortem, names_an_idt_that_ends_too_early_and_a_broken_gate) {
    Guest guest;
    guest.registers.idt = {0, 0, 0};
    EXPECT_EQ(guest.found(), (std::vector<std::string>{
                                 "the IDT at 0x00000000 ends before IDT entry 8 (#DF): its limit is 0x0"}));
    Guest other;
    other.put(0x3000 + 14 * 8 + 4, 0);
    ASSERT_EQ(other.found().size(), 1U);
    EXPECT_NE(other.found()[0].find("IDT entry 14 (#PF) is no gate"), std::string::npos);
}

TEST(PostMortem, names_a_selector_that_the_gdt_does_not_have) {
    Guest guest;
    guest.registers.gdt.limit = 0;
    ASSERT_FALSE(guest.found().empty());
    EXPECT_EQ(guest.found()[0],
              "IDT entry 8 (#DF) names the selector 0x0008, but the GDT at 0xc0004000 has the limit 0x0");
}

TEST(PostMortem, follows_a_task_gate_through_its_tss_and_directory) {
    Guest guest;
    guest.put(0x3000 + 8 * 8, 0x18U << 16);
    guest.put(0x3000 + 8 * 8 + 4, 0x8500);
    guest.put(0x4018, 0x9000U << 16 | 0x67); // the TSS at 0xc0009000
    guest.put(0x401c, 0xc0008900);
    guest.put(0x9000 + 0x1c, 0xa000); // its directory has nothing
    guest.put(0x9000 + 0x20, kHandler);
    guest.put(0x9000 + 0x38, kStack);
    guest.registers.task.base = 0xc0008000;
    EXPECT_EQ(guest.found(),
              (std::vector<std::string>{"could not be reached: the task of #DF at 0xc0005010 and the stack "
                                        "of #DF's task: PDE 768 is 0x00000000, not present"}));
}

TEST(PostMortem, knows_a_death_in_the_rescue_by_its_directory) {
    interface::LabPage page {};
    page.cr3 = kDirectory;
    CpuRegisters registers = Guest().registers;
    EXPECT_FALSE(died_in_rescue(registers, page));
    page.rescue_report_pa = 0x8000;
    EXPECT_FALSE(died_in_rescue(registers, page));
    registers.cr3 = 0x9000;
    EXPECT_TRUE(died_in_rescue(registers, page));
}

TEST(PostMortem, tells_what_the_rescue_had_been_called_for) {
    Guest guest;
    interface::LabPage page {};
    page.cr3 = 0x9000;
    page.rescue_report_pa = 0x8000;
    interface::RescueReport report;
    report.magic = interface::RescueReport::kMagic;
    report.vector = 8;
    report.eip = 0xc0102000;
    report.esp = 0xc0000ffc;
    report.cr2 = 0x1000;
    report.repairs.total = 3;
    report.nested = 2;
    const auto words = std::bit_cast<std::array<std::uint32_t, sizeof report / 4>>(report);
    for (std::uint32_t i = 0; i < words.size(); ++i) {
        guest.put(0x8000 + i * 4, words[i]);
    }
    EXPECT_EQ(post_mortem(guest.registers, page, guest.reader())[1].find("the rescue had"), std::string::npos)
        << "that was an earlier one";
    guest.put(0x8000 + offsetof(interface::RescueNotes, depth), 1);
    EXPECT_EQ(post_mortem(guest.registers, page, guest.reader())[1],
              "the rescue had been called for vector 8 at EIP 0xc0102000, ESP 0xc0000ffc, CR2 0x00001000; it "
              "had put right 3 words and met 2 exceptions of its own");
    guest.put(0x8000, 0);
    EXPECT_EQ(post_mortem(guest.registers, page, guest.reader())[1].find("the rescue had"),
              std::string::npos);
}

TEST(PostMortem, tells_the_last_command_and_the_last_records) {
    Guest guest;
    interface::LabPage page {};
    page.command_count = 7;
    page.state = static_cast<std::uint32_t>(interface::LabState::running);
    std::strcpy(page.last_command.data(), "crash \x1b");
    page.journal_pa = 0x20000;
    guest.put(0x20004, 12);
    for (std::uint32_t sequence = 1; sequence < 12; ++sequence) {
        const std::uint32_t at = 0x20020 + sequence * 32;
        guest.put(at, sequence);
        guest.put(at + 12, static_cast<std::uint32_t>(interface::JournalKind::begin));
        guest.put(at + 28, sequence);
    }
    guest.put(0x20020 + 11 * 32, 99); // overwritten meanwhile
    const auto lines = post_mortem(guest.registers, page, guest.reader());
    ASSERT_GT(lines.size(), 8U);
    EXPECT_EQ(lines[0], "last command: `crash ?` (number 7)");
    EXPECT_EQ(lines[2], "last records of the journal:");
    EXPECT_EQ(lines[3], "     6  begin       command 6 begins");
    EXPECT_EQ(lines[7], "    10  begin       command 10 begins");
    EXPECT_NE(lines[8].find("esp"), lines[8].find("eax"));
}

TEST(PostMortem, does_not_walk_tables_that_the_cpu_reads_in_another_form) {
    Guest guest;
    guest.registers.cr4 = 0x20;
    guest.words[kDirectory + 768 * 4] = 0;
    const auto lines = post_mortem(guest.registers, std::nullopt, guest.reader());
    EXPECT_NE(lines[0].find("PAE is 1"), std::string::npos) << lines[0];
}

TEST(PostMortem, survives_any_memory) {
    Guest guest;
    guest.registers.cr3 = 0xfffff000;
    interface::LabPage page {};
    page.journal_pa = 0xfffff000;
    page.last_command.fill('x');
    page.command_count = 1;
    EXPECT_FALSE(post_mortem(guest.registers, page, guest.reader()).empty());
    guest.registers.cr0 = 0x10;
    EXPECT_NE(post_mortem(guest.registers, page, guest.reader())[1].find("real mode"), std::string::npos);
}

TEST(Registers, are_read_out_of_qemus_text) {
    const auto registers =
        parse_registers("\r\nCPU#0\r\n"
                        "EAX=000000fd EBX=c012e9a0 ECX=0000004c EDX=00000000\r\n"
                        "ESI=40004000 EDI=00000000 EBP=00000000 ESP=c0140fe0\r\n"
                        "EIP=c0102dfd EFL=00000247 [---Z-PC] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
                        "CS =0008 00000000 ffffffff 00cf9b00 DPL=0 CS32 [-RA]\r\n"
                        "SS =0010 00000000 ffffffff 00cf9300 DPL=0 DS   [-WA]\r\n"
                        "TR =0028 c012d100 00000067 00008900 DPL=0 TSS32-avl\r\n"
                        "GDT=     c012c000 00000037\r\n"
                        "IDT=     c012d168 000007ff\r\n"
                        "CR0=80010031 CR2=40004000 CR3=00138000 CR4=00000090\r\n");
    ASSERT_TRUE(registers);
    EXPECT_EQ(registers->esp(), 0xc0140fe0);
    EXPECT_EQ(registers->general[0], 0xfdU);
    EXPECT_EQ(registers->task.base, 0xc012d100);
    EXPECT_EQ(registers->task.selector, 0x28U);
    EXPECT_EQ(registers->gdt.limit, 0x37U);
    EXPECT_EQ(registers->idt.base, 0xc012d168);
    EXPECT_EQ(registers->cs, 8U);
    EXPECT_TRUE(registers->halted);
    EXPECT_EQ(registers->cr4, 0x90U);
    EXPECT_FALSE(parse_registers("QEMU has no CPU"));
}

TEST(Registers, control_registers_are_read_in_any_mode) {
    const auto control = parse_control("RIP=ffffffff81000000 RFL=00000046\n"
                                       "CR0=80050033 CR2=00007fff12345678 CR3=0000000123456000 CR4=000006a0\n"
                                       "EFER=0000000000000d01\n");
    ASSERT_TRUE(control);
    EXPECT_EQ(control->cr0, 0x80050033u);
    EXPECT_EQ(control->cr3, 0x123456000u);
    EXPECT_EQ(control->cr4, 0x6a0u);
    EXPECT_EQ(control->efer, 0xd01u);
    EXPECT_FALSE(parse_control("CR0=80050033 CR3=1"));
}

} // namespace
} // namespace pagelab::console::machine
