#!/usr/bin/env python3
"""Write the vectors of 32-bit walks that the C++ and the Python walk both must meet.

The answers are known because the mapping was built from them: a case says which entry it wants
(its kind, frame and bits by name), the word is composed from that, and the expected record is
written from the same choice. Nothing here decodes a word, and no decoder of the house is imported.

Usage: generate.py [--check] [FILE]   (default: walk-32bit.jsonl beside this file)
       generate.py --exhaustive       (every value of the bits that matter, to stdout: too many for a file)
README.md describes the format.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

RAM = 16 << 20
CR3 = 0x0010_5000
TABLE = 0x0010_6000
PAGE = 0x0010_0000

PG, WP, PE = 1 << 31, 1 << 16, 1
PSE, PGE, SMEP, SMAP = 1 << 4, 1 << 7, 1 << 20, 1 << 21

COMMON = {"P": 0, "RW": 1, "US": 2, "PWT": 3, "PCD": 4, "A": 5, "AVL9": 9, "AVL10": 10, "AVL11": 11}
# IGNn: a bit that the format ignores, set to see that nobody names it.
TABLE_BITS = COMMON | {"IGN6": 6, "IGN7": 7, "IGN8": 8}
LARGE_BITS = COMMON | {"D": 6, "PS": 7, "G": 8, "PAT": 12} | {f"RSV{n}": n for n in range(13, 22)}
SMALL_BITS = COMMON | {"D": 6, "PAT": 7, "G": 8}
ORDER = ["P", "RW", "US", "PWT", "PCD", "A", "D", "PS", "PAT", "G", "AVL9", "AVL10", "AVL11"]


def hex8(value: int) -> str:
    return f"0x{value:08x}"


def compose(bits: dict[str, int], names: set[str], frame: int) -> int:
    word = frame
    for name in names:
        word |= 1 << bits[name]
    return word


def shown(names: set[str]) -> list[str]:
    return [name for name in ORDER if name in names]


@dataclass
class Table:
    """A PDE that leads to a page table in `frame`."""

    names: set[str]
    frame: int = TABLE

    def word(self) -> int:
        return compose(TABLE_BITS, self.names | {"P"}, self.frame)


@dataclass
class Large:
    """A PDE that maps 4 MiB at `frame`, which may lie above 4 GiB (PSE-36)."""

    names: set[str]
    frame: int = 0x0040_0000

    def word(self) -> int:
        low, high = self.frame & 0xFFC0_0000, self.frame >> 32
        return compose(LARGE_BITS, self.names | {"P", "PS"}, low | high << 13)


@dataclass
class Small:
    """A PTE that maps 4 KiB at `frame`."""

    names: set[str]
    frame: int = PAGE

    def word(self) -> int:
        return compose(SMALL_BITS, self.names | {"P"}, self.frame)


@dataclass
class Absent:
    """An entry with P clear; `raw` is what software left in it."""

    raw: int = 0

    def word(self) -> int:
        assert not self.raw & 1
        return self.raw


@dataclass
class Case:
    """One guest and one question. The steps and the answer follow from what was chosen."""

    pdi: int
    pti: int
    offset: int
    pde: Table | Large | Absent
    pte: Small | Absent | None = None
    slots: dict[int, set[str]] = field(default_factory=dict)  # self-map slot → bits of its PDE
    cr0: int = PG | PE | WP
    cr3_bits: int = 0
    cr4: int = PSE | PGE
    maxphyaddr: int = 40
    directory: int = CR3
    others: dict[int, int] = field(default_factory=dict)
    shows: str | None = None

    def va(self) -> int:
        return self.pdi << 22 | self.pti << 12 | self.offset

    def window(self, page: int, index: int) -> str | None:
        """Where slot `index` of table `page` appears; `page` is the self-map's slot for a PDE."""
        if not self.slots:
            return None
        return hex8((max(self.slots) << 22) + (page << 12) + 4 * index)

    def memory(self) -> dict[str, str]:
        words = dict(self.others)
        for slot, names in self.slots.items():
            words[self.directory + 4 * slot] = Table(names, self.directory).word()
        words[self.directory + 4 * self.pdi] = self.pde.word()
        if self.pte is not None:
            # Where the PDE is absent its table lies there all the same, and nobody may look.
            frame = self.pde.frame if isinstance(self.pde, Table) else TABLE
            words[frame + 4 * self.pti] = self.pte.word()
        return {hex8(pa): hex8(word) for pa, word in sorted(words.items()) if word and pa < RAM}

    def rights(self, levels: list[set[str]]) -> tuple[str, str]:
        writable = all("RW" in names for names in levels)
        user = all("US" in names for names in levels)
        if not user:
            return "r" + ("w" if writable or not self.cr0 & WP else "-") + "x", "---"
        fetch = "-" if self.cr4 & SMEP else "x"
        data = "--" if self.cr4 & SMAP else "r" + ("w" if writable or not self.cr0 & WP else "-")
        return data + fetch, "rwx" if writable else "r-x"

    def record(self) -> dict[str, object]:
        answer: dict[str, object] = dict(
            outcome="", pa=None, page_size=None, kernel="---", user="---", **{"global": False}
        )
        steps: list[dict[str, object]] = []
        top = max(self.slots) if self.slots else 0
        pde_pa = self.directory + 4 * self.pdi
        step: dict[str, object] = dict(
            level="pde",
            index=self.pdi,
            entry_va=self.window(top, self.pdi),
            entry_pa=hex8(pde_pa),
            raw=hex8(self.pde.word()),
            flags=[],
            kind="not-present",
        )
        steps.append(step)
        if pde_pa >= RAM:
            step |= dict(raw=None, kind="unreadable")
            answer["outcome"] = "unreadable"
        elif isinstance(self.pde, Absent):
            answer["outcome"] = "not-present"
        elif isinstance(self.pde, Large):
            names = self.pde.names | {"P", "PS"}
            bad = any(name.startswith("RSV") for name in names) or self.pde.frame >> self.maxphyaddr
            step |= dict(flags=shown(names), kind="reserved" if bad else "page")
            answer["outcome"] = "reserved-bit" if bad else "page-4m"
            if not bad:
                self.page(answer, self.pde.frame + (self.pti << 12) + self.offset, 4 << 20, [names])
        else:
            step |= dict(flags=shown(self.pde.names | {"P"}), kind="table")
            self.second_level(answer, steps, self.pde)
        return dict(
            record="walk",
            v=1,
            mode="32-bit",
            cr3=hex8(self.directory | self.cr3_bits),
            va=hex8(self.va()),
            outcome=answer.pop("outcome"),
            steps=steps,
            **answer,
            self_map=self.shows,
        )

    def second_level(
        self, answer: dict[str, object], steps: list[dict[str, object]], table: Table
    ) -> None:
        pte_pa = table.frame + 4 * self.pti
        step: dict[str, object] = dict(
            level="pte",
            index=self.pti,
            entry_va=self.window(self.pdi, self.pti),
            entry_pa=hex8(pte_pa),
            raw=None,
            flags=[],
            kind="unreadable",
        )
        steps.append(step)
        if pte_pa >= RAM:
            answer["outcome"] = "unreadable"
            return
        assert self.pte is not None
        step |= dict(raw=hex8(self.pte.word()), kind="not-present")
        if isinstance(self.pte, Absent):
            answer["outcome"] = "not-present"
            return
        names = self.pte.names | {"P"}
        step |= dict(flags=shown(names), kind="page")
        answer["outcome"] = "page-4k"
        self.page(answer, self.pte.frame + self.offset, 4096, [table.names, names])

    def page(self, answer: dict[str, object], pa: int, size: int, levels: list[set[str]]) -> None:
        kernel, user = self.rights(levels)
        answer |= dict(pa=hex8(pa), page_size=size, kernel=kernel, user=user)
        answer["global"] = "G" in levels[-1] and bool(self.cr4 & PGE)

    def line(self) -> str:
        vector = dict(
            ram=RAM,
            maxphyaddr=self.maxphyaddr,
            cr0=hex8(self.cr0),
            cr3=hex8(self.directory | self.cr3_bits),
            cr4=hex8(self.cr4),
            va=hex8(self.va()),
            memory=self.memory(),
            expect=self.record(),
        )
        return json.dumps(vector, separators=(",", ":"))


