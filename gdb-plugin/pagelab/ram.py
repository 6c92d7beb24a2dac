"""Which physical addresses hold memory, from the text of QEMU's monitor command `info mtree -f`.

The stub answers a read of nothing with zeros, and one of a device with a side effect, so a table
is read only where there is RAM or ROM.
"""

from __future__ import annotations

from typing import NamedTuple

import re

_SPAN = re.compile(r"^\s+([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, (\w+)\)", re.MULTILINE)
_READABLE = {"ram", "rom", "romd", "ramd", "nv-ram"}


class RamMap(NamedTuple):
    """Sorted, disjoint [first, end) of physical addresses: what can be read, and what of it is RAM."""

    spans: tuple[tuple[int, int], ...]
    ram: tuple[tuple[int, int], ...] = ()

    def holds(self, pa: int, size: int) -> bool:
        return any(first <= pa and pa + size <= end for first, end in self.spans)

    def is_ram(self, pa: int, size: int) -> bool:
        return any(first <= pa and pa + size <= end for first, end in self.ram)

    def ram_of(self, pa: int, size: int) -> bool | None:
        """Whether all of it is RAM, none of it, or (None) some."""
        if self.is_ram(pa, size):
            return True
        return None if any(first < pa + size and pa < end for first, end in self.ram) else False


def parse_mtree(text: str) -> RamMap | None:
    """The CPU's view of memory, or None when the text has none."""
    for view in re.split(r"(?m)^\s*FlatView #\d+", text):
        if 'AS "memory"' not in view:
            continue
        spans: list[tuple[int, int]] = []
        ram: list[tuple[int, int]] = []
        for low, high, kind in _SPAN.findall(view):
            if kind not in _READABLE:
                continue
            first, end = int(low, 16), int(high, 16) + 1
            _append(spans, first, end)
            if kind == "ram":
                _append(ram, first, end)
        return RamMap(tuple(spans), tuple(ram)) if spans else None
    return None


def _append(spans: list[tuple[int, int]], first: int, end: int) -> None:
    if spans and spans[-1][1] == first:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((first, end))
