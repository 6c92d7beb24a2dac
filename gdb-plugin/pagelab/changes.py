"""Entries that differ between a picture of the tables taken before and the tables now (`diff`). Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from . import PagelabError, selfmap
from .entry import TABLE, decode
from .flags import A, D, P, PS
from .records import line, va_digits
from .space import Space
from .spelling import flags, hex_at_least, leads_to
from .tables import TableReader, entry_name

LIMIT = 1 << 20  # entries; only tables that lead to each other can differ in more

Path = tuple[int, ...]
_IGNORED = A | D  # the CPU's own bits: no change of anybody's


@dataclass(frozen=True)
class Snapshot:
    """All tables of a space as they were, by frame and level."""

    space: Space
    tables: dict[tuple[int, int], Sequence[int]]
    number: int = 0  # of the space, in a pagelab kernel

    def words(self, frame: int | None, depth: int) -> Sequence[int]:
        entries = self.space.format.levels[depth].entries
        empty = (0,) * entries
        return empty if frame is None else self.tables.get((frame, depth), empty)


def take(reader: TableReader, number: int = 0, left_out: Collection[int] = ()) -> Snapshot:
    """Reads every table that can be reached, but not through the slots that are left out."""
    tables: dict[tuple[int, int], Sequence[int]] = {}
    space = reader.space
    last = len(space.format.levels) - 1

    def visit(frame: int, words: Sequence[int], path: Path) -> None:
        depth = len(path)
        if (frame, depth) in tables:
            return
        tables[frame, depth] = words
        if depth == last:
            return
        for index, raw in enumerate(words):
            if not raw & P or (depth == 0 and (index in left_out or index in reader.slots)):
                continue
            entry = decode(space, depth, raw)
            if entry.kind == TABLE and entry.target is not None:
                below = reader.read(entry.target, depth + 1, reader.path_va((*path, index)))
                if below is not None:
                    visit(entry.target, below, (*path, index))

    visit(space.root, reader.top, ())
    return Snapshot(space, tables, number)


@dataclass
class Change:
    """`count` neighbours with the same change, told by the first."""

    path: Path
    old: int
    new: int
    count: int = 1
    old_step: int = 0
    new_step: int = 0

    def continues(self, space: Space, path: Path, old: int, new: int) -> bool:
        if path[:-1] != self.path[:-1] or path[-1] != self.path[-1] + self.count:
            return False
        if self.count == 1:
            self.old_step = _step(space, path, self.old, old)
            self.new_step = _step(space, path, self.new, new)
        return not differ(self.old + self.count * self.old_step, old) and not differ(
            self.new + self.count * self.new_step, new
        )


def differ(old: int, new: int) -> bool:
    return (old ^ new) & ~(_IGNORED if old & new & P else 0) != 0


def _step(space: Space, path: Path, first: int, second: int) -> int:
    level = space.format.levels[len(path) - 1]
    if first & second & P and not differ(first, second - 4096):
        return 4096
    if level.large and first & PS and not differ(first, second - level.span):
        return level.span
    return 0


def compare(before: Snapshot, now: Snapshot, left_out: Collection[int] = ()) -> list[Change]:
    """In the order of a listing: the first table before those below it, by address."""
    space = before.space
    last = len(space.format.levels) - 1
    found: list[tuple[Path, int, int]] = []
    same: set[tuple[int | None, int | None, int]] = set()

    def table_of(depth: int, raw: int) -> int | None:
        if depth == 0 and selfmap.is_self_map(space, raw):
            return None
        entry = decode(space, depth, raw)
        return entry.target if entry.kind == TABLE else None

    def visit(old_frame: int | None, new_frame: int | None, path: Path) -> None:
        depth = len(path)
        if (old_frame, new_frame, depth) in same:
            return
        first = len(found)
        old_words = before.words(old_frame, depth)
        new_words = now.words(new_frame, depth)
        for index, (old, new) in enumerate(zip(old_words, new_words)):
            if not old and not new or (depth == 0 and index in left_out):
                continue
            here = (*path, index)
            if differ(old, new):
                found.append((here, old, new))
            if depth < last:
                visit(table_of(depth, old), table_of(depth, new), here)
            if len(found) > LIMIT:
                raise PagelabError(f"more than {LIMIT} entries differ: the tables loop")
        if len(found) == first:
            same.add((old_frame, new_frame, depth))

    visit(space.root, now.space.root, ())
    return _merged(space, sorted(found, key=lambda entry: (len(entry[0]), entry[0])))


def _merged(space: Space, found: list[tuple[Path, int, int]]) -> list[Change]:
    changes: list[Change] = []
    for path, old, new in found:
        if changes and changes[-1].continues(space, path, old, new):
            changes[-1].count += 1
        else:
            changes.append(Change(path, old, new))
    return changes


def value_text(space: Space, depth: int, raw: int) -> str:
    """What a value leads to, with its flags but P, A and D."""
    if not raw & P:
        return "not present" + (f" ({hex_at_least(raw)})" if raw else "")
    entry = decode(space, depth, raw & ~_IGNORED)
    names = [name for name in entry.flags if name != "P"]
    return f"{leads_to(entry.kind, entry.target)} {flags(names)}"


def _va(space: Space, path: Path) -> int:
    levels = space.format.levels
    return space.format.canonical(sum(index << level.shift for index, level in zip(path, levels)))


def change_text(space: Space, change: Change, number: int = 0) -> str:
    depth = len(change.path) - 1
    digits = va_digits(space)
    first = _va(space, change.path)
    end = first + change.count * space.format.levels[depth].span
    name = entry_name(space, change.path)
    if change.count > 1:
        name += f" and {change.count - 1} after it"
    where = f"space {number}: " if number else ""
    old, new = value_text(space, depth, change.old), value_text(space, depth, change.new)
    extent = f"{hex_at_least(first, digits)}-{hex_at_least(end, digits)}"
    return f"{where}{name}  {extent}  {old} -> {new}"


def changes_text(space: Space, found: list[Change], number: int = 0) -> str:
    total = sum(change.count for change in found)
    lines = [change_text(space, change, number) for change in found]
    entries = "1 entry differs" if total == 1 else f"{total} entries differ"
    return "\n".join(lines + [entries])


def change_record(space: Space, change: Change, number: int = 0) -> str:
    return line(
        {
            "record": "change",
            "v": 1,
            "space": number,
            "level": space.format.levels[len(change.path) - 1].name,
            "va": hex_at_least(_va(space, change.path), va_digits(space)),
            "count": change.count,
            "old": hex_at_least(change.old),
            "new": hex_at_least(change.new),
        }
    )
