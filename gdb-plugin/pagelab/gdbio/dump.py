"""dumppd dumppt dir: what stands in the first table and in a page table."""

from __future__ import annotations

from .. import PagelabError, address, slots
from ..arguments import Arguments
from ..slots import Slot
from . import asking


def run_dumppd(given: Arguments) -> str:
    with asking.reader_of(given) as reader:
        space = reader.space
        bounds = [asking.index(space, 0, word) for word in given.words]
    first, last = (bounds + bounds)[:2] if bounds else (0, space.format.levels[0].entries - 1)
    if last < first:
        raise PagelabError(f"LAST comes before FIRST; did you mean dumppd {last} {first}?")
    found = list(slots.slots_in_use(reader, reader.top, (), first, last))
    return _answer(given, found, f"{len(found)} of {last - first + 1} slots in use")


def run_dumppt(given: Arguments) -> str:
    with asking.reader_of(given) as reader:
        space = reader.space
        above = _above(space.format.levels[0].entries, given.operand)
        path = (above,) if above is not None and len(space.format.levels) == 2 else None
        if path is None:
            path = space.format.indices(asking.virtual(space, given.operand))[:-1]
        words = slots.table_of(reader, path)
    found = list(slots.slots_in_use(reader, words, path, 0, len(words) - 1))
    return _answer(given, found, f"{len(found)} of {len(words)} entries in use")


def _above(entries: int, text: str) -> int | None:
    """A decimal number below the number of entries is a slot, anything else an address."""
    number = address.number(text) if text.isdigit() else None
    return number if number is not None and number < entries else None


def run_dir(given: Arguments) -> str:
    with asking.reader_of(given) as reader:
        if not given.has("--json"):
            return slots.picture(reader)
        found = list(slots.slots_in_use(reader, reader.top, (), 0, len(reader.top) - 1))
    return _answer(given, found, "")


def _answer(given: Arguments, found: list[Slot], last: str) -> str:
    if given.has("--json"):
        return "\n".join(slots.slot_record(slot) for slot in found)
    return "\n".join([slots.slot_text(slot) for slot in found] + [last])
