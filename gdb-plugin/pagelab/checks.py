"""Invariants and hazards of a space's tables: the rules of `check`, applied. rules.py says the findings.

Pure; what tables don't say comes from the caller's facts. Every table is looked at once, so that hostile
ones end it as fast as others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from . import formats, selfmap
from .alias_runs import AliasRuns, Run
from .entry import NOT_PRESENT, PAGE, RESERVED, TABLE, decode
from .flags import D, G, NX, P, PS, RW, US
from .formats import PAGE_SIZE
from .memory import Tables
from .rules import OWN_DATA, STALE_ENTRY, TABLE_WORD, Finding
from .space import Space
from .tables import TableReader
from .walk import walk

PWT, PCD, PAT = 1 << 3, 1 << 4, 1 << 7
_CACHING = PWT | PCD | PAT
_RIGHTS = RW | US


class Facts(Protocol):
    """What tables don't say."""

    def is_ram(self, pa: int) -> bool:
        """Whether the frame is RAM."""

    def is_free(self, pa: int) -> bool:
        """Whether nobody owns the frame; False where that is not known."""

    def ram_of(self, first: int, size: int) -> bool | None:
        """Whether these frames are RAM: all of them, none of them, or (None) some."""

    def any_free(self, first: int, size: int) -> bool:
        """Whether nobody owns one of these frames."""

    def is_own(self, va: int, pa: int) -> bool:
        """A page that is meant to show every frame (a direct map); one answer for all pages of a table that
        follow each other over frames that do."""

    def is_window(self, slot: int) -> bool:
        """A slot through which the system looks at the tables of another directory."""


def check(space: Space, tables: Tables, facts: Facts) -> list[Finding]:
    if space.mode == formats.OFF:
        return [Finding("paging-off")]
    if not facts.is_ram(space.root):
        return [Finding("directory-beyond-ram", pa=space.root)]
    return _Checker(TableReader(space, tables), tables, facts).run()


Path = tuple[int, ...]


