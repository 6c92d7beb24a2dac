"""The walk of one virtual address: every entry on the way and one outcome that says how it ended.

Pure and total: whatever the tables hold, it ends after as many steps as the format has levels.
"""

from __future__ import annotations

from typing import NamedTuple

import struct

from . import formats, selfmap
from .access import NOTHING, rights
from .entry import NOT_PRESENT, PAGE, RESERVED, TABLE, UNREADABLE, Entry, decode
from .memory import Tables
from .space import Space

PAGE_OUTCOMES = {1 << 12: "page-4k", 1 << 21: "page-2m", 1 << 22: "page-4m", 1 << 30: "page-1g"}
STOPS = {NOT_PRESENT: "not-present", RESERVED: "reserved-bit", UNREADABLE: "unreadable"}


class Step(NamedTuple):
    """One entry on the way. `raw` is None when it can't be read."""

    level: str
    path: tuple[int, ...]  # the indices from the top down to this entry
    entry_va: int | None
    entry_pa: int
    raw: int | None
    entry: Entry

    @property
    def slot(self) -> int:
        return self.path[-1]

    @property
    def name(self) -> str:
        return f"{self.level.upper()} {selfmap.joined(self.path)}"


class Walk(NamedTuple):
    """The record of docs/formats.md."""

    space: Space
    va: int
    outcome: str
    steps: tuple[Step, ...] = ()
    pa: int | None = None
    page_size: int | None = None
    kernel: str = NOTHING
    user: str = NOTHING
    global_: bool = False
    self_map: str | None = None
    window: int | None = None  # the self-map slot in which the entries' addresses lie


def unpack(data: bytes, width: int) -> tuple[int, ...]:
    """The little-endian words of `width` bytes."""

    return struct.unpack(f"<{len(data) // width}{'I' if width == 4 else 'Q'}", data)


def read_top(space: Space, tables: Tables) -> tuple[int, ...] | None:
    """The first table's words, or None when it can't be read."""
    data = tables.read(space.root, None, space.format.table_size(0))
    return None if data is None else unpack(data, space.format.entry_size)


def walk(space: Space, tables: Tables, va: int) -> Walk:
    if space.mode == formats.OFF:
        return Walk(space, va, "paging-off")
    if not space.format.is_canonical(va):
        return Walk(space, va, "non-canonical")
    top = read_top(space, tables)
    slots = () if top is None else selfmap.find_slots(space, top)
    window = max(slots, default=None)
    steps = _steps(space, tables, va, top, window)
    shown = selfmap.shown_at(space, slots, va, [step.raw for step in steps]) if slots else None
    last = steps[-1].entry
    if last.kind != PAGE:
        return Walk(space, va, STOPS[last.kind], tuple(steps), self_map=shown, window=window)
    assert last.target is not None and last.page_size is not None
    entries = [step.entry for step in steps]
    kernel, user = rights(
        space,
        all(entry.writable for entry in entries),
        all(entry.user for entry in entries),
        all(entry.executable for entry in entries),
    )
    return Walk(
        space=space,
        va=va,
        outcome=PAGE_OUTCOMES[last.page_size],
        steps=tuple(steps),
        pa=last.target + va % last.page_size,
        page_size=last.page_size,
        kernel=kernel,
        user=user,
        global_=last.global_ and space.pge,
        self_map=shown,
        window=window,
    )


def _steps(
    space: Space, tables: Tables, va: int, top: tuple[int, ...] | None, slot: int | None
) -> list[Step]:
    layout = space.format
    path = layout.indices(va)
    table = space.root
    steps: list[Step] = []
    for depth, level in enumerate(layout.levels):
        entry_pa = table + path[depth] * layout.entry_size
        entry_va = None if slot is None else selfmap.entry_address(space, slot, depth, va)
        if depth == 0:
            raw = None if top is None else top[path[0]]
        else:
            data = tables.read(entry_pa, entry_va, layout.entry_size)
            raw = None if data is None else int.from_bytes(data, "little")
        entry = Entry(UNREADABLE) if raw is None else decode(space, depth, raw)
        steps.append(Step(level.name, path[: depth + 1], entry_va, entry_pa, raw, entry))
        if entry.kind != TABLE:
            break
        assert entry.target is not None
        table = entry.target
    return steps
