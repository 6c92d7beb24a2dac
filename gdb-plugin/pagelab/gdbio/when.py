"""when: in a recorded run, which instruction last changed the translation of an address.

QEMU replays a recording instruction by instruction the same, so it runs on to the end, or from the start to
here, with a watchpoint on every address that shows an entry of the walk, and keeps what they saw.
"""

from __future__ import annotations

import gdb

from .. import PagelabError, changes, formats
from ..arguments import Arguments
from ..space import Space
from ..spelling import hex_at_least
from ..walk import walk
from ..watching import Difference, differences, guards
from . import asking, registers, replay
from .lab import lab_page
from .memory import LiveTables
from .replay import Replay

DEFAULT_SECONDS = 60
# More addresses that show one walk's entries than any kernel has.
MOST_PLACES = 64
# Until paging is on in short steps: what changes between the turn and the end of a step would go unseen.
PAGING_SLICE = 20_000


class Moment:
    """One change: what became of the entries, where the CPU was, and what the lab was doing."""

    def __init__(
        self, space: Space, found: list[Difference], through: int | None, exact: bool
    ) -> None:
        """`exact`: the last instruction did it, through the watched address `through` if that is known."""
        self.space = space
        self.entries = found
        self.through = through
        self.exact = exact
        self.count = replay.position()
        frame = gdb.newest_frame()
        self.pc = registers.read(frame, "pc") or 0
        self.function = frame.name()
        place = gdb.find_pc_line(self.pc - 1)  # the instruction before wrote it
        self.line = f"{place.symtab.filename}:{place.line}" if place.symtab else None
        with LiveTables(space, False) as tables:
            page = lab_page(tables) if space.mode == formats.TWO_LEVEL else None
        self.command = page.last_command if page is not None else ""

    def text(self) -> str:
        what = ", ".join(entry.text() for entry in self.entries)
        if not self.exact:
            return f"{what}; no watched address was written; seen at instruction {self.count}"
        digits = self.space.format.va_digits
        where = f"by the instruction before {hex_at_least(self.pc, digits)}"
        where += f" in {self.function}" if self.function else ""
        where += f" ({self.line})" if self.line else ""
        where += f", through {hex_at_least(self.through, digits)}" if self.through else ""
        where += f", at instruction {self.count}"
        return f"{what}; {where}" + (f"; command: {self.command}" if self.command else "")


class Search:
    """The walk of one address in one space, followed through a replay."""

    def __init__(self, space: Space, va: int) -> None:
        self.space = space
        self.va = va
        self.found: list[Moment] = []

    def run(self, machine: Replay, until: int | None) -> None:
        """Keeps each change on the way; raises as Replay.slice() does."""
        self._seen = self._walk()
        self._arm(machine)
        before = None if until is None else until - 1
        while before is None or (replay.position() or 0) < before:
            through = machine.slice(before)
            if (
                self._compare(through, through is not None)
                or registers.current_space() != self._own
            ):
                self._arm(machine)
        if until is not None:
            machine.run_to(until)  # one more instruction, without watchpoints
            self._compare(None, True)

    def _compare(self, through: int | None, exact: bool) -> bool:
        """Keeps what changed, if anything did."""
        now = self._walk()
        changed = differences(self._seen, now)
        if changed:
            self._seen = now
            self.found.append(Moment(self.space, changed, through, exact))
        return bool(changed)

    def _walk(self):  # type: ignore[no-untyped-def]
        own = registers.current_space()
        with LiveTables(self.space, own == self.space) as tables:
            return walk(self.space, tables, self.va)

    def _arm(self, machine: Replay) -> None:
        """Watches the entries where the CPU's own space, which may be another, shows them now."""
        self._own = own = registers.current_space()
        if own is None or own.mode == formats.OFF:
            places = [step.entry_pa for step in self._seen.steps]
        else:
            with LiveTables(own, True) as tables:
                shown = guards(own, tables, self._seen)
            places = [place for guard in reversed(shown) for place in guard.places]
        size = self.space.format.entry_size
        machine.watch([(place, size) for place in places[:MOST_PLACES]])


def run_when(given: Arguments) -> str:
    here = replay.position()
    if here is None:
        raise PagelabError(
            "this guest is no replay of a recorded run, whose past can be asked; "
            "pagewatch stops at the next change"
        )
    back = given.has("--before") or replay.at_end()
    if back:
        replay.start_moment()  # or an error, before anything is moved
    with Replay(_seconds(given)) as machine:
        if not back and asking.space_of(given)[0].mode == formats.OFF:
            _until_paging(machine, given)
        space, _ = asking.space_of(given)
        if space.mode == formats.OFF:
            raise PagelabError(
                "paging is off here: there is no translation that could have changed"
            )
        search = Search(space, asking.virtual(space, given.operand))
        outcome = _look_back(machine, search, here) if back else _look_ahead(machine, search)
        if given.has("--go") and search.found and not machine.gone:
            machine.go_to_start()
            machine.run_to(search.found[-1].count or 0)
            outcome += "; it stands there now"
    if given.has("--json"):
        return "\n".join(_record(moment) for moment in search.found)
    return "\n".join([*(moment.text() for moment in search.found), outcome])


def _seconds(given: Arguments) -> float:
    text = given.values.get("--seconds", str(DEFAULT_SECONDS))
    if not text.isdigit() or int(text) == 0:
        raise PagelabError(f"'{text}' is no number of seconds")
    return int(text)


def _record(moment: Moment) -> str:
    """The entry that decided: the first of those that differ."""
    entry = moment.entries[0]
    path = tuple(int(index) for index in entry.name.split()[1].split(":"))
    change = changes.Change(path, entry.old or 0, entry.new or 0)
    return changes.change_record(moment.space, change)


def _look_ahead(machine: Replay, search: Search) -> str:
    try:
        search.run(machine, replay.last_position())
    except replay.Ended:
        pass
    except replay.TimedOut:
        return _gave_up(search)
    return _last(search, "until the recording ended") + ("; QEMU has ended" if machine.gone else "")


def _look_back(machine: Replay, search: Search, here: int) -> str:
    """From the start to here: then it stands again where it stood."""
    machine.go_to_start()
    try:
        search.run(machine, here)
    except replay.TimedOut:
        return _gave_up(search)
    return _last(search, f"before instruction {here}")


def _last(search: Search, when: str) -> str:
    shown = hex_at_least(search.va, search.space.format.va_digits)
    if not search.found:
        return f"the translation of {shown} did not change {when}"
    return f"the translation of {shown} last changed at instruction {search.found[-1].count}"


def _gave_up(search: Search) -> str:
    known = _last(search, "so far")
    return f"{known}; gave up at instruction {replay.position()}: --seconds N gives it longer"


def _until_paging(machine: Replay, given: Arguments) -> None:
    """While paging is off nobody knows which tables it will be."""
    try:
        while asking.space_of(given)[0].mode == formats.OFF:
            machine.slice((replay.position() or 0) + PAGING_SLICE)
    except replay.Ended:
        raise PagelabError("paging was off until the recording ended") from None
    except replay.TimedOut:
        raise PagelabError("paging was still off when the time was up") from None
