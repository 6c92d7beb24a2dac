"""Two implementations, one answer: the C++ core and the Python package over the same random guests,
all questions about tables, text and JSON, byte for byte."""

from __future__ import annotations

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import ROOT
from guests import PG, WP
from pagelab import aliases, checks, fault, records, render, rules, slots
from pagelab.memory import SparseMemory
from pagelab.regions import Filter, survey
from pagelab.space import space_of
from pagelab.tables import TableReader
from pagelab.walk import walk

CASES = 400
# Rules that need facts which these guests don't have.
NEVER = {"paging-off", "directory-beyond-ram", "table-free", "page-free", "alias-unknown"}
SEED = 2

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="not installed: g++")


class PlainFacts:
    """Nothing is free, nothing is meant to show every frame."""

    def __init__(self, ram: int) -> None:
        self._ram = ram

    def is_ram(self, pa: int) -> bool:
        return pa + 4096 <= self._ram

    def is_free(self, pa: int) -> bool:
        return False

    def ram_of(self, first: int, size: int) -> bool | None:
        known = {self.is_ram(pa) for pa in range(first, first + size, 4096)}
        return known.pop() if len(known) == 1 else None

    def any_free(self, first: int, size: int) -> bool:
        return any(self.is_free(pa) for pa in range(first, first + size, 4096))

    def is_own(self, va: int, pa: int) -> bool:
        return False

    def is_window(self, slot: int) -> bool:
        return False


@dataclass
class Case:
    cr0: int
    cr3: int
    cr4: int
    bits: int
    ram: int
    words: dict[int, int]
    va: int
    wanted: tuple[int, int]
    phys: tuple[int, int] | None
    switches: int
    code: int

    def line(self) -> str:
        numbers = [self.cr0, self.cr3, self.cr4, self.bits, self.ram, len(self.words)]
        for pa, word in self.words.items():
            numbers += [pa, word]
        numbers += [self.va, *self.wanted, *(self.phys or (0, 0)), self.switches, self.code]
        return " ".join(str(number) for number in numbers)

    def answer(self) -> str:
        space = space_of(self.cr0, self.cr3, self.cr4, 0, self.bits)
        memory = SparseMemory(self.words, self.ram)
        found = walk(space, memory, self.va)
        wanted = Filter(
            va=self.wanted,
            pa=self.phys,
            writable=bool(self.switches & 1),
            user=bool(self.switches & 2),
            accessed_dirty=bool(self.switches & 4),
            executable=bool(self.switches & 8),
        )
        listed = survey(space, memory, wanted)
        lines = [render.walk_text(found), records.walk_record(found)]
        if self.switches & 16:
            lines.append(render.tree_text(survey(space, memory, wanted._replace(by_slot=True))))
        else:
            lines.append(render.maps_text(listed))
        lines += [records.region_record(space, region) for region in listed.regions]
        reader = TableReader(space, memory)
        for alias in aliases.find(reader, self.phys[0] if self.phys else 0):
            lines += [aliases.alias_text(space, alias), aliases.alias_record(space, alias)]
        for finding in checks.check(space, memory, PlainFacts(self.ram)):
            lines += [rules.finding_line(space, finding), rules.finding_record(space, finding)]
        for slot in slots.slots_in_use(reader, reader.top, (), 0, 1023):
            lines += [slots.slot_text(slot), slots.slot_record(slot)]
            lines += [slots.entry_text(space, 0, slot.raw), slots.entry_record(space, 0, slot.raw)]
        access = fault.access_of(self.code, self.va)
        why = fault.explain(found, self.code, access)
        lines += [fault.fault_text(why), fault.fault_record(why)]
        return "".join(line + "\n" for line in lines)


