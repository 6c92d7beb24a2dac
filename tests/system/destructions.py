"""What breaks the lab: the scripted matrix, one list for both engines.

Each row breaks something for real: what it says must tell of a fault, of the rescue, of the audit or of the attempt
(`EVIDENCE`), so a row that is refused does not count. Left out is what only an NMI from outside ends (`crash hlt`,
`crash loop`: test_rescue.py has them with the console) and what no kernel survives by itself (`force crash gdt`,
`force crash idt`, CR0 without PG or PE, CR3 without the lifeline: test_return.py). All of the directory zeroed at once
takes the kernel's slot and the lifeline together: it lives or dies with what the TLB still holds, so it is no row.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher import ROOT

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
KERNEL = BUILD / "kernel" / "pagelab.elf"

PAGE = 0x1000
KERNEL_BASE = 0xC0000000
RESCUE_BASE = 0xFF400000
# A frame that nobody has, and one that no RAM holds.
FREE = "p:0x00300000"
NOWHERE = "p:0x3ff00000"


# A word of it is in the answer to each destruction.
EVIDENCE = (
    "was ended",
    "the rescue took over",
    "the kernel stands on what the command broke",
    "the machine has survived it",
)
# Typed once, before everything: a page whose content has to outlive all of it, code of the user's, and a frame for a
# directory, whose address {frame} stands for.
BEFORE = [
    "map 0x10000000 rwu 2; poke 0x10001004 0xfeedf00d",
    "map 0x20000000 rw; poke 0x20000000 0x0b0f",
    "alloc 1",
]


@dataclass(frozen=True)
class Destruction:
    """Lines of which each breaks something; `before` and `after` make ready and clean up."""

    lines: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    evidence: tuple[str, ...] = EVIDENCE


def _symbols() -> dict[str, int]:
    """Where everything of the kernel's lies, known to the shell or not."""
    command = ["nm", "-C", os.fspath(KERNEL.parent / "unpacked.elf")]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split(maxsplit=2) for line in names.splitlines() if line[0] != " ")
    return {name.removeprefix("pagelab::"): int(value, 16) for value, _, name in rows}


_SYMBOLS = _symbols()


def va(symbol: str, offset: int = 0) -> str:
    """A virtual address."""
    return f"{_SYMBOLS[symbol] + offset:#010x}"


