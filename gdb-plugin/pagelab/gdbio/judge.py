"""check fault preflight: what is wrong with the tables, why an access faults, and whether the next one will."""

from __future__ import annotations

import struct

from .. import PagelabError, checks, cpu, fault, formats, journal, lab, preflight, rules
from ..arguments import Arguments
from ..ram import RamMap
from ..space import CR0_PG, Space, override, space_of
from ..spelling import count
from ..walk import walk
from . import asking, expressions, guest, history, registers
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

    def ram_of(self, first: int, size: int) -> bool | None:
        if first >= lab.VGA_HOLE_END and self._ram is not None:
            return self._ram.ram_of(first, size)
        return True if first + size <= lab.VGA_HOLE_END or self._ram is None else None

    def any_free(self, first: int, size: int) -> bool:
        return self._roles is not None and any(
            self._roles.is_free(pa) for pa in range(first, first + size, 4096)
        )

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


CODE_BITS = "1 protection, 2 write, 4 user, 8 reserved bit, 16 fetch"


def run_fault(given: Arguments) -> str:
    space, current = asking.space_of(given)
    with LiveTables(space, current) as tables:
        in_lab = lab_page(tables) is not None
        if given.words:
            cr2, code, eip = _as_given(given, space)
        else:
            cr2, code, eip, space = _last(tables, space)
        current = current and space == asking.space_of(given)[0]
    with LiveTables(space, current) as tables:
        found = fault.explain(
            walk(space, tables, cr2), code, fault.access_of(code, cr2, eip), in_lab
        )
    if given.has("--json"):
        return fault.fault_record(found)
    expressions.tell_symbols(cr2, *([] if eip is None else [eip]))
    return fault.fault_text(found)


def _as_given(given: Arguments, space: Space) -> tuple[int, int, int | None]:
    if len(given.words) != 2:
        raise PagelabError("fault needs CR2 and CODE, or nothing; usage: fault [CR2 CODE]")
    code = expressions.evaluate(given.words[1])
    if not 0 <= code <= 0x1F:
        raise PagelabError(f"'{given.words[1]}' is no error code; its bits: {CODE_BITS}")
    return asking.virtual(space, given.words[0]), code, None


def _last(tables: LiveTables, space: Space) -> tuple[int, int, int | None, Space]:
    """The last page fault: of a lab by its journal, else where the CPU stands at its handler's entry."""
    events = history.lab_events(tables)
    if events is not None:
        event = journal.last_page_fault(events)
        if event is None:
            raise PagelabError("the journal holds no page fault; usage: fault [CR2 CODE]")
        page = lab_page(tables)
        if page is not None and event.space != page.space:
            # It was the tables of its space that denied the access.
            directory = journal.directory_of(events, event.space)
            if directory is None:
                raise PagelabError(
                    f"the last page fault was in space {event.space}, which the journal does not know; "
                    "name its directory with --cr3"
                )
            space = space._replace(cr3=directory)
        return event.address, event.new & 0xFFFF, event.old, space
    cr2 = registers.cr2()
    if cr2 is None:
        raise PagelabError("this target shows no CR2; usage: fault [CR2 CODE]")
    frame = registers.fault_frame(tables)
    if frame is None:
        raise PagelabError(
            f"CR2 is {cr2:#010x}, but its error code is known at the handler's first instruction only; "
            f"usage: fault CR2 CODE, the bits of CODE: {CODE_BITS}"
        )
    return cr2, *frame, space


def run_preflight(given: Arguments) -> str:
    state = registers.cpu_state()
    now = registers.current_space()
    if now is None:
        raise PagelabError("this target has no control registers (QEMU's x86 stub shows them)")
    cr3 = _cr3_to_load(given, now, state)
    cr0 = state.cr0 | CR0_PG
    efer = state.efer | (1 << 10 if state.efer & 1 << 8 else 0)
    then = space_of(cr0, cr3, state.cr4, efer)
    if given.get("--mode"):
        then = override(then, None, given.get("--mode"))
    with LiveTables(then, False) as tables:
        facts = facts_of(then if now.mode == formats.OFF else now, tables)
        verdicts = preflight.Preflight(now, then, state, tables, facts).run()
    if given.has("--json"):
        answer = "\n".join(preflight.verdict_record(then, verdict) for verdict in verdicts)
    else:
        answer = preflight.preflight_text(then, verdicts)
    if preflight.errors_of(verdicts):
        raise Failed(answer, "the next instruction would not survive")
    return answer


def _cr3_to_load(given: Arguments, now: Space, state: cpu.Cpu) -> int:
    """The operand, else what the next instruction loads, else CR3 where paging is still off."""
    if given.operand:
        return asking.physical(given.operand)
    code = virtual_bytes(state.cs_base + state.ip, 16)
    load = cpu.next_load(code) if code else None
    if load is not None and load.target == 3:
        name = load.register if load.register[1:].isdigit() else _wide(load.register, state)
        return expressions.evaluate(f"${name}") % (1 << 64)
    if now.mode == formats.OFF or given.has("--on"):
        return state.cr3
    raise PagelabError(
        "the next instruction does not load CR3: name the directory, as in pagelab preflight p:0x00105000"
    )


def _wide(register: str, state: cpu.Cpu) -> str:
    return ("r" if state.long_mode else "e") + register
