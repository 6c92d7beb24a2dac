"""The tables of one space, each read whole and once. For all that looks at more than one address."""

from __future__ import annotations

from collections.abc import Sequence

from . import PagelabError, formats, selfmap
from .memory import Tables
from .space import Space
from .spelling import physical
from .walk import read_top, unpack


class TableReader:
    """Raises PagelabError where there is no first table; what is below it may be unreadable (None)."""

    def __init__(self, space: Space, tables: Tables) -> None:
        if space.mode == formats.OFF:
            raise PagelabError("paging is off: virtual and physical addresses are the same")
        top = read_top(space, tables)
        if top is None:
            raise PagelabError(f"the page directory at {physical(space.root)} can't be read")
        self.space = space
        self.top: tuple[int, ...] = top
        self.slots = selfmap.find_slots(space, top)
        self._tables = tables
        self._window = max(self.slots, default=None)
        self._held: dict[tuple[int, int], Sequence[int] | None] = {(space.root, len(top)): top}

    def read(self, frame: int, depth: int, va: int) -> Sequence[int] | None:
        """The words of the table in `frame`; `va` is an address that it translates at `depth`."""
        layout = self.space.format
        length = layout.table_size(depth)
        key = (frame, length // layout.entry_size)
        if key not in self._held:
            window = None
            if self._window is not None:
                window = selfmap.entry_address(self.space, self._window, depth, va)
                window -= layout.index_of(depth, va) * layout.entry_size
            data = self._tables.read(frame, window, length)
            self._held[key] = None if data is None else unpack(data, layout.entry_size)
        return self._held[key]

    def path_va(self, path: Sequence[int]) -> int:
        """The first address that the entry at this path translates."""
        levels = self.space.format.levels
        va = sum(index << level.shift for index, level in zip(path, levels))
        return self.space.format.canonical(va)


def entry_name(space: Space, path: Sequence[int]) -> str:
    """PDE 768, PTE 768:256; all indices from the top."""
    return f"{space.format.levels[len(path) - 1].name.upper()} {selfmap.joined(path)}"
