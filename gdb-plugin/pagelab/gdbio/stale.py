"""stale: does the CPU still use an old entry? No debugger can see that: all of them walk the tables.

So the guest is asked: one load is put at its instruction pointer, stepped, and taken away again, beside a walk.
Registers, the code and the stack are put back; A may be set, as by any load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gdb

from .. import PagelabError, cpu
from ..arguments import Arguments
from ..records import line, va_digits
from ..space import Space
from ..spelling import hex_at_least
from ..walk import Walk, walk
from . import asking, guest, registers
from .memory import LiveTables

FRESH = (None, "the CPU uses what the tables say")
MAPPING = ("mapping", "nothing is mapped there any more, but the CPU still reads a page")
FRAME = ("frame", "the CPU still reads another page than the one that the tables name")
RIGHTS = ("rights", "the CPU still lets the kernel write, the tables no longer do")

_LOAD, _STORE = 0xA0, 0xA2  # mov al, [address] and mov [address], al
_STACK = 128  # bytes below the stack pointer that a fault may write


def run_stale(given: Arguments) -> str:
    space, current = asking.space_of(given)
    va = asking.virtual(space, given.operand)
    state = registers.cpu_state()
    if not current or space.mode == "off":
        raise PagelabError("only the loaded space can be asked, with paging on")
    asked = _Question(space, state, va)
    what, text = asked.answer()
    shown = hex_at_least(va, va_digits(space))
    if given.has("--json"):
        record = {"record": "stale", "v": 1, "va": shown, "stale": what is not None}
        return line(record | {"what": what, "text": text})
    if what is None:
        return f"{shown}  fresh: {text}"
    return f"{shown}  stale: {text}; invlpg {shown} drops the old entry"


class _Question:
    def __init__(self, space: Space, state: cpu.Cpu, va: int) -> None:
        self._space = space
        self._cpu = state
        self._ip = state.cs_base + state.ip
        self._va = va
        self._word = 8 if state.long_mode else 4
        self._refuse()

    def _refuse(self) -> None:
        if len(gdb.selected_inferior().threads()) != 1:
            raise PagelabError(
                "a guest with several CPUs can't be asked: each has a TLB of its own"
            )
        if self._cpu.halted:
            raise PagelabError(
                "the CPU waits in hlt and can't be asked there: stop it in running code "
                "(a pagelab kernel's shell has stale VA)"
            )
        if self._cpu.cpl:
            raise PagelabError("the CPU runs user code: stop it in the kernel and ask again")
        if self._ip % 4096 > 4096 - 16:
            raise PagelabError(
                "the instruction pointer is at the end of its page: step once, ask again"
            )

    def answer(self) -> tuple[str | None, str]:
        found, code = self._walk(self._va), self._walk(self._ip)
        if code.pa is None:
            raise PagelabError(
                "the code that runs is not mapped by these tables: nothing can be asked"
            )
        if found.pa is None:
            self._needs_handler()
            return MAPPING if self._access(_LOAD, code.pa, 0) is not None else FRESH
        place = self._quiet_place(found, code)
        if not self._reads(place, found, code.pa):
            return FRAME
        if found.kernel[1] != "w" and self._handler_place() is None:
            gdb.write(
                "writes were not tried: no #PF handler could come back from them\n", gdb.STDERR
            )
        elif found.kernel[1] != "w":
            byte = self._physical(place, 1)[0]
            if self._access(_STORE, code.pa, byte, place - found.pa + self._va) is not None:
                return RIGHTS
        return FRESH

    def _quiet_place(self, found: Walk, code: Walk) -> int:
        """A byte of the page that neither the code nor the stack of the question touches."""
        assert found.pa is not None and code.pa is not None
        stack = self._walk(self._cpu.ss_base + self._cpu.sp - 1).pa
        place = found.pa
        for offset in range(0, 4096, 256):
            place = (found.pa & -4096) + (found.pa + offset) % 4096
            near_stack = stack is not None and abs(place - stack) <= 2 * _STACK
            if abs(place - code.pa) > 32 and not near_stack:
                break
        return place

    def _reads(self, place: int, found: Walk, code: int) -> bool:
        """Whether a load sees what stands at `place`: once as it is, and once turned over."""
        assert found.pa is not None
        va = self._va + place - found.pa
        byte = self._physical(place, 1)
        turned = bytes([byte[0] ^ 0xFF])
        with self._patched(place, turned):
            if self._access(_LOAD, code, 0, va) != turned[0]:
                return False
        return self._access(_LOAD, code, 0, va) == byte[0]

    # --- one access ----------------------------------------------------------------------------------------
    def _access(self, opcode: int, code: int, value: int, va: int | None = None) -> int | None:
        """AL after the access; None if it faulted. All is as before afterwards."""
        target = self._va if va is None else va
        names = ["eip", "eax", "esp", "eflags", "cs", "ss", "cr2"]
        if self._cpu.long_mode:
            names = ["rip", "rax", "rsp", "eflags", "cs", "ss", "cr2"]
        frame = gdb.newest_frame()
        before = {name: registers.read(frame, name) for name in names}
        bytes_ = bytes([opcode]) + target.to_bytes(self._word, "little")
        stack = self._walk(self._cpu.ss_base + self._cpu.sp - 1).pa
        first = max(stack - _STACK + 1, stack & -4096) if stack is not None else None
        kept = self._physical(first, stack - first + 1) if first is not None and stack else b""
        try:
            with self._patched(code, bytes_):
                if opcode == _STORE:
                    accumulator = before[names[1]] or 0
                    registers.write(names[1], accumulator & ~0xFF | value)
                frame = _step()
                if registers.read(frame, names[0]) != (before[names[0]] or 0) + len(bytes_):
                    return None
                return (registers.read(frame, names[1]) or 0) & 0xFF
        finally:
            self._put_back(before)
            if first is not None and kept:
                self._write(first, kept)

    def _put_back(self, before: dict[str, int | None]) -> None:
        frame = gdb.newest_frame()
        for name, value in before.items():
            if value is not None and registers.read(frame, name) != value:
                registers.write(name, value)
                frame = gdb.newest_frame()

    # --- memory --------------------------------------------------------------------------------------------
    def _walk(self, va: int) -> Walk:
        with LiveTables(self._space, True) as tables:
            return walk(self._space, tables, va)

    def _physical(self, pa: int, size: int) -> bytes:
        with LiveTables(self._space, True) as tables:
            data = tables.read(pa, None, size)
        if data is None:
            raise PagelabError("the page leads to no memory: nothing can be asked")
        return data

    def _write(self, pa: int, data: bytes) -> None:
        with LiveTables(self._space, True) as tables:
            if not tables.write(pa, data):
                raise PagelabError("this target does not let physical memory be written")

    @contextmanager
    def _patched(self, pa: int, data: bytes) -> Iterator[None]:
        kept = self._physical(pa, len(data))
        try:
            self._write(pa, data)
            yield
        finally:
            self._write(pa, kept)

    # --- a fault must find its handler ---------------------------------------------------------------------
    def _handler_place(self) -> int | None:
        state = self._cpu
        if state.idt == (0, 0x3FF) or state.idt[1] < 15 * state.gate_size - 1:
            return None
        place = self._walk(state.idt[0] + 14 * state.gate_size).pa
        gate = cpu.gate(self._physical(place, state.gate_size)) if place is not None else None
        if gate is None or not gate.present or gate.task:
            return None
        return self._walk(gate.offset).pa

    def _needs_handler(self) -> None:
        if self._handler_place() is None:
            raise PagelabError(
                "the tables name no page there, and the guest has no #PF handler that could come back: "
                "a fault would reset it"
            )


def _step() -> gdb.Frame:
    """One instruction by a raw packet: for GDB, its hooks and other plugins the guest never moved."""
    reply = guest.remote().send_packet("s")
    gdb.execute("maintenance flush register-cache", to_string=True)
    if not reply or reply[:1] not in (b"T", b"S"):
        raise PagelabError(f"the stub does not step: {reply!r}")
    return gdb.newest_frame()
