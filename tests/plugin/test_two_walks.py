"""Two implementations, one answer: the C++ core and the Python package over the same random guests,
walk and maps, text and JSON, byte for byte."""

from __future__ import annotations

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import ROOT
from guests import PG, WP
from pagelab import records, render
from pagelab.memory import SparseMemory
from pagelab.regions import Filter, survey
from pagelab.space import space_of
from pagelab.walk import walk

CASES = 400
SEED = 2

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="not installed: g++")


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

    def line(self) -> str:
        numbers = [self.cr0, self.cr3, self.cr4, self.bits, self.ram, len(self.words)]
        for pa, word in self.words.items():
            numbers += [pa, word]
        numbers += [self.va, *self.wanted, *(self.phys or (0, 0)), self.switches]
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
        )
        listed = survey(space, memory, wanted)
        lines = [render.walk_text(found), records.walk_record(found), render.maps_text(listed)]
        lines += [records.region_record(space, region) for region in listed.regions]
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
        for table in self.TABLES:
            base, low = pick.randrange(1 << 20), self.low()
            for number in range(pick.randrange(40)):
                slot = pick.choice([number, number, number, 1023 - number, pick.randrange(1024)])
                bits = pick.choice([low, low, low, low ^ 0x20, low ^ 0x60, self.low()])
                held[table + 4 * slot] = (base + slot & 0xFFFFF) << 12 | bits
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
            switches=pick.choice([0, 0, 0, 1, 2, 3]),
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
    assert sum('"outcome":"page-4' in answer for answer in theirs) > CASES // 10
