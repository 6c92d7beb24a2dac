"""set: writes an entry, and flushes what must be flushed."""

from __future__ import annotations

import gdb

from .. import PagelabError, changes, edits
from ..arguments import Arguments
from ..flags import P
from ..space import CR0_WP
from ..spelling import count, physical
from ..walk import walk
from . import asking, expressions, registers
from .memory import LiveTables


def run_set(given: Arguments) -> str:
    if len(given.words) < 2:
        raise PagelabError("FLAGS, p:PA or a value is missing; usage: set VA FLAGS|PA")
    space, current = asking.space_of(given)
    va = asking.virtual(space, " ".join(given.words[:-1]))
    with LiveTables(space, current) as tables:
        step = edits.entry_of(walk(space, tables, va), given.get("--level"))
        assert step.raw is not None
        new = edits.new_value(space, step, given.words[-1], expressions.evaluate)
        width = space.format.entry_size
        written = tables.write(step.entry_pa, new.to_bytes(width, "little"))
        held = tables.read(step.entry_pa, None, width) if written else None
    if held != new.to_bytes(width, "little"):
        raise PagelabError(f"{step.name} at {physical(step.entry_pa)} can't be written")
    flushed = _flush(step.raw, new, current, given.has("--no-flush"))
    if given.has("--json"):
        return changes.change_record(space, changes.Change(step.path, step.raw, new))
    return edits.set_text(step, new, flushed)


def _flush(old: int, new: int, current: bool, left_out: bool) -> str:
    """Says what was flushed, or why not."""
    if old == new:
        return "nothing changed"
    if not old & P:
        return "nothing to flush"
    if left_out:
        return "not flushed: the CPU may use the old entry"
    if not current:
        return "not flushed: it is not the loaded space; flush when it is loaded"
    done = 0
    before = gdb.selected_thread()
    try:
        for thread in gdb.selected_inferior().threads():
            thread.switch()
            _flush_cpu()
            done += 1
    except gdb.error:
        return "not flushed: this target does not let CR0 be written; the CPU may use the old entry"
    finally:
        before.switch()
    return f"flushed: the whole TLB of {count(done, 'CPU')}"


def _flush_cpu() -> None:
    """Turns CR0.WP over and back: to change it drops all of QEMU's TLB, to write CR3 by the stub does not."""
    value = registers.read(gdb.newest_frame(), "cr0")
    if value is None:
        raise gdb.error("no CR0")
    try:
        registers.write("cr0", value ^ CR0_WP)
    finally:
        registers.write("cr0", value)