class Guests:
    """Directories that refer to themselves, to each other, to nothing; tables with runs and holes."""

    TABLES = (0x0010_6000, 0x0010_7000, 0x0010_8000)

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def low(self) -> int:
        pick = self._random
        usual = [0, 1, 3, 5, 7, 0x21, 0x63, 0x67, 0x103, 0x83, 0x87, 0xE7, 0x1E3, 0x1083]
        return pick.choice([*usual, pick.randrange(4096)])

    def words(self, directory: int, slots: list[int]) -> dict[int, int]:
        pick = self._random
        frames = [directory, directory, *self.TABLES, 0x0040_0000, 0x0040_A000, 0x7F00_0000]
        held = {}
        for slot in slots:
            frame = pick.choice([*frames, pick.randrange(1 << 20) << 12])
            held[directory + 4 * slot] = frame | self.low()
        if pick.random() < 0.5:  # an address that works: stored where a physical one belongs
            va = pick.choice(slots) << 22 | pick.choice([0, 0, 1, 1023]) << 12
            held[directory + 4 * pick.choice(slots)] = va | pick.choice([0, 3, 7])
        for table in self.TABLES:
            base, low = pick.randrange(1 << 20), self.low()
            for number in range(pick.randrange(40)):
                slot = pick.choice([number, number, number, 1023 - number, pick.randrange(1024)])
                bits = pick.choice([low, low, low, low ^ 0x20, low ^ 0x60, self.low()])
                held[table + 4 * slot] = (base + slot & 0xFFFFF) << 12 | bits
        if pick.random() < 0.2:  # a directory copied byte by byte, self-map included
            slot, table = pick.choice(slots), pick.choice(self.TABLES)
            held[directory + 4 * slot] = held[table + 4 * slot] = table | 3
        return held

    def case(self) -> Case:
        pick = self._random
        cr3 = pick.choice([0x0010_5000, 0x0010_6000, 0x0040_0000, 0x0010_5018])
        slots = pick.sample(range(1024), 6) + pick.sample([0, 1, 2, 956, 957, 1021, 1022, 1023], 4)
        first = pick.choice([0, pick.choice(slots) << 22, pick.randrange(1 << 32)])
        size = pick.choice([1, 0x1000, 0x0040_0000, 0x0080_1800, 1 << 31])
        low = pick.choice([0x0010_0000, 0x0040_0000, pick.randrange(1 << 33)])
        inside = pick.choice(slots) << 22 | pick.choice([*range(4), *slots]) << 12
        return Case(
            cr0=PG | 1 | pick.choice([0, WP]),
            cr3=cr3,
            cr4=pick.choice([0, 0x10, 0x90, 0x90, 0x0030_0090, 0x0010_0010, 0x0020_0010]),
            bits=pick.choice([32, 36, 40, 40]),
            ram=pick.choice([16 << 20, 0x0080_0000]),
            words=self.words(cr3 & ~0xFFF, slots),
            va=pick.choice([pick.randrange(1 << 32), inside | pick.choice([0, 1, 4, 0xFFF])]),
            wanted=pick.choice([(0, 1 << 32), (first, min(first + size, 1 << 32))]),
            phys=pick.choice([None, None, (low, low + pick.choice([1, 0x3000, 0x0040_0000]))]),
            switches=pick.choice([0, 0, 0, 1, 2, 3, 4, 8, 16, 20]),
            code=pick.randrange(32),
        )


@pytest.fixture(name="core", scope="module")
def fixture_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("core") / "core_answers"
    source = ROOT / "tests/plugin/core_answers.cpp"
    command = ["g++", "-std=c++23", "-O1", "-I", ROOT, source, "-o", program]
    subprocess.run(command, check=True, timeout=120)
    return program


def test_the_core_and_the_package_print_the_same_bytes(core: Path) -> None:
    guests = Guests(SEED)
    cases = [guests.case() for _ in range(CASES)]
    text = "\n".join(case.line() for case in cases) + "\n"
    done = subprocess.run(
        [core], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    theirs = done.stdout.split("----\n")[:-1]
    assert len(theirs) == CASES
    for case, answer in zip(cases, theirs):
        assert case.answer() == answer, case.line()
    assert sum("self-map of" in answer for answer in theirs) > CASES // 20
    found = {rule for rule in rules.RULES if any(f" {rule}: " in answer for answer in theirs)}
    assert set(rules.RULES) - found == NEVER
    assert sum('"outcome":"page-4' in answer for answer in theirs) > CASES // 10
