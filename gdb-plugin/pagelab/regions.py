"""All that a space maps, as regions: neighbours merge where the translation goes on unbroken.

Reads each table once. Total on hostile tables: the depth is the format's, the number of regions
has a limit, and a table that can't be read is noted and skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from . import PagelabError
from .access import rights
from .entry import PAGE, TABLE, Entry, decode
from .flags import A, D, P, reserved_mask
from .formats import PAGE_SIZE, Format
from .memory import Tables
from .space import Space
from .spelling import physical
from .tables import TableReader, entry_name

# The two-level format has at most 2^20 pages; only loops in the long modes can come here.
LIMIT = 1 << 21
HIDDEN = ("P", "A", "D")


class Region(NamedTuple):
    """pa(va + k) = pa + k over `size` bytes; rights, page size and flags are the same throughout."""

    va: int
    size: int
    pa: int
    page_size: int
    kernel: str
    user: str
    flags: tuple[str, ...]  # the leaf's, without P, and mostly without A and D
    slot: int | None  # the self-map slot it lies in

    def continues(self, other: Region) -> bool:
        return (
            other.va + other.size == self.va
            and other.pa + other.size == self.pa
            and other.page_size == self.page_size
            and other.slot == self.slot
            and other.kernel == self.kernel
            and other.user == self.user
            and other.flags == self.flags
        )


class Filter(NamedTuple):
    """Which pages are wanted. B of a range is exclusive.

    Ranges cut at 4 KiB: of a large page only the part inside is told.
    """

    va: tuple[int, int] | None = None
    pa: tuple[int, int] | None = None
    writable: bool = False
    user: bool = False
    executable: bool = False
    accessed_dirty: bool = False  # tell A and D, and part pages that differ in them
    by_slot: bool = False  # no region passes the edge of a slot of the first table

    @property
    def by_page(self) -> bool:
        """Whether pages are left out for what they are, not for where they lie."""
        return self.pa is not None or self.writable or self.user or self.executable

    def covers(self, first: int, size: int) -> bool:
        return self.va is None or (self.va[0] <= first and first + size <= self.va[1])

    def touches(self, layout: Format, index: int) -> bool:
        """Whether the range holds an address of this slot of the first table."""
        first = layout.canonical(index * layout.levels[0].span)
        return self.va is None or (
            self.va[0] < first + layout.levels[0].span and first < self.va[1]
        )

    def clip(self, region: Region) -> Region | None:
        """The part of the region that is wanted, in whole pages."""
        if self.writable and "w" not in region.kernel + region.user:
            return None
        if self.user and region.user == "---":
            return None
        if self.executable and "x" not in region.kernel + region.user:
            return None
        first, end = 0, region.size
        for wanted, start in ((self.va, region.va), (self.pa, region.pa)):
            if wanted is not None:
                first = max(first, (wanted[0] - start) & -PAGE_SIZE)
                end = min(end, -((start - wanted[1]) & -PAGE_SIZE))
        if first >= end:
            return None
        if (first, end) == (0, region.size):
            return region
        return region._replace(va=region.va + first, pa=region.pa + first, size=end - first)


class Survey:
    """What was found, and what could not be looked at."""

    def __init__(self, space: Space, wanted: Filter, reader: TableReader) -> None:
        self.space = space
        self.wanted = wanted
        self.reader = reader
        self.regions: list[Region] = []
        self.unreadable: list[str] = []  # names of the entries that lead there

    @property
    def slots(self) -> tuple[int, ...]:
        """The self-map's."""
        return self.reader.slots

    @property
    def top(self) -> tuple[int, ...]:
        return self.reader.top

    def table_count(self) -> int:
        """Present entries of the first table that are neither pages nor self-maps."""
        kinds = [decode(self.space, 0, raw).kind for raw in self.top if raw & P]
        return kinds.count(TABLE) - len(self.slots)


def survey(space: Space, tables: Tables, wanted: Filter = Filter()) -> Survey:
    reader = TableReader(space, tables)
    found = Survey(space, wanted, reader)
    visitor = _Visitor(reader, found, wanted)
    span = space.format.levels[0].span if wanted.by_slot else 0
    everything = wanted.va is None and not wanted.by_page
    for region in _merged(visitor.table(reader.top, _Place()), span):
        part = region if everything else wanted.clip(region)
        if part is None:
            continue
        found.regions.append(part)
        if len(found.regions) > LIMIT:
            raise PagelabError(f"more than {LIMIT} regions: the tables loop; give a smaller RANGE")
    return found


def _merged(regions: Iterator[Region], span: int) -> Iterator[Region]:
    """Neighbours as one; with a span, none across its multiples."""
    current: Region | None = None
    for region in regions:
        if current is None:
            current = region
        elif (
            region.pa == current.pa + current.size
            and region.continues(current)
            and not (span and region.va % span == 0)
        ):
            current = current._replace(size=current.size + region.size)
        else:
            yield current
            current = region
    if current is not None:
        yield current


