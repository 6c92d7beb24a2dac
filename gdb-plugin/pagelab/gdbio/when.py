"""when: in a recorded run, which instruction last changed the translation of an address.

QEMU replays a recording instruction by instruction the same, so it runs on from where it stands to the end,
with a watchpoint on every address that shows an entry of the walk, and keeps what they saw.
"""

from __future__ import annotations

import re

import gdb

from .. import PagelabError, changes, formats
from ..arguments import Arguments
from ..space import Space
from ..spelling import hex_at_least
from ..watching import Difference
from . import asking, guest, registers
from .lab import lab_page
from .memory import LiveTables
from .watch import Watch

# While paging is off there is no entry to watch; it is asked again after so many instructions.
SLICE = 20_000


class Moment:
    """One change: what became of the entries, where the CPU was, and what the lab was doing."""

    def __init__(self, watch: Watch, found: list[Difference], through: int | None) -> None:
        self.space = watch.space
        self.entries = found
        self.through = through
        self.count = instruction_count()
        frame = gdb.newest_frame()
        self.pc = registers.read(frame, "pc") or 0
        self.function = frame.name()
        place = gdb.find_pc_line(self.pc - 1)  # the instruction before wrote it
        self.line = f"{place.symtab.filename}:{place.line}" if place.symtab else None
        with LiveTables(watch.space, False) as tables:
            page = lab_page(tables) if watch.space.mode == formats.TWO_LEVEL else None
        self.command = page.last_command if page is not None else ""

    def text(self) -> str:
        digits = self.space.format.va_digits
        what = ", ".join(entry.text() for entry in self.entries)
        where = f"by the instruction before {hex_at_least(self.pc, digits)}"
        where += f" in {self.function}" if self.function else ""
        where += f" ({self.line})" if self.line else ""
        if self.through is not None:
            where += f", through {hex_at_least(self.through, digits)}"
        where += f", at instruction {self.count}" if self.count is not None else ""
        return f"{what}; {where}" + (f"; command: {self.command}" if self.command else "")


def instruction_count() -> int | None:
    """How far the replay is; None if this is none."""
    try:
        text = gdb.execute("monitor info replay", to_string=True)
    except gdb.error:
        return None
    match = re.search(r"Replaying execution .*instruction count = (\d+)", text)
    return None if match is None else int(match[1])


def run_when(given: Arguments) -> str:
    if instruction_count() is None:
        raise PagelabError(
            "this guest is no replay of a recorded run, whose past can be asked; "
            "pagewatch stops at the next change"
        )
    if asking.space_of(given)[0].mode == formats.OFF:
        _until_paging(given)
    space, _ = asking.space_of(given)
    va = asking.virtual(space, given.operand)
    found = _to_the_end(space, va)
    if given.has("--json"):
        return "\n".join(_record(moment) for moment in found)
    shown = hex_at_least(va, space.format.va_digits)
    if not found:
        return f"the translation of {shown} did not change until the recording ended"
    lines = [moment.text() for moment in found]
    last = f"the translation of {shown} last changed at instruction {found[-1].count}"
    return "\n".join(lines + [last])


def _record(moment: Moment) -> str:
    """The entry that decided: the first of those that differ."""
    entry = moment.entries[0]
    path = tuple(int(index) for index in entry.name.split()[1].split(":"))
    change = changes.Change(path, entry.old or 0, entry.new or 0)
    return changes.change_record(moment.space, change)


def _continue() -> bool:
    """False when the recording ended, and QEMU with it or not (-no-shutdown)."""
    if _has_ended():
        return False
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error:
        if _alive():
            raise
    return _alive() and not _has_ended()


def _has_ended() -> bool:
    return "shutdown" in gdb.execute("monitor info status", to_string=True)


def _alive() -> bool:
    thread = gdb.selected_thread()
    return thread is not None and thread.is_valid()


def _slice(count: int) -> bool:
    """Lets the replay run to this instruction, by a raw packet: GDB would print each stop."""
    gdb.execute(f"monitor replay_break {count}", to_string=True)
    reply = guest.remote().send_packet("c")
    gdb.execute("maintenance flush register-cache", to_string=True)
    return bool(reply) and reply[:1] in (b"T", b"S")


def _until_paging(given: Arguments) -> None:
    while asking.space_of(given)[0].mode == formats.OFF:
        before = instruction_count() or 0
        if not _slice(before + SLICE) or instruction_count() == before:
            raise PagelabError("paging was off until the recording ended")


def _to_the_end(space: Space, va: int) -> list[Moment]:
    """Stops only at stores to the watched places; whatever else stops the guest ends it."""
    watch = Watch(space, va)
    found: list[Moment] = []
    try:
        while True:
            watch.through = None
            if not _continue():
                return found
            through = watch.through
            differences = watch.changes()
            if not differences:
                gdb.write("stopped before the recording ended\n", gdb.STDERR)
                return found
            found.append(Moment(watch, differences, through))
            watch.arm()
    finally:
        watch.disarm()