SELF = {1023: {"RW"}}


def rights_product() -> Iterator[Case]:
    """RW and US on both levels × WP × SMEP × SMAP, and the same for large pages."""
    subsets = [set(), {"RW"}, {"US"}, {"RW", "US"}]
    for wp in (0, WP):
        for extra in (0, SMEP, SMAP, SMEP | SMAP):
            control = dict(cr0=PG | PE | wp, cr4=PSE | extra, slots=SELF)
            for upper in subsets:
                yield Case(64, 5, 0x10, Large(upper), **control)
                for lower in subsets:
                    yield Case(64, 5, 0x10, Table(upper), Small(lower), **control)


def single_bits() -> Iterator[Case]:
    """Every bit of a PDE with every bit of a PTE, with CR4.PSE clear and set."""
    for cr4 in (0, PSE, PGE):
        for upper in TABLE_BITS:
            if upper == "P" or (upper == "IGN7" and cr4 & PSE):
                continue
            for lower in SMALL_BITS:
                yield Case(768, 256, 0x234, Table({upper}), Small({lower}), cr4=cr4, slots=SELF)


def large_pages() -> Iterator[Case]:
    """Each bit and each pair of bits of a large page, frames at edges, PSE-36."""
    names = [name for name in LARGE_BITS if not name.startswith("RSV") and name not in ("P", "PS")]
    for i, one in enumerate(names):
        for two in names[i:]:
            for cr4 in (PSE, PSE | PGE):
                yield Case(1, 1023, 0xFFF, Large({one, two}, 0xFFC0_0000), cr4=cr4)
    for bit in range(32, 40):
        for width in (32, 36, 40):
            yield Case(256, 3, 4, Large({"RW"}, 1 << bit | 0x8000_0000), maxphyaddr=width)
    yield Case(256, 1023, 0xFFF, Large({"RW", "PAT"}, 0xFF_FFC0_0000))
    for width in (32, 36, 40):
        yield Case(256, 0, 0, Large({"RW", "RSV21"}), maxphyaddr=width, slots=SELF)
        yield Case(256, 0, 0, Large({"D", "G", "PAT", "US", "RSV21"}), maxphyaddr=width)
    for frame in (0, 0x0040_0000, 0x7FC0_0000, 0x8000_0000):
        yield Case(1022, 512, 0x800, Large({"RW", "US"}, frame), slots=SELF)


