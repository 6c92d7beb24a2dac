"""watch: stops when the translation of an address changes.

Hardware watchpoints on every address through which an entry of the walk can be written; what they can't
see (a store of another space, a device, the debugger itself) is found at the next stop.
"""

from __future__ import annotations

import gdb

from .. import PagelabError
from ..arguments import Arguments
from ..space import Space
from ..spelling import hex_at_least
from ..walk import Walk, walk
from ..watching import Difference, differences, guards
from . import asking, guest, registers
from .memory import LiveTables

# QEMU's TCG has no limit of its own; a CPU's debug registers are four.
MOST_TCG, MOST_KVM = 64, 4


class Trap(gdb.Breakpoint):
    """A hardware watchpoint on one address of one entry."""

    def __init__(self, owner: Watch, place: int, width: int) -> None:
        kind = "unsigned int" if width == 4 else "unsigned long long"
        self.owner = owner
        self.place = place
        super().__init__(
            f"*({kind} *){place:#x}",
            type=gdb.BP_WATCHPOINT,
            wp_class=gdb.WP_WRITE,
            internal=True,
        )
        self.silent = True

    def stop(self) -> bool:
        return self.owner.hit(self.place)


class Watch:
    """One address in one space. `space` stays what it was when the watch was set."""

    def __init__(self, space: Space, va: int) -> None:
        self.space = space
        self.va = va
        self.traps: list[Trap] = []
        self.left_out = 0
        self.through: int | None = None
        self.seen = self.walk()
        self.arm()

    def walk(self) -> Walk:
        own = registers.current_space()
        with LiveTables(self.space, own == self.space) as tables:
            return walk(self.space, tables, self.va)

    def arm(self) -> None:
        """Watchpoints for the entries as they are now."""
        self.disarm()
        own = registers.current_space()
        with LiveTables(self.space, own == self.space) as tables:
            found = guards(self.space, tables, self.seen)
        places = [place for guard in reversed(found) for place in guard.places]
        most = MOST_KVM if guest.has_kvm() else MOST_TCG
        self.left_out = max(0, len(places) - most)
        for place in places[:most]:
            self.traps.append(Trap(self, place, self.space.format.entry_size))

    def disarm(self) -> None:
        for trap in self.traps:
            try:
                trap.delete()
            except (RuntimeError, gdb.error):
                pass  # it is gone, and perhaps the guest with it
        self.traps = []

    def hit(self, place: int) -> bool:
        """A store through `place`: whether the translation is another now."""
        if not differences(self.seen, self.walk()):
            return False
        self.through = place
        return True

    def changes(self) -> list[Difference]:
        """What differs since the last time that this was asked."""
        now = self.walk()
        found = differences(self.seen, now)
        if found:
            self.seen = now
        return found

    def name(self) -> str:
        return hex_at_least(self.va, self.space.format.va_digits)


_watches: list[Watch] = []


def run_watch(given: Arguments) -> str:
    if given.has("--delete"):
        return _delete(given)
    if not given.operand:
        return "\n".join(_line(watch) for watch in _watches) or "no address is watched"
    space, _ = asking.space_of(given)
    va = asking.virtual(space, given.operand)
    if space.mode == "off":
        raise PagelabError("paging is off: there is no entry to watch")
    watch = Watch(space, va)
    _watches.append(watch)
    if len(_watches) == 1:
        gdb.events.stop.connect(_on_stop)
    return _line(watch)


def _line(watch: Watch) -> str:
    names = " ".join(step.name for step in watch.seen.steps)
    places = ", ".join(
        hex_at_least(trap.place, watch.space.format.va_digits) for trap in watch.traps[:4]
    )
    more = f" and {len(watch.traps) - 4} more" if len(watch.traps) > 4 else ""
    line = f"watching {names} of {watch.name()}"
    line += f", written through {places}{more}" if places else "; no address shows its entries"
    if watch.left_out:
        line += f"; {watch.left_out} more don't fit in the CPU's debug registers"
    return line


def _delete(given: Arguments) -> str:
    wanted = _watches[:]
    if given.operand:
        space, _ = asking.space_of(given)
        va = asking.virtual(space, given.operand)
        wanted = [watch for watch in _watches if watch.va == va]
    for watch in wanted:
        watch.disarm()
        _watches.remove(watch)
    if not _watches:
        _disconnect()
    return f"{len(wanted)} of {len(wanted) + len(_watches)} watched addresses forgotten"


def _disconnect() -> None:
    try:
        gdb.events.stop.disconnect(_on_stop)
    except (SystemError, ValueError):
        pass


def _on_stop(_event: object) -> None:
    """Tells what changed, whichever way, and guards the entries as they are now."""
    for watch in list(_watches):
        try:
            found = watch.changes()
            through, watch.through = watch.through, None
            if found:
                gdb.write(_told(watch, found, through) + "\n")
                watch.arm()
        except (PagelabError, gdb.error) as error:
            gdb.write(f"the watch of {watch.name()} can't look: {error}\n", gdb.STDERR)


def _told(watch: Watch, found: list[Difference], through: int | None) -> str:
    what = ", ".join(difference.text() for difference in found)
    digits = watch.space.format.va_digits
    pc = registers.read(gdb.newest_frame(), "pc") or 0
    if through is None:
        where = "seen at this stop: no watched address was written"
    else:
        place = hex_at_least(through, digits)
        name = gdb.newest_frame().name()
        inside = f" in {name}" if name else ""
        where = f"by the instruction before {hex_at_least(pc, digits)}{inside}, through {place}"
    return f"the translation of {watch.name()} changed: {what}; {where}"
