"""snap diff log: what the tables were before, and what happened in a pagelab kernel."""

from __future__ import annotations

import gdb

from .. import PagelabError, changes, formats, journal, lab
from ..arguments import Arguments
from ..space import Space
from ..spelling import count, physical
from ..tables import TableReader
from . import asking, expressions, guest
from .lab import lab_page
from .memory import LiveTables

DEFAULT_EVENTS = 20
# A lab's scratch pages and foreign window: they change whenever it looks at something.
_LAB_SLOTS = (lab.SCRATCH_SLOT, lab.FOREIGN_SLOT)

_taken: dict[str, changes.Snapshot] = {}


def run_snap(given: Arguments) -> str:
    space, current = asking.space_of(given)
    with LiveTables(space, current) as tables:
        picture = _picture(space, tables)
    _taken[guest.address()] = picture
    number = count(len(picture.tables), "table")
    return f"took {number} of {physical(space.root)}: pagediff tells what changed since"


def _picture(space: Space, tables: LiveTables) -> changes.Snapshot:
    page = lab_page(tables) if space.mode == formats.TWO_LEVEL else None
    reader = TableReader(space, tables)
    return changes.take(reader, page.space if page else 0, _LAB_SLOTS if page else ())


def run_diff(given: Arguments) -> str:
    before = _taken.get(guest.address())
    if before is None:
        raise PagelabError("there is no snapshot to compare with; did you mean pagesnap?")
    own, _ = asking.space_of(given)
    # The same directory, wherever CR3 is now; the window is the CPU's only if that is the same.
    with LiveTables(before.space, own == before.space) as tables:
        page = lab_page(tables) if before.space.mode == formats.TWO_LEVEL else None
        left_out = _LAB_SLOTS if page else ()
        now = changes.take(TableReader(before.space, tables), before.number, left_out)
    found = changes.compare(before, now, left_out)
    if given.has("--json"):
        lines = [changes.change_record(before.space, change, before.number) for change in found]
        return "\n".join(lines)
    if own.cr3 != before.space.cr3:
        gdb.write(f"CR3 is another now; this is {physical(before.space.root)}\n", gdb.STDERR)
    return changes.changes_text(before.space, found, before.number)


def run_log(given: Arguments) -> str:
    wanted = DEFAULT_EVENTS
    if given.operand:
        wanted = expressions.evaluate(given.operand)
    if not 0 < wanted <= 1 << 16:
        raise PagelabError(f"'{given.operand}' is no number of records; there are 1 to 1024")
    space, current = asking.space_of(given)
    with LiveTables(space, current) as tables:
        found = lab_events(tables)
    if found is None:
        raise PagelabError("this guest is no pagelab kernel: it keeps no journal")
    found = found[-wanted:]
    if given.has("--json"):
        return "\n".join(journal.event_record(event) for event in found)
    return "\n".join(journal.event_line(event) for event in found) or "the journal is empty"


def lab_events(tables: LiveTables) -> list[journal.Event] | None:
    """All that the journal holds, oldest first; None if the guest has none."""
    page = lab_page(tables)
    if page is None or not 0 < page.journal_capacity <= 1 << 16:
        return None
    size = journal.HEADER_SIZE + page.journal_capacity * journal.RECORD_SIZE
    ring = tables.read(page.journal_pa, None, size)
    return None if ring is None else journal.events(ring, page.journal_capacity)