def bit_seven() -> Iterator[Case]:
    """With CR4.PSE = 0 bit 7 of a PDE says nothing; in a PTE it is PAT, always."""
    for more in ({"RW"}, {"RW", "US", "A", "AVL9", "IGN6", "IGN8"}):
        for cr4 in (0, PGE):
            yield Case(
                3,
                7,
                0x123,
                Table({"IGN7"} | more),
                Small({"PAT"} | more - {"IGN6", "IGN8"}),
                cr4=cr4,
                slots=SELF,
            )
            yield Case(3, 7, 0x123, Table({"IGN7"} | more), Absent(), cr4=cr4)
            # A frame with bits 21:12 set would be reserved bits of a large page.
            yield Case(3, 7, 0x123, Table({"IGN7"} | more, 0x003F_F000), Small({"RW"}), cr4=cr4)


def absent_entries() -> Iterator[Case]:
    """Not present, whatever else the word says."""
    for raw in [0, 0xFFFF_FFFE] + [1 << bit for bit in range(1, 32)]:
        yield Case(64, 0, 0, Absent(raw), slots=SELF)
        yield Case(64, 0, 0, Table({"RW"}), Absent(raw), slots=SELF)
    yield Case(1023, 0, 0, Absent(CR3 | 2))


def beyond_ram() -> Iterator[Case]:
    """Tables and directories that nothing backs; pages beyond RAM are answers all the same."""
    for frame in (RAM, 0x7F00_0000, 0xFFFF_F000):
        for pti in (0, 1, 1023):
            yield Case(64, pti, 0, Table({"RW", "US"}, frame), slots=SELF)
        yield Case(64, 9, 1, Table({"RW"}), Small({"RW", "PCD"}, frame), slots=SELF)
        yield Case(64, 9, 1, Absent(), directory=frame)
    yield Case(64, 1023, 0, Table({"RW"}, RAM - 0x1000), Small({"RW"}, RAM - 0x1000))


