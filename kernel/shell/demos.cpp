// The scripts of `demo`; demo.hpp says how they are written.
#include "kernel/shell/demo.hpp"

#include <algorithm>

namespace pagelab::shell {
namespace {

constexpr Demo kDemos[] = {
    {"stale", "an entry changes without invlpg: the CPU uses the old one",
     "Two pages; then page 0 gets the frame of page 1, and the TLB is not told:\n"
     ">map %0 rw 2\n"
     ">poke %0 0x1111\n"
     ">poke %1 0x2222\n"
     ">noflush setpte %0 $1|P|RW\n"
     ">peek %0\n"
     "That is the old frame. The tables are right, so no debugger sees it; a load does:\n"
     ">stale %0\n"
     "Cure: invlpg after each change of a present entry.\n"
     ">invlpg %0\n"
     ">peek %0\n"},
    {"wrong-invlpg", "invlpg for another address than the one that counts",
     "Slots %A and %B lead to one table, as the directories of two spaces may:\n"
     ">map %0 rw 2\n"
     ">poke %0 0x1111\n"
     ">poke %1 0x2222\n"
     ">setpde %B $A|P|RW|US\n"
     ">peek %0\n"
     ">noflush setpte %4 $1|P|RW\n"
     ">invlpg %4\n"
     ">peek %4\n"
     ">peek %0\n"
     "The same PTE, but the TLB knows pages. Cure: invlpg for each address of the entry.\n"
     ">invlpg %0\n"
     ">peek %0\n"},
    {"window", "a PDE is switched and only the page is flushed",
     ">map %0\n"
     ">map %4\n"
     ">poke %4 0x4444\n"
     ">peek %w\n"
     "PDE %A gets the table of slot %B:\n"
     ">noflush setpde %A $B|P|RW|US\n"
     ">invlpg %0\n"
     ">peek %0\n"
     "The page is the new one, but the self-map still shows the old table; what is written there is lost:\n"
     ">poke 1023:%A:0 0x1000\n"
     ">dumppt %A\n"
     "Cure: flush the window's page as well.\n"
     ">invlpg %w\n"
     ">poke 1023:%A:0 0x1000\n"
     ">dumppt %A\n"},
    {"foreign", "a foreign window is retargeted with one invlpg: 1,023 pages may be stale",
     "Pages 0 and 1 play two directories, slot %B is a window on their tables:\n"
     ">map %0 rw 4\n"
     ">poke %2 0x2222\n"
     ">poke %3 0x3333\n"
     ">fill %0 $2|P|RW 1024\n"
     ">fill %1 $3|P|RW 1024\n"
     ">setpde %B $0|P|RW\n"
     ">peek %4\n"
     ">peek %5\n"
     ">noflush setpde %B $1|P|RW\n"
     ">invlpg %4\n"
     ">peek %4\n"
     ">peek %5\n"
     "Cure: load CR3, or flush each page that was used.\n"
     ">flush\n"
     ">peek %5\n"},
    {"self-map", "the self-map's slot is removed: works until the TLB forgets it",
     "Slot %B becomes a second self-map and shows the PTE of page 0:\n"
     ">map %0\n"
     ">setpde %B $D|P|RW\n"
     ">peek %W\n"
     ">noflush setpde %B 0\n"
     ">peek %W\n"
     ">invlpg %W\n"
     "#peek %W\n"
     "In slot 1023 CR2 would be 0xfffff000 and up, and nothing left to repair it with.\n"
     "Cure: another alias of the directory, as slot 1023 is here.\n"
     ">setpde %B $D|P|RW\n"
     ">peek %W\n"},
    {"user-window", "US in the self-map: ring 3 reads every table, with RW it writes them",
     ">map %0\n"
     ">setpde %B $D|P|RW|US\n"
     "The PTE of page 0 in this self-map:\n"
     ">probe %W\n"
     "!check\n"
     "Cure: no US in a self-map.\n"
     ">setpde %B $D|P|RW\n"
     ">touch %W r user\n"},
    {"copied", "a directory is copied byte by byte, self-map included: the child edits the parent",
     "Page 0 plays the child's directory, slot %B shows its tables. Slot 1023 was copied:\n"
     ">map %0\n"
     ">poke %c $D|P|RW\n"
     "!check --cr3 $0\n"
     ">setpde %B $0|P|RW\n"
     "The child clears a PDE through its self-map, and the parent loses page 0:\n"
     ">poke %B:1023:%o 0\n"
     ">flush\n"
     "#peek %0\n"
     ">undo\n"
     "Cure: write the child's own frame into its slot 1023.\n"
     ">poke %c $0|P|RW\n"
     ">check --cr3 $0\n"},
    {"pde-read-only", "RW = 0 in a PDE: the table's window page is read-only too",
     ">cr0 wp on\n"
     ">map %0\n"
     ">setpde %A $A|P|US\n"
     "#poke %w 0\n"
     "With CR0.WP = 0 it works, by luck:\n"
     ">cr0 wp off\n"
     ">poke %w 0\n"
     "Cure: RW in each PDE; the PTE takes it away.\n"
     ">cr0 wp on\n"
     ">setpde %A $A|P|RW|US\n"
     ">poke %w 0\n"},
    {"pde-rights", "a page's flags are copied into the PDE: they restrict 4 MiB",
     "The PDE gets the flags of a first page that was read-only:\n"
     ">cr0 wp on\n"
     ">map %0 rwu\n"
     ">setpde %A $A|P\n"
     ">walk %0\n"
     ">touch %0 w user\n"
     "The rights are the AND of both. Cure: RW and US in the PDE, the PTE decides.\n"
     ">setpde %A $A|P|RW|US\n"
     ">touch %0 w user\n"},
    {"big", "the window of a 4 MiB page shows data, not entries",
     ">cr4 pse on\n"
     ">map %B:0 rw,big\n"
     ">poke %B:0 0xcafe\n"
     "Where a table's entry 0 would be:\n"
     ">peek 1023:%B\n"
     "A map that writes an entry there overwrites the data:\n"
     ">poke 1023:%B 0x00100003\n"
     ">peek %B:0\n"
     "Cure: look at PS in the PDE first.\n"
     ">dumppd %B\n"},
    {"bit7", "bit 7 is PS in a PDE and PAT in a PTE; D and G differ too",
     ">cr4 pse on\n"
     ">decode pde 0x004001c3\n"
     ">decode pte 0x004001c3\n"
     ">decode pde 0x00400143\n"
     "In a PDE of a table the CPU ignores D and G. Cure: two types, one for each level.\n"},
    {"accessed", "a look through the window sets A and D in the PDE",
     ">map %0\n"
     ">setpde %A $A|P|RW|US\n"
     ">dumppd %A\n"
     ">peek %w\n"
     ">dumppd %A\n"
     ">poke %w 0\n"
     ">dumppd %A\n"
     "007, 027, 067: the PDE was the window's PTE. Cure: leave A and D out when entries are compared.\n"},
    {"global", "G on a page, a table or the self-map outlives a load of CR3",
     "Needs real global pages: QEMU ignores G. Bochs (--emulator bochs) and real CPUs say: still mapped.\n"
     ">cr4 pge on\n"
     ">map %0 rwg\n"
     ">setpde %A $A|P|RW|US|G\n"
     ">peek %0\n"
     ">peek %w\n"
     ">space new\n"
     ">noflush space use %S\n"
     "Nothing is mapped here, but that page is global, and by the PDE's G its table's window page, too:\n"
     ">stale %0\n"
     ">stale %w\n"
     "One space edits the other's table. Cure: G in pages only that all share; or toggle CR4.PGE.\n"
     ">flush global\n"
     ">stale %w\n"},
    {"no-table", "the table is absent: the fault's CR2 lies in the window",
     "#peek %w\n"
     "(CR2 - 0xffc00000) << 10 = %0: that page has no table.\n"
     "Cure: look at P of the PDE first, and make the table.\n"
     ">peek 1023:1023:%o\n"
     ">map %0\n"
     ">peek %w\n"},
    {"freed-table", "a freed table stays reachable through the window, also when it is used again",
     ">map %0\n"
     ">peek %w\n"
     ">noflush setpde %A 0\n"
     ">free $A\n"
     "The next table is made of that frame:\n"
     ">map %4\n"
     ">dumppt %B\n"
     ">peek %w\n"
     "Slot %A has no table, but its window shows that of slot %B. Cure: flush, then free.\n"
     ">invlpg %w\n"
     "#peek %w\n"},
    {"truth", "entry & (P|US) as a truth value: 'user' for each present page",
     ">map %0\n"
     ">peek %w\n"
     "That & 5 is 1, which is true. But:\n"
     ">touch %0 r user\n"
     "Cure: compare, (entry & 5) == 5.\n"
     ">protect %0 +u\n"
     ">peek %w\n"
     ">touch %0 r user\n"},
    {"end", "the directory ends at 4 GiB: pd + 1024 wraps to 0",
     "The last PDE stands at 0xfffffffc, the next word is at 0:\n"
     ">peek 0xfffffffc\n"
     "p < pd + 1024 never holds, va <= 0xffffffff always: a loop that never starts, one that never ends.\n"
     "Cure: count the entries. An end needs 33 bits:\n"
     ">maps 0xfffff000-0x100000000\n"},
    {"pointer", "a virtual address is stored in a PDE",
     "The seed article's own snippet does it. The table of slot %A, by its address in the self-map:\n"
     ">map %0\n"
     ">poke %0 0x1111\n"
     ">force setpde %B $t|P|RW|US\n"
     ">walk %4\n"
     "!check\n"
     "Cure: the frame, which the PDE of the pointer's page tells.\n"
     ">setpde %B $A|P|RW|US\n"
     ">peek %4\n"},
    {"two-owners", "KiB taken for bytes: one frame is free stack and page table",
     "Page 0 plays the stack of free frames; slot %B's table was put into it, too:\n"
     ">map %0 rw 2\n"
     ">poke %1 0x1111\n"
     ">poke %e $1|P|RW\n"
     ">setpde %B $0|P|RW\n"
     ">peek %5\n"
     "A frame is pushed on the stack, over that entry. Nobody sees it:\n"
     ">poke %e 0x00400000\n"
     ">peek %5\n"
     ">stale %5\n"
     ">flush\n"
     "#peek %5\n"
     "Cure: one unit for sizes, and one owner for each frame; find tells the uses.\n"
     ">find $0\n"},
    {"own-slot", "the directory's slot is freed with the tables: the directory is freed, twice",
     "Page 0 plays a directory with its self-map in word 361, which slot %B shows:\n"
     ">map %0\n"
     ">poke %e $0|P|RW\n"
     ">setpde %B $0|P|RW\n"
     ">peek %B:361:0x5a4\n"
     "A loop frees the frame of each PDE, that of the self-map too; the next page gets it:\n"
     ">noflush setpde %B 0\n"
     ">setpte %0 0\n"
     ">free $0\n"
     ">map %1\n"
     ">peek %B:361:0x5a4\n"
     "Zeroed, while the CPU still uses it; at the end the loop frees it once more.\n"
     "Cure: leave out each PDE that leads to the directory, and free that last.\n"},
    {"temp-window", "a temporary window is used twice at once, or stays open",
     "Page 2 is a window on the frame of page 0; an inner function takes it for page 1 and leaves it so:\n"
     ">map %0 rw 2\n"
     ">setpte %2 $0|P|RW\n"
     ">setpte %2 $1|P|RW\n"
     "The first one writes, into the wrong frame:\n"
     ">poke %2 0x1111\n"
     ">peek %0\n"
     ">peek %1\n"
     "Cure: a window of its own for each purpose, closed on every path.\n"
     ">setpte %3 $0|P|RW\n"
     ">poke %3 0x2222\n"
     ">peek %0\n"},
    {"cow", "copy-on-write without a flush, or with CR0.WP = 0: writes go to the shared page",
     "Page 1 shares the frame of page 0, which is to be copied when it is written:\n"
     ">cr0 wp on\n"
     ">map %0\n"
     ">map %1 $0 r\n"
     ">poke %0 0x1111\n"
     ">noflush protect %0 -w\n"
     ">poke %0 0x2222\n"
     ">peek %1\n"
     "No fault, no copy. After the flush:\n"
     ">invlpg %0\n"
     "#poke %0 0x3333\n"
     "But with CR0.WP = 0 the kernel's writes pass:\n"
     ">cr0 wp off\n"
     ">poke %0 0x4444\n"
     ">peek %1\n"
     "Cure: flush what is protected, keep WP = 1.\n"},
};

/// Every line ends, every placeholder is one, every command fits when it is filled in.
constexpr bool is_well_formed(const Demo& demo) {
    constexpr std::size_t kLongestValue = 10; // more than the two characters that it stands for
    std::string_view rest{demo.script};
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos || end == 0) {
            return false;
        }
        std::size_t size = end;
        for (std::size_t i = 0; i < end; ++i) {
            if (rest[i] != '%' && rest[i] != '$') {
                continue;
            }
            const std::string_view names = rest[i] == '%' ? "01234567ABSwWoec" : "01234567ABDt";
            if (names.find(rest[++i]) == std::string_view::npos) {
                return false;
            }
            size += kLongestValue;
        }
        const bool is_command = rest[0] == '>' || rest[0] == '!' || rest[0] == '#';
        if (is_command && size > Demonstration::kLongestCommand) {
            return false;
        }
        rest.remove_prefix(end + 1);
    }
    return true;
}
static_assert(std::all_of(std::begin(kDemos), std::end(kDemos), is_well_formed));

} // namespace

std::span<const Demo> demos() {
    return kDemos;
}

} // namespace pagelab::shell
