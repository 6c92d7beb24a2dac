"""The recursive self-map: slots of the first table that lead back to it, and the arithmetic of
the windows that they open. Any format but PAE, whose first table is no page.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import formats
from .entry import TABLE, decode, maps_page
from .flags import P
from .formats import PAGE_SHIFT, PAGE_SIZE
from .space import Space


def find_slots(space: Space, top: Sequence[int]) -> tuple[int, ...]:
    """The slots of the first table whose entry is present, no page, and names the table itself."""
    if space.mode == formats.PAE:
        return ()
    named = space.root | P
    mask = space.format.frame_mask | P
    return tuple(
        slot for slot, raw in enumerate(top) if raw & mask == named and is_self_map(space, raw)
    )


def is_self_map(space: Space, raw: int) -> bool:
    """Whether this entry of the first table leads back to it."""
    if space.mode == formats.PAE:
        return False
    entry = decode(space, 0, raw)
    return entry.kind == TABLE and entry.target == space.root


def entry_address(space: Space, slot: int, depth: int, va: int) -> int:
    """Where the self-map in `slot` shows the entry that translates `va` at `depth`.

    The slot's index stands once for each level that the window skips: for the two-level format
    a PDE is at slot:slot:4 × PDI and a PTE at slot:PDI:4 × PTI.
    """
    layout = space.format
    path = layout.indices(va)
    skipped = len(path) - depth
    page = 0
    for level, index in zip(layout.levels, (slot,) * skipped + path[:depth]):
        page = page << level.bits | index
    return layout.canonical((page << PAGE_SHIFT) + path[depth] * layout.entry_size)


def shown_at(
    space: Space, slots: Sequence[int], va: int, path_words: Sequence[int | None]
) -> str | None:
    """What an address in a self-map slot stands for, as docs/formats.md spells it, else None.

    `path_words` are the words that the walk of `va` met, from the top. A page is shown as data,
    not as a table, when a large page lies on the way to it: then there is no answer.
    """
    path = space.format.indices(va)
    skipped = 0
    while skipped < len(path) and path[skipped] in slots:
        skipped += 1
    if not skipped:
        return None
    table = path[skipped:]
    for depth, raw in enumerate(path_words[skipped:]):
        if raw is not None and raw & P and maps_page(space, depth, raw):
            return None
    offset = va % PAGE_SIZE
    if offset == 0:
        return "table " + joined(table) if table else "directory"
    return "entry " + joined((*table, offset // space.format.entry_size))


def joined(indices: Sequence[int]) -> str:
    return ":".join(str(index) for index in indices)