def addresses() -> Iterator[Case]:
    """Edges of every index and of the offset; CR3's low bits; no self-map, one, others."""
    for slots in (
        {},
        SELF,
        {957: set()},
        {957: {"US"}, 1023: {"RW"}},
        {0: {"RW"}},
        {768: {"RW", "A"}},
    ):
        for pdi in (1, 255, 511, 512, 767, 956, 1022):
            for pti, offset in ((0, 0), (1, 1), (1023, 0xFFF), (512, 0x800)):
                yield Case(
                    pdi, pti, offset, Table({"RW", "A"}), Small({"RW", "D", "A"}), slots=slots
                )
    for low in (0x8, 0x10, 0x18, 0xFFF):
        yield Case(64, 1, 2, Table({"RW"}), Small({"RW"}), cr3_bits=low, slots=SELF)


def windows() -> Iterator[Case]:
    """Addresses in a self-map: what they show, and the walk that goes through the directory twice."""
    for slots in (SELF, {957: {"RW"}}, {957: {"US"}, 1023: {"RW"}}, {5: {"RW", "US", "A"}}):
        for slot, names in slots.items():
            for offset, index in ((0, 0), (1, 0), (4, 1), (0xFFF, 1023), (0xC00, 768)):
                yield from window_cases(slots, slot, names, offset, index)
    # A large page's PDE in the window is an ordinary PTE: PS reads as PAT, and no table is shown.
    large = Large({"RW", "G", "PAT"}, 0x0080_0000)
    for offset in (0, 8):
        yield Case(
            1023,
            2,
            offset,
            Table({"RW"}, CR3),
            Small({"RW", "G", "PAT"}, 0x0080_1000),
            slots=SELF,
            others={CR3 + 8: large.word()},
        )
    # Without CR4.PSE the same bit says nothing: the window shows a table.
    yield Case(
        1023,
        2,
        8,
        Table({"RW"}, CR3),
        Small({"RW", "PAT"}, TABLE),
        cr4=0,
        slots=SELF,
        others={CR3 + 8: Table({"RW", "IGN7"}).word()},
        shows="entry 2:2",
    )
    # A PDE with PS that points at the directory's own frame is a large page, no self-map.
    low = 0x0040_0000
    yield Case(1023, 1, 4, Large({"RW"}, low), directory=low)
    yield Case(
        1023,
        1,
        4,
        Table({"RW", "IGN7"}, low),
        Absent(),
        directory=low,
        cr4=0,
        slots={1023: {"RW", "IGN7"}},
        shows="entry 1:1",
    )


def window_cases(
    slots: dict[int, set[str]], slot: int, names: set[str], offset: int, index: int
) -> Iterator[Case]:
    through = Table(names, CR3)
    page = f"entry 64:{index}" if offset else "table 64"
    yield Case(
        slot,
        64,
        offset,
        through,
        Small({"RW", "A"}, TABLE),
        slots=slots,
        others={CR3 + 4 * 64: Table({"RW", "A"}).word()},
        shows=page,
    )
    yield Case(slot, 64, offset, through, Absent(), slots=slots, shows=page)
    for own, bits in slots.items():
        yield Case(
            slot,
            own,
            offset,
            through,
            Small(bits, CR3),
            slots=slots,
            shows=f"entry {index}" if offset else "directory",
        )