class _Checker:
    def __init__(self, reader: TableReader, tables: Tables, facts: Facts) -> None:
        self._reader = reader
        self._tables = tables
        self._space = reader.space
        self._levels = reader.space.format.levels
        self._mask = reader.space.format.frame_mask
        self._facts = facts
        self._lowest: dict[int, Path] = {}  # the first entry that leads to each table
        self._frames: list[int] = []  # of all tables and the directory, sorted
        self._runs = AliasRuns()
        self._findings: list[Finding] = []
        self._self_maps: list[int] = []
        self._copied = False
        self._in_window = False

    def run(self) -> list[Finding]:
        self._collect()
        for slot, raw in enumerate(self._reader.top):
            if raw and not self._facts.is_window(slot):
                self._entry((slot,), raw, _RIGHTS)
        self._whole()
        return self._findings

    # --- what single entries are judged by -----------------------------------------------------------------
    def _collect(self) -> None:
        for slot, raw in enumerate(self._reader.top):
            if self._facts.is_window(slot):
                self._in_window = True
            elif selfmap.is_self_map(self._space, raw):
                self._self_maps.append(slot)
            elif raw & P:
                self._collect_below((slot,), raw)
                self._copied = self._copied or self._is_others_self_map(slot, raw)
        self._in_window = self._in_window or bool(self._self_maps) or self._copied
        root = self._space.root & -PAGE_SIZE
        self._frames = sorted({root, *self._lowest})

    def _collect_below(self, path: Path, raw: int) -> None:
        entry = decode(self._space, len(path) - 1, raw)
        if entry.kind != TABLE or entry.target is None:
            return
        if entry.target in self._lowest:
            return
        self._lowest[entry.target] = path
        if len(path) < len(self._levels) - 1 and self._facts.is_ram(entry.target):
            for index, word in enumerate(self._words(path, entry.target) or ()):
                if word & P:
                    self._collect_below((*path, index), word)

    def _words(self, path: Path, table: int) -> Sequence[int] | None:
        return self._reader.read(table, len(path), self._reader.path_va(path))

    def _is_others_self_map(self, slot: int, raw: int) -> bool:
        """Whether it leads to another directory, whose own self-map stands where this entry does."""
        entry = decode(self._space, 0, raw)
        if entry.kind != TABLE or entry.target is None or self._space.mode == formats.PAE:
            return False
        words = self._words((slot,), entry.target) if self._facts.is_ram(entry.target) else None
        return words is not None and words[slot] & (self._mask | P) == entry.target | P

    def _table_within(self, first: int, size: int) -> int | None:
        place = bisect_left(self._frames, first)
        if place < len(self._frames) and self._frames[place] < first + size:
            return self._frames[place]
        return None

    def _leads_to(self, va: int) -> int | None:
        """Where a virtual address leads, rights aside."""
        return (
            walk(self._space, self._tables, va).pa if self._space.format.is_canonical(va) else None
        )

    # --- entries -------------------------------------------------------------------------------------------
    def _report(self, finding: Finding) -> None:
        if self._findings and self._findings[-1].continues(finding):
            self._findings[-1].count += 1
        else:
            self._findings.append(finding)

    def _entry(self, path: Path, raw: int, above: int) -> None:
        """An entry of a table that is not the last; `above` is the AND of RW and US on the way to it."""
        depth = len(path) - 1
        entry = decode(self._space, depth, raw)
        if entry.kind == NOT_PRESENT:
            if raw:
                self._data(path, raw)
        elif entry.kind == RESERVED:
            self._report(Finding("reserved-bits", path, raw=raw))
        elif entry.kind == PAGE:
            assert entry.target is not None and entry.page_size is not None
            pat = PAT if raw & 1 << 12 else 0
            self._page(path, raw & ~PAT | pat, raw, entry.target, entry.page_size, above)
        else:
            assert entry.target is not None
            self._table(path, raw, entry.target, above)

    def _table(self, path: Path, raw: int, table: int, above: int) -> None:
        if not self._facts.is_ram(table):
            leads_to = self._leads_to(table)
            if leads_to is not None and self._facts.is_ram(leads_to):
                self._report(Finding("table-virtual", path, leads_to, raw))
            else:
                self._report(Finding("table-beyond-ram", path, table, raw))
            return
        self._table_bits(path, raw, table)
        if len(path) == 1 and selfmap.is_self_map(self._space, raw):
            if raw & US:
                rule = "self-map-user-writable" if raw & RW else "self-map-user"
                self._report(Finding(rule, path, table, raw))
            return
        if len(path) == 1 and self._is_others_self_map(path[0], raw):
            self._report(Finding("self-map-copied", path, table, raw))
            return
        if self._is_shared(path, raw, table):
            return
        if self._facts.is_free(table):
            self._report(Finding("table-free", path, table, raw))
        words = self._words(path, table)
        if words is None:
            return
        below = above & (raw if (self._space.mode, len(path)) != (formats.PAE, 1) else _RIGHTS)
        if len(path) == len(self._levels) - 1:
            self._leaves(path, words, below)
        else:
            for index, word in enumerate(words):
                if word:
                    self._entry((*path, index), word, below)

    def _is_shared(self, path: Path, raw: int, table: int) -> bool:
        """Tells of a lower entry with the same table; True if that one gives the same rights, so that all
        has been said of what is below."""
        lowest = self._lowest.get(table, path)
        if lowest >= path:
            return False
        first = self._reader.path_va(lowest)
        self._report(Finding("table-shared", path, table, raw, other=first, other_path=lowest))
        if len(lowest) != len(path) or len(self._levels) > 2:
            return True  # in the deep formats once is enough: loops must end
        return (self._reader.top[lowest[0]] ^ raw) & _RIGHTS == 0

    def _table_bits(self, path: Path, raw: int, table: int) -> None:
        """Where tables are shown in a window, a table's entry is the PTE of its window page: there D and G
        count."""
        if self._in_window and raw & G and self._space.pge:
            self._report(Finding("global-table", path, table, raw))
        ignored = PS if self._space.mode == formats.TWO_LEVEL else 0
        if raw & (ignored if self._in_window else ignored | D | G):
            self._report(Finding("ignored-bits", path, raw=raw))

    def _leaves(self, path: Path, words: Sequence[int], above: int) -> None:
        """The PTEs of one table. Runs about which nothing can be said are passed over whole."""
        depth = len(path)
        index = 0
        while index < len(words):
            raw = words[index]
            if not raw:
                index += 1
                continue
            here = (*path, index)
            if not raw & P:
                self._data(here, raw)
                index += 1
                continue
            entry = decode(self._space, depth, raw)
            if entry.kind == RESERVED or entry.target is None:
                self._report(Finding("reserved-bits", here, raw=raw))
                index += 1
                continue
            end = self._run_end(words, index)
            if end - index > 4 and self._is_told(here, raw, entry.target, end - index, above):
                index = end
                continue
            for at in range(index, end):
                raw = words[at]
                self._page((*path, at), raw, raw, raw & self._mask, PAGE_SIZE, above)
            index = end

    def _run_end(self, words: Sequence[int], start: int) -> int:
        """Behind the last entry that maps the next frame with the same low bits, A and D aside."""
        keep = ~(1 << 5 | D)
        expected = words[start] & keep
        for index in range(start, len(words)):
            if words[index] & keep != expected:
                return index
            expected += PAGE_SIZE
        return len(words)

    def _is_told(self, path: Path, raw: int, first: int, pages: int, above: int) -> bool:
        """Deals with a run of pages as a whole, where one rule or none has anything to say of all of them."""
        size = pages * PAGE_SIZE
        facts = self._facts
        ram = facts.ram_of(first, size)
        if ram is False:
            self._report(Finding("page-beyond-ram", path, first, raw))
            self._findings[-1].count += pages - 1
            return True
        if raw & ~above & _RIGHTS or self._table_within(first, size) is not None:
            return False
        va = self._reader.path_va(path)
        if ram is None or facts.any_free(first, size) or facts.is_own(va, first):
            return False
        if self._runs.overlaps(first // PAGE_SIZE, pages):
            return False
        self._runs.add(Run(first // PAGE_SIZE, va, _attributes(raw), pages), lambda *_: None)
        return True

    def _data(self, path: Path, raw: int) -> None:
        frame = raw & self._mask
        finding = Finding("data-not-present", path, raw=raw, meaning=OWN_DATA)
        leads_to = None
        if len(path) < len(self._levels) and raw == frame:
            leads_to = self._leads_to(raw)
        if leads_to is not None and self._table_within(leads_to, PAGE_SIZE) is not None:
            finding = replace(finding, meaning=TABLE_WORD, pa=leads_to)
        elif frame and self._facts.is_ram(frame):
            finding = replace(finding, meaning=STALE_ENTRY, pa=frame)
        self._report(finding)

    def _page(self, path: Path, word: int, raw: int, frame: int, size: int, above: int) -> None:
        """A page of `size` bytes. `word` is the leaf's with PAT in bit 7; `above` takes rights away."""
        facts = self._facts
        taken = word & ~above & _RIGHTS
        effective = word & ~taken
        va = self._reader.path_va(path)
        own = facts.is_own(va, frame)
        finding = Finding("", path, frame, raw)
        ram = facts.is_ram(frame)
        table = None if own or not ram else self._table_within(frame, size)
        if not ram:
            finding.rule = "page-beyond-ram"
        elif table is not None:
            finding.rule = _over_table(effective)
            finding.pa = table
        elif not own and (free := self._free_within(frame, size)) is not None:
            finding.rule = "page-free"
            finding.pa = free
        elif taken:
            finding.rule = "pde-restricts"
        if finding.rule:
            self._report(finding)
        if ram and not own:
            self._aliases(path, raw, effective, frame, size, bool(finding.rule))

    def _free_within(self, first: int, size: int) -> int | None:
        frames = range(first, first + size, PAGE_SIZE)
        return next((frame for frame in frames if self._facts.is_free(frame)), None)

    def _aliases(
        self, path: Path, raw: int, effective: int, frame: int, size: int, told: bool
    ) -> None:
        """One finding for an entry: a page about which something was said already is remembered only."""
        attributes = _attributes(effective)
        said = told

        def alias(va: int, others: int) -> None:
            nonlocal said
            differs = others ^ attributes
            if said or not differs:
                return
            said = True
            rule = "alias-caching" if differs & _CACHING else "alias-rights"
            self._report(Finding(rule, path, frame, raw, other=va))

        va = self._reader.path_va(path)
        self._runs.add(Run(frame // PAGE_SIZE, va, attributes, size // PAGE_SIZE), alias)

    def _whole(self) -> None:
        if self._space.mode == formats.PAE:
            return  # its first table is no page: nobody can map it onto itself
        number = len(self._self_maps)
        path = (self._self_maps[-1],) if self._self_maps else (0,)
        root = self._space.root
        if number > 1:
            self._report(Finding("self-map-several", path, root, count=number))
        elif number == 0 and not self._copied:
            self._report(Finding("self-map-missing", path, root, count=0))


def _attributes(word: int) -> int:
    return word & (_RIGHTS | _CACHING | NX)


def _over_table(effective: int) -> str:
    if effective & US:
        return "table-user-writable" if effective & RW else "table-user"
    return "table-writable" if effective & RW else "table-mapped"
