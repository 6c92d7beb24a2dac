"""Whatever the tables hold: every question ends, soon, in an answer or in one line."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from guests import LA57, four_level, memory, pae, two_level
from pagelab import PagelabError, aliases, changes, checks, fault, regions, render, rules, slots
from pagelab.memory import SparseMemory
from pagelab.preflight import Preflight, preflight_text
from pagelab.cpu import Cpu
from pagelab.space import Space
from pagelab.tables import TableReader
from pagelab.walk import walk
from pagelab.watching import guards

RAM = 4 << 20
SECONDS = 20.0  # for all questions about one guest, on a slow machine


class Facts:
    def is_ram(self, pa: int) -> bool:
        return pa + 4096 <= RAM

    def is_free(self, pa: int) -> bool:
        return pa >> 12 & 7 == 3

    def ram_of(self, first: int, size: int) -> bool | None:
        known = {self.is_ram(pa) for pa in range(first, first + size, 4096)}
        return known.pop() if len(known) == 1 else None

    def any_free(self, first: int, size: int) -> bool:
        return any(self.is_free(pa) for pa in range(first, first + size, 4096))

    def is_own(self, va: int, pa: int) -> bool:
        return False

    def is_window(self, slot: int) -> bool:
        return slot == 5


SPACES: dict[str, Callable[[], Space]] = {
    "32-bit": two_level,
    "pae": pae,
    "4-level": four_level,
    "5-level": lambda: four_level(cr4=LA57),
}
CPU = Cpu(
    0x1000,
    0x2000,
    0,
    0,
    0,
    (0x3000, 47),
    (0x4000, 0x7FF),
    (8, 0x5000, 103),
    1,
    0,
    0,
    0,
    False,
    False,
)


def random_words(seed: int, width: int) -> SparseMemory:
    """A few frames of words that lead to each other, to nothing, and everywhere."""
    pick = random.Random(seed)
    frames = [0x0010_5000 + 4096 * number for number in range(4)]
    held = {}
    for frame in frames:
        for at in range(frame, frame + 4096, width):
            if pick.random() < 0.02:
                loop = pick.choice(frames) | pick.choice([1, 3, 7, 0x83, 0x87, 0x1E7])
                held[at] = pick.choice([loop, loop, pick.getrandbits(8 * width)])
    return memory(held, width, RAM)


def all_ones(_seed: int, width: int) -> SparseMemory:
    return memory(
        {at: (1 << 8 * width) - 1 for at in range(0x0010_5000, 0x0010_7000, width)}, width, RAM
    )


def every_entry_leads_to_the_first_table(_seed: int, width: int) -> SparseMemory:
    return memory({at: 0x0010_5003 for at in range(0x0010_5000, 0x0010_6000, width)}, width, RAM)


def questions(space: Space, tables: SparseMemory) -> list[Callable[[], object]]:
    reader = TableReader(space, tables)
    found = walk(space, tables, 0x1234)

    def judge() -> object:
        findings = checks.check(space, tables, Facts())
        return [(rules.finding_line(space, f), rules.finding_record(space, f)) for f in findings]

    def fly() -> object:
        return preflight_text(space, Preflight(space, space, CPU, tables, Facts()).run())

    def differ() -> object:
        empty = changes.Snapshot(space, {})
        return changes.changes_text(space, changes.compare(empty, changes.take(reader)))

    return [
        judge,
        fly,
        differ,
        lambda: aliases.aliases_text(space, 0x0010_5000, aliases.find(reader, 0x0010_5000)),
        lambda: guards(space, tables, found),
        lambda: slots.picture(reader),
        lambda: fault.fault_text(fault.explain(found, 7, fault.access_of(7, found.va))),
        lambda: render.maps_text(
            regions.survey(space, tables, regions.Filter(va=(0, 0x0080_0000)))
        ),
    ]


@pytest.mark.parametrize("mode", SPACES)
@pytest.mark.parametrize(
    "make, seed",
    [
        (random_words, 1),
        (random_words, 2),
        (random_words, 3),
        (all_ones, 0),
        (every_entry_leads_to_the_first_table, 0),
    ],
    ids=["random 1", "random 2", "random 3", "all ones", "loops"],
)
def test_it_ends(mode: str, make: Callable[[int, int], SparseMemory], seed: int) -> None:
    space = SPACES[mode]()
    tables = make(seed, space.format.entry_size)
    for question in questions(space, tables):
        start = time.monotonic()
        try:
            assert question() is not None
        except PagelabError as error:
            assert "\n" not in str(error)
        assert time.monotonic() - start < SECONDS, question