def random_cases(count: int) -> Iterator[Case]:
    """Any bits with any frames: what no table above thought of."""
    pick = random.Random(32)
    directory_bits = [name for name in TABLE_BITS if name not in ("P", "IGN7")]
    large_bits = [name for name in LARGE_BITS if not name.startswith("RSV") and name != "P"]
    page_bits = [name for name in SMALL_BITS if name != "P"]
    for _ in range(count):
        control = dict(
            cr0=PG | PE | pick.choice((0, WP)),
            cr4=PSE | pick.choice((0, PGE)) | pick.choice((0, SMEP)) | pick.choice((0, SMAP)),
            slots=pick.choice(({}, SELF, {957: {"RW"}})),
        )
        spot = (
            pick.choice([n for n in range(1024) if n not in (957, 1023)]),
            pick.randrange(1024),
            pick.randrange(4096),
        )
        if pick.random() < 0.3:
            names = set(pick.sample(large_bits, pick.randrange(len(large_bits))))
            yield Case(*spot, Large(names, pick.randrange(1 << 18) << 22), **control)
            continue
        upper = Table(
            set(pick.sample(directory_bits, pick.randrange(len(directory_bits)))),
            pick.randrange(0x200, RAM >> 12) << 12,
        )
        lower = Small(
            set(pick.sample(page_bits, pick.randrange(len(page_bits)))),
            pick.randrange(1 << 20) << 12,
        )
        yield Case(*spot, upper, lower, **control)


def paging_off() -> Iterator[str]:
    for cr0 in (0x10, PE | WP, PE):
        case = Case(768, 256, 0x234, Table({"RW"}), Small({"RW"}), cr0=cr0)
        vector = json.loads(case.line())
        vector["expect"] |= dict(
            mode="off",
            outcome="paging-off",
            steps=[],
            pa=None,
            page_size=None,
            kernel="---",
            user="---",
        )
        vector["expect"]["global"] = False
        yield json.dumps(vector, separators=(",", ":"))


PDE_CHOICES = ["P", "RW", "US", "A", "D", "PS", "G"]
PTE_CHOICES = ["P", "RW", "US", "A", "D", "G"]
# The same bit under the name that it has where the PDE leads to a table.
IGNORED = {"D": "IGN6", "PS": "IGN7", "G": "IGN8"}


def subsets(names: list[str]) -> Iterator[set[str]]:
    for number in range(1 << len(names)):
        yield {name for position, name in enumerate(names) if number >> position & 1}


def exhaustive() -> Iterator[Case]:
    """All bits of both entries and of the registers that the access matrix of the kernel tries."""
    for wp, pse, pge in itertools.product((0, WP), (0, PSE), (0, PGE)):
        control = dict(cr0=PG | PE | wp, cr4=pse | pge)
        for upper in subsets(PDE_CHOICES):
            if "PS" in upper and pse:
                yield Case(320, 5, 0x123, large(upper), **control)
                continue
            for lower in subsets(PTE_CHOICES):
                yield Case(320, 5, 0x123, table(upper), small(lower), **control)


def large(chosen: set[str]) -> Large | Absent:
    whole = Large(chosen - {"P"})
    return whole if "P" in chosen else Absent(whole.word() & ~1)


def table(chosen: set[str]) -> Table | Absent:
    whole = Table({IGNORED.get(name, name) for name in chosen - {"P"}})
    return whole if "P" in chosen else Absent(whole.word() & ~1)


def small(chosen: set[str]) -> Small | Absent:
    whole = Small(chosen - {"P"})
    return whole if "P" in chosen else Absent(whole.word() & ~1)


def lines() -> Iterator[str]:
    groups = (
        rights_product,
        single_bits,
        large_pages,
        bit_seven,
        absent_entries,
        beyond_ram,
        addresses,
        windows,
    )
    for group in groups:
        for case in group():
            yield case.line()
    for case in random_cases(250):
        yield case.line()
    yield from paging_off()


def main(arguments: list[str]) -> int:
    if arguments == ["--exhaustive"]:
        for case in exhaustive():
            print(case.line())
        return 0
    check = "--check" in arguments
    names = [word for word in arguments if word != "--check"]
    target = Path(names[0]) if names else Path(__file__).with_name("walk-32bit.jsonl")
    text = "".join(line + "\n" for line in dict.fromkeys(lines()))
    if check:
        return 0 if target.read_text(encoding="ascii") == text else 1
    target.write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
