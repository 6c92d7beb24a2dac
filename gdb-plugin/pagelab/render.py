"""The records as text for people, line by line as docs/formats.md has it. No colour, no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from . import formats
from .access import rights
from .entry import PAGE, decode
from .flags import P
from .formats import PAGE_SIZE
from .records import va_digits
from .regions import Region, Survey
from .selfmap import joined
from .space import Space
from .spelling import count, flags, hex_at_least, leads_to, physical, size
from .walk import Step, Walk

NAME_WIDTH = 12
RANGE_WIDTH = 22
SIZE_WIDTH = 8


@lru_cache(maxsize=256)
def _size(length: int) -> str:
    return size(length).rjust(SIZE_WIDTH)


@lru_cache(maxsize=256)
def _traits(page_size: int, kernel: str, user: str, names: tuple[str, ...]) -> str:
    return f"  {size(page_size)}  kernel {kernel}  user {user}  {flags(names)}"


def walk_text(walk: Walk) -> str:
    lines = [_head(walk), *(_step(walk.space, step) for step in walk.steps), outcome_text(walk)]
    if walk.self_map is not None:
        lines.append("shows " + _shown(walk.space, walk.self_map))
    return "\n".join(lines)


def split_spelling(space: Space, va: int) -> str:
    """The address as its indices and the offset, decimal and hex: 768:256:0x234."""
    layout = formats.FORMATS[formats.TWO_LEVEL] if space.mode == formats.OFF else space.format
    return f"{joined(layout.indices(va))}:0x{va % PAGE_SIZE:03x}"


def _head(walk: Walk) -> str:
    space = walk.space
    va = hex_at_least(walk.va, va_digits(space))
    return f"{va} = {split_spelling(space, walk.va)}  cr3 {physical(space.root)}  {space.mode}"


def _step(space: Space, step: Step) -> str:
    entry = step.entry
    leads = leads_to(entry.kind, entry.target)
    shown = "-" if step.entry_va is None else hex_at_least(step.entry_va, va_digits(space))
    raw = "?" if step.raw is None else hex_at_least(step.raw)
    columns = [
        step.name.ljust(NAME_WIDTH),
        shown,
        physical(step.entry_pa),
        raw,
        f"{flags(entry.flags)}  -> {leads}",
    ]
    return "  ".join(columns)


def outcome_text(walk: Walk) -> str:
    if walk.outcome == "paging-off":
        return "paging is off: virtual and physical addresses are the same"
    if walk.outcome == "non-canonical":
        return "no page: the address is not canonical"
    last = walk.steps[-1]
    if walk.outcome == "not-present":
        return f"no page: {last.name} is not present"
    if walk.outcome == "reserved-bit":
        return f"no page: {last.name} has reserved bits set"
    if walk.outcome == "unreadable":
        return f"no answer: {last.name} at {physical(last.entry_pa)} can't be read"
    assert last.entry.kind == PAGE and walk.pa is not None and walk.page_size is not None
    columns = [
        physical(walk.pa),
        f"{size(walk.page_size)} page",
        f"kernel {walk.kernel}",
        f"user {walk.user}",
    ]
    return "  ".join(columns + (["global"] if walk.global_ else []))


def _shown(space: Space, self_map: str) -> str:
    if self_map == "directory":
        return "the page directory"
    what, _, indices = self_map.partition(" ")
    path = [int(index) for index in indices.split(":")]
    levels = space.format.levels
    if what == "table":
        leaf = len(path) == len(levels) - 1
        return f"page table {indices}" if leaf else f"table {indices}"
    name = f"{levels[len(path) - 1].name.upper()} {indices}"
    if len(path) < len(levels):
        return name
    va = sum(index << level.shift for index, level in zip(path, levels))
    return f"{name} of {hex_at_least(space.format.canonical(va), space.format.va_digits)}"


def maps_text(found: Survey) -> str:
    lines = []
    total = 0
    for text, length in _map_lines(found):
        lines.append(text)
        total += length
    return "\n".join(lines + [_sum(len(lines), total)])


def _map_lines(found: Survey) -> Iterator[tuple[str, int]]:
    """(line, its size). A self-map slot folds into one line where it is wanted as a whole."""
    span = found.space.format.levels[0].span
    digits = va_digits(found.space)
    folded: int | None = None
    for region in found.regions:
        if region.slot is None or not folds(found, region.slot, span):
            yield _region(digits, region), region.size
        elif region.slot != folded:
            folded = region.slot
            yield _fold(found, region.slot), span


def tree_text(found: Survey) -> str:
    """The regions below the slots of the first table, at whose edges they must be cut (by_slot)."""
    from .slots import make_slot, slot_text

    space = found.space
    level = space.format.levels[0]
    digits = va_digits(space)
    lines = [f"directory {physical(space.root)}"]
    below: dict[int, list[tuple[str, int]]] = {}
    for region in found.regions:
        index = space.format.index_of(0, region.va)
        branch = below.setdefault(index, [])
        if region.slot is None or not folds(found, region.slot, level.span):
            branch.append((_region(digits, region), region.size))
        elif not branch:
            branch.append((_fold(found, region.slot), level.span))
    for index in range(level.entries):
        branch = below.get(index, [])
        used = found.top[index] & P and found.wanted.touches(space.format, index)
        if branch or (used and not found.wanted.by_page):
            lines.append(slot_text(make_slot(found.reader, (index,), found.top[index])))
        lines += ["|- " + text for text, _ in branch[:-1]]
        lines += ["`- " + text for text, _ in branch[-1:]]
    parts = [part for branch in below.values() for part in branch]
    return "\n".join(lines + [_sum(len(parts), sum(length for _, length in parts))])


def _sum(number: int, total: int) -> str:
    return f"{count(number, 'region')}, {size(total)} mapped" if number else "nothing is mapped"


def folds(found: Survey, slot: int, span: int) -> bool:
    first = found.space.format.canonical(slot * span)
    return not found.wanted.by_page and found.wanted.covers(first, span)


def _range(space: Space, va: int, length: int) -> str:
    digits = va_digits(space)
    return f"{hex_at_least(va, digits)}-{hex_at_least(va + length, digits)}".ljust(RANGE_WIDTH)


def _region(digits: int, region: Region) -> str:
    """A map has thousands of these: one string, put together at once."""
    va, length, pa, page_size, kernel, user, names, _ = region
    extent = f"0x{va:0{digits}x}-0x{va + length:0{digits}x}"
    if len(extent) < RANGE_WIDTH:
        extent = extent.ljust(RANGE_WIDTH)
    return f"{extent}  {_size(length)}  p:0x{pa:08x}{_traits(page_size, kernel, user, names)}"


def _fold(found: Survey, slot: int) -> str:
    space = found.space
    span = space.format.levels[0].span
    entry = decode(space, 0, found.top[slot])
    kernel, user = rights(space, entry.writable, entry.user, entry.executable)
    columns = [
        _range(space, space.format.canonical(slot * span), span),
        size(span).rjust(SIZE_WIDTH),
        f"self-map of {physical(space.root)}, {count(found.table_count(), 'table')}",
        f"kernel {kernel}",
        f"user {user}",
    ]
    return "  ".join(columns)
