"""One entry by itself: a slot of a table (dumppd, dumppt, dir) and a bare value (decode)."""

from __future__ import annotations

from typing import NamedTuple

from collections.abc import Iterator, Sequence

from . import PagelabError, selfmap
from .entry import NOT_PRESENT, PAGE, TABLE, Entry, decode
from .records import line, va_digits
from .space import Space
from .spelling import flags, hex_at_least, leads_to, physical
from .tables import TableReader, entry_name

NAME_WIDTH = 12


class Slot(NamedTuple):
    space: Space
    path: tuple[int, ...]
    va: int  # the first address that it translates
    raw: int
    entry: Entry
    self_map: bool


def make_slot(reader: TableReader, path: tuple[int, ...], raw: int) -> Slot:
    space = reader.space
    return Slot(
        space=space,
        path=path,
        va=reader.path_va(path),
        raw=raw,
        entry=decode(space, len(path) - 1, raw),
        self_map=len(path) == 1 and selfmap.is_self_map(space, raw),
    )


def slots_in_use(
    reader: TableReader, words: Sequence[int], above: tuple[int, ...], first: int, last: int
) -> Iterator[Slot]:
    """Slots `first` to `last` of a table that are present or hold a value."""
    for index in range(first, last + 1):
        if words[index]:
            yield make_slot(reader, (*above, index), words[index])


def slot_text(slot: Slot) -> str:
    target = slot.entry.target
    if slot.self_map:
        assert target is not None
        leads = f"self-map {physical(target)}"
    else:
        leads = leads_to(slot.entry.kind, target)
    columns = [
        entry_name(slot.space, slot.path).ljust(NAME_WIDTH),
        hex_at_least(slot.va, va_digits(slot.space)),
        hex_at_least(slot.raw),
        f"{flags(slot.entry.flags)}  -> {leads}",
    ]
    return "  ".join(columns)


def slot_record(slot: Slot) -> str:
    target = slot.entry.target
    record: dict[str, object] = {
        "record": "slot",
        "v": 1,
        "level": slot.space.format.levels[len(slot.path) - 1].name,
        "index": slot.path[-1],
        "table": slot.path[-2] if len(slot.path) > 1 else None,
        "va": hex_at_least(slot.va, va_digits(slot.space)),
        "raw": hex_at_least(slot.raw),
        "flags": list(slot.entry.flags),
        "kind": "self-map" if slot.self_map else slot.entry.kind,
        "pa": None if target is None else hex_at_least(target),
    }
    if len(slot.space.format.levels) > 2:
        record["path"] = list(slot.path)
    return line(record)


def table_of(reader: TableReader, path: tuple[int, ...]) -> Sequence[int]:
    """The words of the last table of `path`, the indices that lead to it; one line where there is none."""
    space = reader.space
    words: Sequence[int] | None = reader.top
    for depth in range(len(path)):
        assert words is not None
        entry = decode(space, depth, words[path[depth]])
        name = entry_name(space, path[: depth + 1])
        if entry.kind != TABLE or entry.target is None:
            noun = "page table" if len(space.format.levels) == 2 else "table"
            raise PagelabError(f"{name} leads to no {noun}: {leads_to(entry.kind, entry.target)}")
        words = reader.read(entry.target, depth + 1, reader.path_va(path[: depth + 1]))
        if words is None:
            raise PagelabError(f"the table of {name} at {physical(entry.target)} can't be read")
    assert words is not None
    return words


def entry_text(space: Space, depth: int, raw: int) -> str:
    """decode: the value alone, as an entry of this level."""
    entry = decode(space, depth, raw)
    level = space.format.levels[depth].name
    leads = leads_to(entry.kind, entry.target)
    return f"{hex_at_least(raw)}  {level}  {flags(entry.flags)}  -> {leads}"


def entry_record(space: Space, depth: int, raw: int) -> str:
    entry = decode(space, depth, raw)
    return line(
        {
            "record": "entry",
            "v": 1,
            "level": space.format.levels[depth].name,
            "raw": hex_at_least(raw),
            "flags": list(entry.flags),
            "kind": entry.kind,
            "pa": None if entry.target is None else hex_at_least(entry.target),
            "page_size": entry.page_size,
        }
    )


def picture(reader: TableReader) -> str:
    """The first table's slots, 64 in a row, each as a letter for what it leads to."""
    letters = [_letter(reader, index, raw) for index, raw in enumerate(reader.top)]
    row = 64 if len(letters) >= 64 else len(letters)
    digits = va_digits(reader.space)
    name = reader.space.format.levels[0].name.upper()
    lines = [f"{name}s of {physical(reader.space.root)}, {row} in a row"]
    for first in range(0, len(letters), row):
        va = hex_at_least(reader.path_va((first,)), digits)
        lines.append(f"{first:>4}  {va}  {''.join(letters[first : first + row])}")
    used = sum(raw != 0 for raw in reader.top)
    lines.append(f"{used} of {len(letters)} slots in use")
    lines.append(". not present  : a value, not present  t table  s self-map  P page  ! broken")
    return "\n".join(lines)


def _letter(reader: TableReader, index: int, raw: int) -> str:
    if raw == 0:
        return "."
    if index in reader.slots:
        return "s"
    kind = decode(reader.space, 0, raw).kind
    return {NOT_PRESENT: ":", TABLE: "t", PAGE: "P"}.get(kind, "!")
