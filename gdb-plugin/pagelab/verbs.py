"""The verbs as data: what `pagelab VERB` and its short name take, with help and examples.

For the edge to GDB, which runs them, and for the tests, which type their examples. Data only.
"""

from __future__ import annotations

from .arguments import HELP, Option, Verb

JSON = Option("--json", None, "the record of docs/formats.md, one per line")
SPACE = (
    Option("--cr3", "PA", "look at this directory in place of CR3's"),
    Option("--pgd", "PA", "the same as --cr3"),
    Option("--mode", "MODE", "32-bit, pae, 4-level or 5-level in place of the CPU's"),
)
COMMON = (JSON, *SPACE, HELP)

WALK = Verb(
    name="walk",
    short="pagewalk",
    operand="VA",
    required=True,
    summary="Show how an address is translated, entry by entry, and who may do what there.",
    details=(
        "Each entry with its address in the self-map, its physical address, value and flags.\n"
        "--explain adds the arithmetic of each step, and the raw commands that repeat it."
    ),
    options=(
        Option("--explain", None, "the arithmetic, and raw x commands that repeat it"),
        *COMMON,
    ),
    examples=("0xc0100000", "768:256:0x234", "$eip --explain", "&x --json"),
)

SPLIT = Verb(
    name="split",
    short="",
    operand="VA",
    required=True,
    summary="Show an address bit by bit: the index into each table, and the offset.",
    details="",
    options=COMMON,
    examples=("0xc0100234", "$eip", "768:256:0x234 --json"),
)

WINDOW = Verb(
    name="window",
    short="",
    operand="VA",
    required=True,
    summary="Show at which addresses the entries of an address appear in the self-map.",
    details="",
    options=COMMON,
    examples=("0xc0100234", "$esp", "0 --json"),
)

MAPS = Verb(
    name="maps",
    short="pagemap",
    operand="RANGE",
    required=False,
    summary="List all that is mapped, neighbours merged, with physical addresses and rights.",
    details="A self-map is one line; with --json its pages are told like all others.",
    options=(
        Option("--writable", None, "only what the kernel or a user may write"),
        Option("--user", None, "only what a user may access"),
        Option("--exec", None, "only what the kernel or a user may execute"),
        Option("--phys", "RANGE", "only what leads to these physical addresses"),
        Option("--tree", None, "draw it below the directory's slots"),
        Option("--ad", None, "tell A and D, and part pages that differ in them"),
        *COMMON,
    ),
    examples=("", "0xc0000000-0xc0400000 --tree", "--user --writable", "--phys p:0x00100000+64K"),
)

FIND = Verb(
    name="find",
    short="pagefind",
    operand="PA",
    required=True,
    summary="Find every address that leads to a byte of memory, and every use of its frame as a table.",
    details="A number without p: is physical here.",
    options=COMMON,
    examples=("p:0x00101000", "0x00101234", "$cr3 --json"),
)

DECODE = Verb(
    name="decode",
    short="pagedecode",
    operand="[LEVEL] VALUE",
    required=True,
    summary="Say what a raw entry means: as a PTE, or at the level that is named.",
    details="LEVEL is pde or pte (pdpte, pml4e, pml5e where the mode has them).",
    options=COMMON,
    examples=("0x00106023", "pde 0x004000e3", "'p:0x00101000|P|RW|US'"),
)

DUMPPD = Verb(
    name="dumppd",
    short="",
    operand="FIRST [LAST]",
    required=False,
    summary="List the slots of the page directory (the first table) that are in use.",
    details="",
    options=COMMON,
    examples=("", "768 1023", "768 --json"),
    most=2,
)

DUMPPT = Verb(
    name="dumppt",
    short="",
    operand="PDI|VA",
    required=True,
    summary="List the entries of one page table that are in use.",
    details="The table is named by its slot in the directory, or by an address that it translates.",
    options=COMMON,
    examples=("768", "0xc0100000", "$eip --json"),
)

DIR = Verb(
    name="dir",
    short="pagedir",
    operand="",
    required=False,
    summary="Draw the slots of the page directory (the first table), 64 in a row.",
    details=". not present   : not present, with a value   t table   s self-map   P page   ! broken",
    options=COMMON,
    examples=("", "--json"),
)

CHECK = Verb(
    name="check",
    short="pagecheck",
    operand="",
    required=False,
    summary="Look for broken invariants and hazards in the page tables.",
    details="docs/formats.md says what each rule means, and what to do. An error fails the command.",
    options=COMMON,
    examples=("", "--json", "--cr3 $cr3"),
)

