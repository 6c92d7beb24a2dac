#include "kernel/shell/topics.hpp"

#include <algorithm>

namespace pagelab::shell {
namespace {

constexpr std::array kTopics = {
    Topic{"addresses",
          "how memory is named",
          "A virtual address is a number, PDI:PTI[:OFFSET] or a kernel symbol.\n"
          "A physical address has p: before it and stands wherever memory is named.\n"
          "Numbers are decimal, 0x and hex digits, or decimal with K, M or G.\n"
          "What is printed can be typed again.\n",
          {"walk 0xc0100234", "walk 768:256:0x234", "peek p:0x00101000 4"}},
    Topic{"counts",
          "how many",
          "COUNT is decimal and counts pages of the size in use; peek, poke and fill count units.\n"
          "With K, M or G it is bytes, and must be whole pages. A 0x... there is refused: a physical\n"
          "address is written p:0x...\n",
          {"map 0x40000000 rw 4", "map 0x40000000 rw 16K", "map 0x40000000 p:0x00400000 rw,big 1"}},
    Topic{"errors",
          "what a line that begins with error: means",
          "A command does all of what was asked or nothing. An error says what is wrong and what would be\n"
          "right, and changes nothing. A fault is no error: the report says which entry is to blame, the\n"
          "command's changes are taken back, and the next command runs.\n",
          {"touch 0 w", "fault 0x00000000 2", "map 0x40000000; undo"}},
    Topic{"json",
          "answers for programs",
          "Every query takes --json and answers with one record per line: {\"record\":...,\"v\":1,...}.\n"
          "An error is {\"record\":\"error\",\"v\":1,\"text\":...} then.\n",
          {"walk 0xc0100000 --json", "maps --json", "frames --json"}},
    Topic{"keys",
          "editing the line",
          "Left Right Home End Ctrl-A Ctrl-E move; Backspace Delete Ctrl-W Ctrl-U Ctrl-K delete.\n"
          "Up Down recall lines, Tab completes, Ctrl-L clears the screen.\n"
          "Ctrl-C drops the line or ends a running command, Ctrl-D on an empty line halts.\n"
          "`;` separates commands, `#` begins a comment.\n",
          {"echo one; echo two", "history", "help walk # a comment"}},
    Topic{"ranges",
          "stretches of addresses",
          "RANGE is A-B, where B is exclusive and may be 0x100000000, or A+SIZE.\n",
          {"maps 0xc0000000-0xc0400000", "maps 0xffc00000+4M", "maps --phys p:0x00100000-p:0x00200000"}},
    Topic{"rights",
          "what a page allows",
          "RIGHTS is one word: letters r w u g joined, then words after commas: nc (PCD), wt (PWT), pat,\n"
          "big (PS, a 4 MiB page). u lets user code in, g keeps the page over a reload of CR3. Without\n"
          "RIGHTS a page is rw for the kernel. Intel's names are synonyms: RW,US,PCD.\n"
          "rwx and r-x as walk prints them are taken; 32-bit paging has no NX.\n"
          "protect also takes changes: +u, -w, +nc.\n",
          {"map 0x40000000 rwu", "map 0x40000000 rw,u,nc", "map 0x40000000; protect 0x40000000 -w"}},
    Topic{"spaces",
          "address spaces, and how a kernel reaches page tables",
          "space new makes an empty one, space clone and space cow copy the current one, space use N loads\n"
          "CR3. The kernel's own slots are the same in all. in N COMMAND looks or works in another one.\n"
          "A space reaches its page tables by a strategy; strategy list tells the five.\n",
          {"space clone; in 1 maps", "space new direct; space use 1; map 0x40000000",
           "map 0x40000000; space cow; poke 0x40000000 7; in 1 peek 0x40000000"}},
    Topic{"tools",
          "other tools' words",
          "Words of other monitors and debuggers run ours and show it: showmappings A B, setperm (JOS),\n"
          "info mem, info tlb, gva2gpa, xp/8wx A (QEMU), vtop (crash), !pte (WinDbg), x/8wx A (GDB),\n"
          "v2p, pmap, pagewalk, pagemap.\n",
          {"info mem", "x/8wx 0xc0100000", "showmappings 0xc0000000 0xc0002000"}},
};
static_assert(std::is_sorted(kTopics.begin(), kTopics.end(), [](const Topic& a, const Topic& b) {
    return std::string_view{a.name} < std::string_view{b.name};
}));

} // namespace

std::span<const Topic> topics() {
    return kTopics;
}

const Topic* find_topic(std::string_view name) {
    for (const Topic& topic : kTopics) {
        if (is(name, topic.name.text())) {
            return &topic;
        }
    }
    return nullptr;
}

} // namespace pagelab::shell
