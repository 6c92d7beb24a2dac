"""Would the next instruction survive loading a CR3, or turning paging on? One line for each thing that would
not be where the CPU looks for it, with the entry to blame. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import checks, cpu, fault, formats
from .access import CODE_WRITE, FETCH, READ, WRITE
from .cpu import Cpu
from .entry import NOT_PRESENT
from .flags import P, PS
from .memory import Tables
from .records import line, va_digits
from .rules import text as rule_text
from .space import Space
from .spelling import count, hex_at_least, physical
from .walk import Walk, read_top, walk


MOST = 4  # findings of one rule about the tables as a whole


@dataclass(frozen=True)
class Verdict:
    severity: str  # error, warning or note
    rule: str
    text: str
    va: int | None = None
    pa: int | None = None


@dataclass(frozen=True)
class _Place:
    """Something that the CPU needs: a name, where it is, and how it gets at it."""

    name: str
    va: int
    size: int
    kind: str
    severity: str = "error"


class Preflight:
    """`now` is the space that is loaded, `then` the one that would be; both over the same memory."""

    def __init__(
        self, now: Space, then: Space, state: Cpu, tables: Tables, facts: checks.Facts
    ) -> None:
        self._now = now
        self._then = then
        self._cpu = state
        self._tables = tables
        self._facts = facts
        self._needed: set[int] = set()  # slots of the first table that the CPU needs
        real_mode = state.idt == (0, 0x3FF)  # the vectors that the firmware left
        self._has_idt = state.idt[1] >= 15 * state.gate_size - 1 and not real_mode
        self.verdicts: list[Verdict] = []

    def run(self) -> list[Verdict]:
        if self._directory():
            for place in self._places():
                self._check(place)
            if self._has_idt:
                self._handler(14, "#PF")
                self._handler(8, "#DF")
            self._whole()
        return self.verdicts

    def _say(
        self, severity: str, rule: str, text: str, va: int | None = None, pa: int | None = None
    ) -> None:
        self.verdicts.append(Verdict(severity, rule, text, va, pa))

    # --- the first table -----------------------------------------------------------------------------------
    def _directory(self) -> bool:
        then, state = self._then, self._cpu
        if not state.cr0 & cpu.CR0_PE:
            self._say("error", "no-protection", "CR0.PE is 0: CR0.PG = 1 raises #GP")
        if state.efer & 1 << 8 and then.mode in (formats.TWO_LEVEL,):
            self._say("error", "no-pae", "EFER.LME is 1 but CR4.PAE is 0: CR0.PG = 1 raises #GP")
        if then.mode == formats.TWO_LEVEL and then.cr3 & 0xFFF & ~0x18:
            self._say(
                "warning",
                "cr3-low-bits",
                f"CR3 = {hex_at_least(then.cr3)} has low bits that the CPU ignores: "
                f"the directory is {physical(then.root)}",
                pa=then.root,
            )
        if self._facts.is_ram(then.root) and read_top(then, self._tables) is not None:
            return True
        text = f"CR3 points at {physical(then.root)}, beyond RAM"
        leads_to = self._place_now(then.root)
        if leads_to is not None and leads_to != then.root and self._facts.is_ram(leads_to):
            text = (
                f"CR3 = {hex_at_least(then.cr3)} looks like a virtual address, which leads to "
                f"{physical(leads_to)}; CR3 holds a physical one"
            )
        elif leads_to is None or leads_to == then.root:
            text += self._perhaps_virtual()
        self._say("error", "directory-beyond-ram", text, pa=then.root)
        return False

    def _perhaps_virtual(self) -> str:
        """A kernel is mostly linked at one of these distances from where it lies."""
        for distance in (0xC000_0000, 0xF000_0000, 0x8000_0000, 0xE000_0000):
            place = self._then.root - distance
            if 0 < place and self._facts.is_ram(place):
                return f"; if it is a virtual address, its physical one may be {physical(place)}"
        return ""

    # --- what the CPU needs --------------------------------------------------------------------------------
    def _places(self) -> list[_Place]:
        state = self._cpu
        ip, sp = state.cs_base + state.ip, state.ss_base + state.sp
        word = 8 if state.long_mode else 4
        places = [
            _Place("EIP", ip, 1, FETCH),
            _Place("the page after EIP", (ip & -4096) + 4096, 1, FETCH, "warning"),
            _Place("ESP", sp - word, word, WRITE),
            # Without an IDT nothing loads a segment but the code itself.
            _Place(
                "the GDT",
                state.gdt[0],
                state.gdt[1] + 1,
                READ,
                "error" if self._has_idt else "warning",
            ),
        ]
        if self._has_idt:
            places.append(_Place("the IDT", state.idt[0], state.idt[1] + 1, READ))
        else:
            self._say(
                "warning",
                "no-idt",
                f"the IDT at {hex_at_least(state.idt[0])} with {count(state.idt[1] + 1, 'byte')} has no "
                "gate for #PF: any fault resets the CPU",
            )
        if state.tr[0] & -8:
            places.append(_Place("the TSS", state.tr[1], 104, READ))
        return places

    def _place_now(self, va: int) -> int | None:
        if self._now.mode == formats.OFF:
            return va
        return walk(self._now, self._tables, va).pa

    def _walk(self, va: int) -> Walk:
        self._needed.add(self._then.format.index_of(0, va))
        return walk(self._then, self._tables, va)

    def _wrapped(self, va: int) -> int:
        return va % (1 << (32 if self._then.format.va_digits == 8 else 64))

    def _check(self, place: _Place) -> None:
        """The first page of the place that would not do, is told."""
        for page in cpu.pages_of(place.va, place.size):
            va = self._wrapped(max(page, place.va))
            if not self._reachable(place, va):
                return
            if not self._is_the_same(place, va):
                return

    def _reachable(self, place: _Place, va: int) -> bool:
        found = self._walk(va)
        user = self._cpu.cpl == 3 and place.kind in (FETCH, WRITE)
        access = fault.Access(place.kind, user)
        step = fault.blamed(found, access)
        where = f"{place.name} {hex_at_least(va, va_digits(self._then))}"
        if step is None and found.pa is not None:
            if self._facts.is_ram(found.pa & -4096):
                return True
            self._say(
                place.severity,
                _rule(place),
                f"{where} leads to {physical(found.pa)}, beyond RAM",
                va,
                found.pa,
            )
            return False
        code = CODE_WRITE if place.kind == WRITE else 0
        why = fault.explain(found, code | (4 if user else 0), access, in_lab=False)
        text = fault.reason(why).split(";")[0]
        if step is not None and step.entry.kind == NOT_PRESENT and step.raw:
            text += f" but holds {hex_at_least(step.raw)}"
        self._say(place.severity, _rule(place), f"{where}: {text}", va)
        return False

    def _is_the_same(self, place: _Place, va: int) -> bool:
        """Whether the CPU would find there what is there now."""
        before, after = self._place_now(va), self._walk(va).pa
        if before is None or after is None or before == after:
            return True
        if place.severity != "error":
            return True
        size = min(64, 4096 - va % 4096) if place.kind == FETCH else min(place.size, 4096)
        size = min(size, 4096 - va % 4096)
        if self._tables.read(before, None, size) == self._tables.read(after, None, size):
            return True
        step = self._walk(va).steps[-1]
        self._say(
            "warning" if place.kind == WRITE else "error",
            f"{_rule(place)}-differs",
            f"{place.name} {hex_at_least(va, va_digits(self._then))}: {step.name} leads to "
            f"{physical(after)}, where other bytes are than at {physical(before)}, which is used now",
            va,
            after,
        )
        return False

    def _read_then(self, va: int, size: int) -> bytes | None:
        found = self._walk(self._wrapped(va))
        return None if found.pa is None else self._tables.read(found.pa, None, size)

    def _handler(self, vector: int, name: str) -> None:
        """The gate as the CPU would find it, and where it leads."""
        state = self._cpu
        if state.idt[1] < (vector + 1) * state.gate_size - 1:
            return
        data = self._read_then(state.idt[0] + vector * state.gate_size, state.gate_size)
        if data is None:
            return  # the IDT itself has been told
        found = cpu.gate(data)
        if not found.present:
            self._say("warning", "no-handler", f"the IDT has no handler for {name}")
        elif found.task:
            self._task(found.selector, name)
        else:
            self._check(_Place(f"the {name} handler", found.offset, 1, FETCH))

    def _task(self, selector: int, name: str) -> None:
        """A task gate: the TSS that it names must be there, and what runs by it has a CR3 of its own."""
        state = self._cpu
        data = self._read_then(state.gdt[0] + (selector & -8), 8)
        if data is None or (selector & -8) + 7 > state.gdt[1]:
            self._say("error", "no-task", f"the {name} task's descriptor is beyond the GDT")
            return
        base = cpu.descriptor_base(data)
        place = _Place(f"the {name} task's TSS", base, 104, WRITE)
        before = len(self.verdicts)
        self._check(place)
        tss = self._read_then(base, 104)
        if len(self.verdicts) > before or tss is None:
            return
        cr3, ip = int.from_bytes(tss[28:32], "little"), int.from_bytes(tss[32:36], "little")
        if self._now.mode == formats.TWO_LEVEL or self._then.mode == formats.TWO_LEVEL:
            then = self._then._replace(cr3=cr3)
            other = Preflight(self._now, then, self._cpu, self._tables, self._facts)
            other._reachable(_Place(f"the {name} task's EIP", ip, 1, FETCH), ip)
            self.verdicts += other.verdicts

    # --- the tables as a whole -----------------------------------------------------------------------------
    def _whole(self) -> None:
        then = self._then
        top = read_top(then, self._tables) or ()
        if then.mode == formats.TWO_LEVEL and not then.pse:
            for slot, raw in enumerate(top):
                if raw & P and raw & PS:
                    self._say(
                        "error" if slot in self._needed else "warning",
                        "large-without-pse",
                        f"PDE {slot} = {hex_at_least(raw)} has PS, but CR4.PSE is 0: the CPU takes "
                        f"{physical(raw & -4096)} for a table",
                        slot << 22,
                        raw & -4096,
                    )
        told: dict[str, int] = {}
        for finding in checks.check(then, self._tables, self._facts):
            if finding.severity != "error":
                continue
            told[finding.rule] = told.get(finding.rule, 0) + 1
            if told[finding.rule] > MOST:
                continue
            va = sum(i << level.shift for i, level in zip(finding.path, then.format.levels))
            # What the CPU does not need at once waits for its first use.
            severity = "error" if finding.path[0] in self._needed else "warning"
            text = rule_text(then, finding)
            self._say(severity, finding.rule, text, then.format.canonical(va), finding.pa)
        for rule, number in told.items():
            if number > MOST:
                self._say("note", rule, f"{number - MOST} more; pagecheck --cr3 tells all")


def _rule(place: _Place) -> str:
    words = place.name.lower().replace("#", "").replace("'s", "").split()
    return "-".join(word for word in words if word != "the")


def preflight_text(then: Space, verdicts: list[Verdict]) -> str:
    lines = [f"{verdict.severity} {verdict.rule}: {verdict.text}" for verdict in verdicts]
    return "\n".join(lines + [summary(then, verdicts)])


def errors_of(verdicts: list[Verdict]) -> int:
    return sum(verdict.severity == "error" for verdict in verdicts)


def summary(then: Space, verdicts: list[Verdict]) -> str:
    what = f"with CR3 {physical(then.root)} and {then.mode} paging"
    errors = errors_of(verdicts)
    if errors:
        return f"{what} the CPU would not survive: {count(errors, 'error')}"
    return f"{what} the CPU would go on"


def verdict_record(then: Space, verdict: Verdict) -> str:
    return line(
        {
            "record": "finding",
            "v": 1,
            "severity": verdict.severity,
            "rule": verdict.rule,
            "va": None if verdict.va is None else hex_at_least(verdict.va, then.format.va_digits),
            "pa": None if verdict.pa is None else hex_at_least(verdict.pa),
            "text": verdict.text,
        }
    )