FAULT = Verb(
    name="fault",
    short="pagefault",
    operand="CR2 CODE",
    required=False,
    summary="Say why an access faults: which entry denies it, and what would allow it.",
    details=(
        "CODE's bits: 1 protection, 2 write, 4 user, 8 reserved bit, 16 fetch. Without arguments: the\n"
        "last page fault of a pagelab kernel; of others at the first instruction of the #PF handler."
    ),
    options=COMMON,
    examples=("0 2", "0xc0100000 7", "$cr2 0 --json"),
    most=2,
)

PREFLIGHT = Verb(
    name="preflight",
    short="",
    operand="CR3",
    required=False,
    summary="Would the next instruction survive loading this CR3, or turning paging on?",
    details=(
        "Looks in the tables to be loaded for EIP and the page after it, ESP, GDT, IDT, TSS and the\n"
        "handlers of #PF and #DF, and at the tables themselves. Without CR3: the one that the next\n"
        "instruction loads, or CR3 as it is where paging is still off. An error fails the command."
    ),
    options=(
        Option("--on", None, "would it survive CR0.PG = 1 with the CR3 that is loaded?"),
        JSON,
        Option(
            "--mode", "MODE", "32-bit, pae, 4-level or 5-level in place of what CR4 and EFER say"
        ),
        HELP,
    ),
    examples=("$cr3", "p:0x00200000 --json", "--on"),
)

SNAP = Verb(
    name="snap",
    short="pagesnap",
    operand="",
    required=False,
    summary="Remember all page tables as they are now, for pagediff.",
    details="",
    options=(*SPACE, HELP),
    examples=("",),
)

DIFF = Verb(
    name="diff",
    short="pagediff",
    operand="",
    required=False,
    summary="Show which entries differ from how they were at pagesnap.",
    details="A and D are left aside. It compares the directory of the snapshot, wherever CR3 is now.",
    options=(JSON, HELP),
    examples=("", "--json"),
)

LOG = Verb(
    name="log",
    short="pagelog",
    operand="N",
    required=False,
    summary="Show the last records (20) of a pagelab kernel's journal.",
    details="",
    options=(JSON, HELP),
    examples=("", "100", "8 --json"),
    most=1,
)

SET = Verb(
    name="set",
    short="pageset",
    operand="VA FLAGS|PA",
    required=True,
    summary="Write the entry that translates an address, and flush what must be flushed.",
    details=(
        "+w -u +NX change single bits, rw,u sets the rights, p:PA leads to another frame, a number or\n"
        "p:PA|P|RW is the whole entry. The last entry of the walk is written, or that of --level."
    ),
    options=(
        Option("--level", "LEVEL", "pde, pdpte, ... in place of the last entry of the walk"),
        Option("--no-flush", None, "let the CPU use the old entry on, to show staleness"),
        *COMMON,
    ),
    examples=("0x10000000 -u", "0x10000000 rwu", "0x10000000 p:0x00300000 --no-flush"),
)

WATCH = Verb(
    name="watch",
    short="pagewatch",
    operand="VA",
    required=False,
    summary="Stop when the translation of an address changes, through whichever alias.",
    details=(
        "Hardware watchpoints on every address of the space that shows one of its entries tell the\n"
        "instruction; any other change is told at the next stop. Without VA: what is watched."
    ),
    options=(Option("--delete", None, "forget VA, or all"), *SPACE, HELP),
    examples=("0x10000000", "", "--delete"),
)

STALE = Verb(
    name="stale",
    short="pagestale",
    operand="VA",
    required=True,
    summary="Does the CPU still use an old entry? A load in the guest beside a walk tells.",
    details=(
        "No debugger can see this: they all walk the tables. Steps one instruction of its own in the\n"
        "kernel of a guest with one CPU, and puts everything back."
    ),
    options=(JSON, HELP),
    examples=("0x10000000", "$esp --json"),
)

WHEN = Verb(
    name="when",
    short="pagewhen",
    operand="VA",
    required=True,
    summary="In a replay of a recorded run: which instruction last changed the translation of VA.",
    details=(
        "Runs on from here to the end of the recording and tells each change, with source line, entries\n"
        "and, in a pagelab kernel, the command. At the end, or with --before, from the start to here: then\n"
        "it stands here again."
    ),
    options=(
        Option(
            "--before", None, "what changed it before this point; needs a snapshot of the start"
        ),
        Option("--go", None, "stand at the last change afterwards"),
        Option("--seconds", "N", "give up after so long; 60"),
        *COMMON,
    ),
    examples=("0x10000000", "&buffer --json", "0x10000000 --before --go"),
)

VERBS = (
    WALK,
    SPLIT,
    WINDOW,
    MAPS,
    FIND,
    DECODE,
    DUMPPD,
    DUMPPT,
    DIR,
    CHECK,
    FAULT,
    PREFLIGHT,
    SNAP,
    DIFF,
    LOG,
    SET,
    WATCH,
    STALE,
    WHEN,
)
