"""When the translation of an address changes: which entries to guard, and what changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from . import aliases
from .changes import differ
from .memory import Tables
from .space import Space
from .spelling import hex_at_least
from .tables import TableReader
from .walk import Walk


@dataclass(frozen=True)
class Guard:
    """One entry of the walk, and the addresses at which a store can reach it."""

    name: str
    pa: int
    raw: int | None
    places: tuple[int, ...]


def guards(space: Space, tables: Tables, found: Walk) -> list[Guard]:
    """The entries of a walk with every address of this space that shows them."""
    reader = TableReader(space, tables)
    result = []
    for step in found.steps:
        uses = aliases.find(reader, step.entry_pa)
        places = tuple(alias.va for alias in uses if alias.use == "page" and alias.va is not None)
        result.append(Guard(step.name, step.entry_pa, step.raw, places))
    return result


@dataclass(frozen=True)
class Difference:
    name: str
    old: int | None
    new: int | None

    def text(self) -> str:
        return f"{self.name}  {_word(self.old)} -> {_word(self.new)}"


def _word(raw: int | None) -> str:
    return "-" if raw is None else hex_at_least(raw)


def differences(before: Walk, now: Walk) -> list[Difference]:
    """The first entry that differs, A and D aside, and those below it that lie elsewhere or differ too."""
    found: list[Difference] = []
    for depth in range(max(len(before.steps), len(now.steps))):
        old = before.steps[depth] if depth < len(before.steps) else None
        new = now.steps[depth] if depth < len(now.steps) else None
        step = old or new
        assert step is not None
        old_raw = None if old is None else old.raw
        new_raw = None if new is None else new.raw
        if old_raw is None or new_raw is None:
            if old_raw != new_raw:
                found.append(Difference(step.name, old_raw, new_raw))
        elif differ(old_raw, new_raw):
            found.append(Difference(step.name, old_raw, new_raw))
    return found