# RW, US and not-NX of all levels so far.
Inherited = tuple[bool, bool, bool]
_ALL: Inherited = (True, True, True)


def _joined(above: Inherited, entry: Entry) -> Inherited:
    writable, user, executable = above
    return writable and entry.writable, user and entry.user, executable and entry.executable


class _Place(NamedTuple):
    """A table on the way: its entry's indices, its first address, the rights that reach it."""

    path: tuple[int, ...] = ()
    va: int = 0
    above: Inherited = _ALL


class _Visitor:
    """Goes through the tables in the order of addresses and yields runs of pages."""

    def __init__(self, reader: TableReader, found: Survey, wanted: Filter) -> None:
        self._reader = reader
        self._space = reader.space
        self._levels = reader.space.format.levels
        self._found = found
        self._wanted = wanted.va
        self._ignored = 0 if wanted.accessed_dirty else A | D
        self._hidden = ("P",) if wanted.accessed_dirty else HIDDEN
        # Rights and flags of pages, by the bits of the PTE that are no address.
        self._traits: dict[tuple[int, Inherited], tuple[str, str, tuple[str, ...]]] = {}

    def table(self, words: Sequence[int], place: _Place) -> Iterator[Region]:
        """The pages below one table. Its own words are known; those below it are read here."""
        depth = len(place.path)
        first, last = self._bounds(place)
        if depth == len(self._levels) - 1:
            yield from self._pages(words, first, last, place)
            return
        for index in range(first, last):
            raw = words[index]
            if not raw & P:
                continue
            entry = decode(self._space, depth, raw)
            below = _Place(
                (*place.path, index),
                place.va + (index << self._levels[depth].shift),
                _joined(place.above, entry),
            )
            if entry.kind == PAGE:
                yield self._large(entry, below)
            elif entry.kind == TABLE:
                assert entry.target is not None
                held = self._read(entry.target, below)
                if held is not None:
                    yield from self.table(held, below)

    def _read(self, frame: int, place: _Place) -> Sequence[int] | None:
        words = self._reader.read(frame, len(place.path), place.va)
        if words is None:
            name = entry_name(self._space, place.path)
            self._found.unreadable.append(f"{name} at {physical(frame)}")
        return words

    def _bounds(self, place: _Place) -> tuple[int, int]:
        """The indices of this table that the wanted range touches."""
        level = self._levels[len(place.path)]
        if self._wanted is None:
            return 0, level.entries
        base = self._space.format.canonical(place.va)
        if not place.path and self._space.format.va_digits == 16:
            return 0, level.entries  # two halves with a hole between: clip() does the rest
        first = max(0, (self._wanted[0] - base) >> level.shift)
        last = min(level.entries, -(-(self._wanted[1] - base) >> level.shift))
        return first, max(first, last)

    def _pages(
        self, words: Sequence[int], first: int, last: int, place: _Place
    ) -> Iterator[Region]:
        """Runs of PTEs that differ in nothing but A, D and the next frame. The hot loop."""
        bad = reserved_mask(self._space, len(place.path), True)
        wrong = bad | P
        keep = ~self._ignored
        frames = self._space.format.frame_mask
        base = self._space.format.canonical(place.va)
        slot = self._slot(place)
        start = expected = -1
        for index in range(first, last):
            raw = words[index]
            if raw & keep == expected and not raw & bad:
                expected += PAGE_SIZE
                continue
            if start >= 0:
                yield Region(
                    base + start * PAGE_SIZE,
                    (index - start) * PAGE_SIZE,
                    words[start] & frames,
                    PAGE_SIZE,
                    *self._traits_at(words[start], place),
                    slot,
                )
                start = expected = -1
            if raw & wrong == P:
                start = index
                expected = (raw & keep) + PAGE_SIZE
        if start >= 0:
            yield Region(
                base + start * PAGE_SIZE,
                (last - start) * PAGE_SIZE,
                words[start] & frames,
                PAGE_SIZE,
                *self._traits_at(words[start], place),
                slot,
            )

    def _traits_at(self, raw: int, place: _Place) -> tuple[str, str, tuple[str, ...]]:
        key = (raw & ~self._space.format.frame_mask, place.above)
        traits = self._traits.get(key)
        if traits is None:
            entry = decode(self._space, len(place.path), raw)
            traits = self._traits[key] = self._traits_of(entry, _joined(place.above, entry))
        return traits

    def _large(self, entry: Entry, place: _Place) -> Region:
        assert entry.target is not None and entry.page_size is not None
        return Region(
            self._space.format.canonical(place.va),
            entry.page_size,
            entry.target,
            entry.page_size,
            *self._traits_of(entry, place.above),
            self._slot(place),
        )

    def _traits_of(self, entry: Entry, rules: Inherited) -> tuple[str, str, tuple[str, ...]]:
        kernel, user = rights(self._space, *rules)
        return kernel, user, tuple(name for name in entry.flags if name not in self._hidden)

    def _slot(self, place: _Place) -> int | None:
        return place.path[0] if place.path[0] in self._found.slots else None