def pages(start: str, end: str) -> int:
    """How many pages lie between two symbols."""
    return -(-(_SYMBOLS[end] - _SYMBOLS[start]) // PAGE)


def pa(symbol: str, offset: int = 0) -> str:
    """A physical address."""
    address = _SYMBOLS[symbol]
    base = RESCUE_BASE if address >= RESCUE_BASE else KERNEL_BASE
    return f"p:{address - base + offset:#010x}"


TABLE = pa("kernel_table")
STACK = "main_stack_guard"  # the pages of the stack follow it

SLOTS = {
    "the kernel's slot emptied": "force setpde 768 0",
    "the kernel's slot at a garbage frame": f"force setpde 768 {FREE}|P|RW",
    "the kernel's slot where no RAM is": f"force setpde 768 {NOWHERE}|P|RW",
    "the kernel's slot read-only": f"force setpde 768 {TABLE}|P",
    "the kernel's slot open to the user": f"force setpde 768 {TABLE}|P|RW|US",
    "the kernel's slot a writable page of 4 MiB": "force setpde 768 p:0|P|RW|PS",
    "the records' slot emptied": "force setpde 769 0",
    "the records' slot elsewhere": f"force setpde 769 {FREE}|P|RW",
    "the scratch pages' slot emptied": "force setpde 770 0",
    "the scratch pages' slot elsewhere": f"force setpde 770 {FREE}|P|RW",
    "the lifeline's slot emptied": "force setpde 1021 0",
    "the lifeline's slot elsewhere": f"force setpde 1021 {FREE}|P|RW",
    "the self-map removed": "force setpde 1023 0",
    "the self-map pointed elsewhere": f"force setpde 1023 {FREE}|P|RW",
    "the self-map where no RAM is": f"force setpde 1023 {NOWHERE}|P|RW",
    "the self-map a page of 4 MiB": "force setpde 1023 p:0|P|RW|PS",
    "the kernel's half of the directory zeroed": f"force fill {pa('page_directory', 3072)} 0 256",
}
PAGES = {
    "the records unmapped": "force setpte 0xc0400000 0",
    "the scratch pages' table hidden": "force setpte 0xc0bff000 0",
    "the IDT unmapped": "force setpte 0xff400000 0",
    "the lifeline's table unmapped": "force setpte 0xff410000 0",
    "the directory's alias unmapped": "force setpte 0xff430000 0",
    "a page of the stack unmapped": f"force setpte {va(STACK, 4 * PAGE)} 0",
    "all of the stack unmapped": f"force unmap {va(STACK, PAGE)} 4",
    "the stack read-only": f"force protect {va(STACK, PAGE)} r 4",
    "the stack's page at a garbage frame": f"force setpte {va(STACK, 4 * PAGE)} {FREE}|P|RW",
    "the stack's guard page mapped": f"force setpte {va(STACK)} {pa(STACK)}|P|RW",
    "the handlers unmapped": f"force setpte {va('text_start')} 0",
    "the handlers at a garbage frame": f"force setpte {va('text_start')} {FREE}|P",
    "code writable": f"force setpte {va('text_start')} {pa('text_start')}|P|RW",
    "all code unmapped": f"force unmap {va('text_start')} {pages('text_start', 'constants_start')}",
    "constants unmapped": f"force setpte {va('constants_start')} 0",
    "data unmapped": f"force setpte {va('data_start')} 0",
    "data read-only": f"force protect {va('data_start')} r",
    "zeroed data unmapped": f"force unmap {va('bss_start')} {pages('bss_start', 'tables_start')}",
    "zeroed data read-only": f"force protect {va('bss_start')} r {pages('bss_start', 'tables_start')}",
    "the journal unmapped": f"force unmap {va('journal_ring')} {pages('journal_ring', 'data_end')}",
    "the journal read-only": f"force protect {va('journal_ring')} r {pages('journal_ring', 'data_end')}",
    "the lab page unmapped": f"force setpte {va('lab_page')} 0",
    "the lab page read-only": f"force setpte {va('lab_page')} {pa('lab_page')}|P",
    "tables writable in the direct map": f"force protect {va('tables_start')} rw 4",
    "the rescue writable in the direct map": f"force setpte {va('rescue_start')} {pa('rescue_start')}|P|RW",
    "the kernel's table zeroed": f"force fill {TABLE} 0 1024",
    "the kernel's table filled with ones": f"force fill {TABLE} 0xffffffff 1024",
    "the records' table zeroed": f"force fill {pa('record_table')} 0 1024",
    "the scratch pages' table zeroed": f"force fill {pa('scratch_table')} 0 1024",
}
BYTES = {
    "a word of code overwritten": f"force poke {pa('text_start', 0x900)} 0",
    "the handlers overwritten": f"force fill {pa('text_start')} 0xcccccccc 1024",
    "constants overwritten": f"force fill {pa('constants_start')} 0 1024",
    "IDT, GDT and TSSs overwritten": f"force fill {pa('vectors_page')} 0 1024",
    "the lifeline's table overwritten": f"force fill {pa('lifeline_table')} 0xffffffff 1024",
    "the rescue's code overwritten": f"force fill {pa('rescue_start')} 0 1024",
    "the rescue's directory overwritten": f"force fill {pa('rescue_directory')} 0 1024",
    "the rescue's table overwritten": f"force fill {pa('rescue_table')} 0 1024",
    "the first words of data zeroed": f"force fill {va('data_start')} 0 4",
    "the records of frames overwritten": "force fill 0xc0400000 0xffffffff 1024",
    "the record of one frame changed": "force poke 0xc0400800 0x5000000a",
    "the pristine copy overwritten": f"force fill {pa('image_end')} 0 1024",
}
CRASHES = {
    "code nowhere": "crash call",
    "code in the stack's guard page": f"force crash call {va(STACK)}",
    "code of the user's that is undefined": "force crash call 0x20000000",
    "WP off": "crash cr0 0x80000031",
    "TS on": "crash cr0 0x80010039",
    "AM on": "crash cr0 0x80050031",
    "EM on": "crash cr0 0x80010035",
    "NW without CD": "crash cr0 0xa0010031",
    "CD on": "crash cr0 0xc0010031",
    "CD and NW on": "crash cr0 0xe0010031",
    "CR4 emptied": "crash cr4 0",
    "CR4 without PSE": "crash cr4 0x80",
    "CR4 without PGE": "crash cr4 0x10",
    "garbage in CR3": "crash cr3",
    "a directory in CR3 that holds the lifeline alone": "crash cr3 {frame}",
    "a breakpoint in the handlers": "crash debug 0xc0102100",
    "a breakpoint at the kernel's data": f"crash debug {va('(anonymous namespace)::the_shell')}",
    "a breakpoint on the stack": f"crash debug {va(STACK, 5 * PAGE - 0x40)}",
    "a breakpoint on the lab page": f"crash debug {va('lab_page', 0x3c)}",
    "a division by zero": "crash div",
    "no stack": "crash esp",
    "a stack in code": "crash esp 0xc0103000",
    "a stack in constants": "crash esp 0xc0128000",
    "a stack in the guard page": f"crash esp {va(STACK, PAGE)}",
    "a stack in the user's page": "crash esp 0x20001000",
    "NT and DF": "crash flags",
    "NT alone": "crash flags 0x4002",
    "TF": "crash flags 0x102",
    "AC": "crash flags 0x40002",
    "DF": "crash flags 0x402",
    "IF": "crash flags 0x202",
    "VM": "crash flags 0x20002",
    "all flags": "crash flags 0xffffffff",
    "no selector that is": "crash gp",
    "the handler's code unmapped": "crash handler",
    "endless recursion": "crash recursion",
    "no segment": "crash segments 0",
    "a code segment for data": "crash segments 0x8",
    "a task for a segment": "crash segments 0x28",
    "a segment of the LDT": "crash segments 0x14",
    "a segment of ring 3": "crash segments 0x13",
    "a segment of the user's": "crash segments 0x23",
    "no such segment": "crash segments 0x1238",
    "the stack's page unmapped": "crash stack",
    "all code overwritten": "crash text",
    "an undefined opcode": "crash ud",
    **{f"INT {n}": f"crash interrupt {n}" for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12)},
    **{f"INT {n}": f"crash interrupt {n}" for n in (13, 14, 15, 17, 18, 32, 36, 128, 255)},
}
# Here the kernel's own data is gone: it goes on with what is left, or starts anew over what lies in memory, and then
# the line that ran is lost.
OVERWRITTEN = {
    "the lab's data overwritten": f"force fill {va('(anonymous namespace)::lab')} 0xcccccccc 1280",
    "the shell's data overwritten": (
        f"force fill {va('(anonymous namespace)::the_shell')} 0xffffffff 1024"
    ),
    "the stack overwritten": f"force fill {va(STACK, 4 * PAGE)} 0 1024",
    "a stack in the kernel's data": f"force crash esp {va('tables_start')}",
    "a stack in the journal": f"force crash esp {va('data_end')}",
    "the journal overwritten": f"force fill {va('journal_ring')} 0xffffffff 1024",
    "the lab page zeroed": f"force fill {va('lab_page')} 0 1024",
}
# Code after which no key would reach the prompt: OUT, RET.
DEAFENING = {
    "all interrupts masked": "0x21e6ffb0 0x000000c3",  # 0xff to port 0x21
    "the serial port's interrupts off": "0x03f9ba66 0xc3eec031",  # 0 to port 0x3f9
}
# Of a space that is loaded: what it shares with all others, and the slots and tables of its own strategy.
SHARED = {
    "the kernel's slot emptied": "force setpde 768 0",
    "the kernel's slot at a garbage frame": f"force setpde 768 {FREE}|P|RW",
    "the scratch pages' slot emptied": "force setpde 770 0",
    "the lifeline's slot emptied": "force setpde 1021 0",
    "garbage in CR3": "crash cr3",
    "the handler's code unmapped": "crash handler",
}
OWN: dict[str, dict[str, str]] = {
    "recursive": {"its self-map removed": "force setpde 1023 0"},
    "table": {
        "the tables' slot emptied": "force setpde 771 0",
        "a table unmapped": "force setpte 0xc0dc0000 0",
        "a table's address lost": "force poke 0xc0c01300 0",
    },
    "upper-half": {
        "the tables' slot emptied": "force setpde 771 0",
        "a table unmapped": "force setpte 0xc0dc0000 0",
        "a table's address lost": "force setpde 704 0",
    },
    "window": {"the scratch pages' slot elsewhere": f"force setpde 770 {FREE}|P|RW"},
    "direct": {
        "the direct map's slot emptied": "force setpde 772 0",
        "a slot of the direct map elsewhere": f"force setpde 773 {FREE}|P|RW",
    },
}
# From outside: the space is not loaded, or a copy of the one that is.
FROM_OUTSIDE = {
    "another space's kernel slot emptied": ("space new", "in 1 setpde 768 0"),
    "another space's lifeline emptied": ("space new window", "in 1 force setpde 1021 0"),
    "a clone's self-map removed": ("space clone", "in 1 setpde 1023 0"),
    "a copy on write's kernel slot elsewhere": ("space cow", f"in 1 force setpde 768 {FREE}|P|RW"),
}


