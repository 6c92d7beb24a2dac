"""One entry read as what it is at its level: not present, reserved, a table or a page."""

from __future__ import annotations

from typing import NamedTuple


from . import formats
from .flags import NX, PS, RW, US, G, P, reserved_mask, spell
from .space import Space

NOT_PRESENT = "not-present"
RESERVED = "reserved"
TABLE = "table"
PAGE = "page"
UNREADABLE = "unreadable"


class Entry(NamedTuple):
    """What a word means. `target` is physical: the first byte of the table or of the page."""

    kind: str
    flags: tuple[str, ...] = ()
    target: int | None = None
    page_size: int | None = None
    writable: bool = False
    user: bool = False
    executable: bool = False
    global_: bool = False


def maps_page(space: Space, depth: int, raw: int) -> bool:
    """Whether the entry, if it is present, has the form that maps a page."""
    levels = space.format.levels
    if depth == len(levels) - 1:
        return True
    if not levels[depth].large or not raw & PS:
        return False
    return space.pse if space.mode == formats.TWO_LEVEL else True


def decode(space: Space, depth: int, raw: int) -> Entry:
    """Total: every word of the entry's size has an answer."""
    if not raw & P:
        return Entry(NOT_PRESENT)
    page = maps_page(space, depth, raw)
    flags = spell(space, depth, page, raw)
    if raw & reserved_mask(space, depth, page):
        return Entry(RESERVED, flags)
    # PAE's PDPTE has no rights of its own: it takes nothing away.
    no_rights = space.mode == formats.PAE and depth == 0
    return Entry(
        kind=PAGE if page else TABLE,
        flags=flags,
        target=page_base(space, depth, raw) if page else table_base(space, raw),
        page_size=space.format.levels[depth].span if page else None,
        writable=no_rights or bool(raw & RW),
        user=no_rights or bool(raw & US),
        executable=not raw & NX,
        global_=page and bool(raw & G),
    )


def table_base(space: Space, raw: int) -> int:
    return raw & space.format.frame_mask


def page_base(space: Space, depth: int, raw: int) -> int:
    base = table_base(space, raw)
    span = space.format.levels[depth].span
    if space.mode == formats.TWO_LEVEL and depth == 0:
        # PSE-36: bits 20:13 are bits 39:32 of the physical address (table 4-4).
        return (base & ~(span - 1)) | (raw >> 13 & 0xFF) << 32
    return base & ~(span - 1)
