"""Who uses a frame: every page that shows a physical address, every entry that uses its frame as a
table, and CR3. Pure; looks at each table once, whatever refers to what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import PagelabError
from .access import rights
from .entry import PAGE, TABLE, decode
from .flags import P
from .formats import PAGE_SIZE
from .records import line, va_digits
from .space import Space
from .spelling import count, hex_at_least, physical, size
from .tables import TableReader, entry_name

LIMIT = 1 << 17  # uses; only tables that lead to each other have so many


@dataclass(frozen=True)
class Alias:
    """One use of the byte or frame at `pa`. `path` is empty for CR3."""

    use: str  # page, table or directory
    pa: int
    path: tuple[int, ...] = ()
    va: int | None = None  # page: the address that leads to `pa`; table: the first one translated
    page_size: int | None = None
    kernel: str | None = None
    user: str | None = None


Path = tuple[int, ...]


class _Finder:
    """Paths are kept relative to the table that they start in, so that a table met twice is read once."""

    def __init__(self, reader: TableReader, pa: int) -> None:
        self._reader = reader
        self._space = reader.space
        self._pa = pa
        self._frame = pa & -PAGE_SIZE
        self._known: dict[tuple[int, int], list[tuple[str, Path]]] = {}

    def below(self, frame: int, words: Sequence[int], path: Path) -> list[tuple[str, Path]]:
        depth = len(path)
        key = (frame, depth)
        if key not in self._known:
            self._known[key] = []  # a loop of tables ends at the format's depth anyway
            self._known[key] = self._search(words, path)
        return self._known[key]

    def _search(self, words: Sequence[int], path: Path) -> list[tuple[str, Path]]:
        space = self._space
        depth = len(path)
        last = depth == len(space.format.levels) - 1
        mask = space.format.frame_mask | P
        wanted = self._frame | P
        found: list[tuple[str, Path]] = []
        for index, raw in enumerate(words):
            if last:
                if raw & mask == wanted and decode(space, depth, raw).kind == PAGE:
                    found.append((PAGE, (index,)))
                continue
            if not raw & P:
                continue
            entry = decode(space, depth, raw)
            if entry.kind == PAGE:
                assert entry.target is not None and entry.page_size is not None
                if entry.target <= self._pa < entry.target + entry.page_size:
                    found.append((PAGE, (index,)))
            elif entry.kind == TABLE:
                assert entry.target is not None
                if entry.target & -PAGE_SIZE == self._frame:
                    found.append((TABLE, (index,)))
                here = (*path, index)
                held = self._reader.read(entry.target, depth + 1, self._reader.path_va(here))
                if held is not None:
                    found += [
                        (use, (index, *rest)) for use, rest in self.below(entry.target, held, here)
                    ]
            if len(found) > LIMIT:
                raise PagelabError(
                    f"more than {LIMIT} uses of {physical(self._pa)}: the tables loop"
                )
        return found


def find(reader: TableReader, pa: int) -> list[Alias]:
    """Each use of the byte or frame at `pa`, in the order of addresses, CR3 last."""
    space = reader.space
    uses = _Finder(reader, pa).below(space.root, reader.top, ())
    found = [
        _page(reader, pa, path) if use == PAGE else Alias(use, pa, path, va=reader.path_va(path))
        for use, path in uses
    ]
    if space.root & -PAGE_SIZE == pa & -PAGE_SIZE:
        found.append(Alias("directory", pa))
    return found


def _page(reader: TableReader, pa: int, path: Path) -> Alias:
    space = reader.space
    words: Sequence[int] = reader.top
    writable = user = executable = True
    for depth, index in enumerate(path):
        entry = decode(space, depth, words[index])
        writable, user = writable and entry.writable, user and entry.user
        executable = executable and entry.executable
        if depth + 1 < len(path):
            assert entry.target is not None
            below = reader.read(entry.target, depth + 1, reader.path_va(path[: depth + 1]))
            assert below is not None
            words = below
    assert entry.target is not None and entry.page_size is not None
    kernel, users = rights(space, writable, user, executable)
    va = reader.path_va(path) + (pa - entry.target)
    return Alias(PAGE, pa, path, va, entry.page_size, kernel, users)


def alias_text(space: Space, alias: Alias) -> str:
    if alias.va is None:
        return "directory in CR3"
    va = hex_at_least(alias.va, va_digits(space))
    if alias.use == TABLE:
        return f"table in {entry_name(space, alias.path)} ({va})"
    # The entry and the one above it: in the long modes a name holds all indices.
    names = [entry_name(space, alias.path[: depth + 1]) for depth in range(len(alias.path))][-2:]
    where = " ".join(names)
    return f"{va}  {size(alias.page_size or 0)}  {where}  kernel {alias.kernel}  user {alias.user}"


def aliases_text(space: Space, pa: int, found: Sequence[Alias]) -> str:
    lines = [alias_text(space, alias) for alias in found]
    return "\n".join(lines + [f"{count(len(found), 'use')} of {physical(pa)}"])


def alias_record(space: Space, alias: Alias) -> str:
    levels = space.format.levels
    named = {levels[depth].name: index for depth, index in enumerate(alias.path)}
    record: dict[str, object] = {
        "record": "alias",
        "v": 1,
        "pa": hex_at_least(alias.pa),
        "use": alias.use,
        "va": None if alias.va is None else hex_at_least(alias.va, va_digits(space)),
        "page_size": alias.page_size,
        "kernel": alias.kernel,
        "user": alias.user,
        "pdi": named.get("pde"),
        "pti": named.get("pte"),
    }
    if len(levels) > 2:
        record["path"] = list(alias.path)
    return line(record)