def _kernel_pages() -> tuple[str, ...]:
    """All pages of the kernel, one by one: code, constants, data and journal. The guard page has none."""
    first, end = _SYMBOLS["lab_page"], _SYMBOLS["data_end"]
    pages = [page for page in range(first, end, PAGE) if page != _SYMBOLS[STACK]]
    return tuple(f"force setpte {page:#010x} 0" for page in pages)


def _in_space(strategy: str, line: str) -> Destruction:
    return Destruction(
        (line,),
        (f"space new {strategy}; space use 1; map 0x30000000",),
        ("peek 0x30000000; space use 0", "selftest invariants; space delete 1"),
    )


def _matrix() -> dict[str, Destruction]:
    rows = {
        name: Destruction((line,))
        for group in (SLOTS, PAGES, BYTES, CRASHES)
        for name, line in group.items()
    }
    rows["each page of the kernel unmapped, one by one"] = Destruction(_kernel_pages())
    rows["code of the user's that loses the stack"] = Destruction(
        ("force crash call 0x20000010",), ("poke 0x20000010 0x0b0fe431",)
    )
    for name, code in DEAFENING.items():
        rows[f"code of the user's: {name}"] = Destruction(
            ("force crash call 0x20000020",), (f"poke 0x20000020 {code}",)
        )
    rows["a store that faults in its second page"] = Destruction(
        ("poke 0x20000ffe 0x12345678",), evidence=(*EVIDENCE, "is not mapped")
    )
    for strategy, own in OWN.items():
        for name, line in {**SHARED, **own}.items():
            rows[f"{strategy}: {name}"] = _in_space(strategy, line)
    for name, (make, line) in FROM_OUTSIDE.items():
        rows[name] = Destruction((line,), (make,), ("space delete 1",))
    for name, line in OVERWRITTEN.items():
        rows[name] = Destruction((line,), evidence=(*EVIDENCE, "wrote "))
    return rows


MATRIX = _matrix()
