"""check: what is wrong with the tables."""

from __future__ import annotations

import struct

from .. import checks, formats, lab, rules
from ..arguments import Arguments
from ..ram import RamMap
from ..space import Space
from ..spelling import count
from . import asking, guest
from .commands import Failed
from .lab import lab_page, virtual_bytes
from .memory import LiveTables


class LiveFacts:
    """What the guest's memory map and, of a pagelab kernel, its frame records tell."""

    def __init__(self, ram: RamMap | None, roles: lab.FrameRoles | None, arena: bool) -> None:
        self._ram = ram
        self._roles = roles
        self._arena = arena

    def is_ram(self, pa: int) -> bool:
        # Below 1 MiB a PC's memory has holes that every kernel maps.
        return pa < lab.VGA_HOLE_END or self._ram is None or self._ram.is_ram(pa, 4096)

    def is_free(self, pa: int) -> bool:
        return self._roles is not None and self._roles.is_free(pa)

    def is_own(self, va: int, pa: int) -> bool:
        return self._roles is not None and lab.shows_all_frames(va, pa, self._arena)

    def is_window(self, slot: int) -> bool:
        return self._roles is not None and slot == lab.FOREIGN_SLOT


def facts_of(space: Space, tables: LiveTables) -> LiveFacts:
    page = lab_page(tables) if space.mode == formats.TWO_LEVEL else None
    roles = None
    if page is not None:
        tables.leave_physical()
        data = virtual_bytes(page.frame_records_va, 4 * page.frame_records_count)
        words = struct.unpack(f"<{len(data) // 4}I", data) if data else ()
        roles = lab.FrameRoles(words)
    return LiveFacts(guest.ram_map(), roles, roles is not None and _has_arena(space, tables))


def _has_arena(space: Space, tables: LiveTables) -> bool:
    """Whether slot 771's table shows itself in its first page, as the strategies with an arena have it."""
    words = tables.read(space.root + 4 * lab.ARENA_SLOT, None, 4)
    pde = int.from_bytes(words or b"", "little")
    entry = tables.read(pde & -4096, None, 4) if pde & 1 else None
    return entry is not None and int.from_bytes(entry, "little") & -4095 == pde & -4096 | 1


def run_check(given: Arguments) -> str:
    space, current = asking.space_of(given)
    with LiveTables(space, current) as tables:
        found = checks.check(space, tables, facts_of(space, tables))
    say = rules.finding_record if given.has("--json") else rules.finding_line
    lines = [say(space, finding) for finding in found]
    totals = [
        count(sum(finding.severity == severity for finding in found), severity)
        for severity in ("error", "warning", "note")
    ]
    if not given.has("--json"):
        lines.append(", ".join(totals))
    answer = "\n".join(lines)
    if not totals[0].startswith("0 "):
        raise Failed(answer, f"check found {totals[0]}")
    return answer
