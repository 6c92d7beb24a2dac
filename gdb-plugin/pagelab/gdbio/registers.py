"""The control registers, as QEMU's x86 stub gives them, and the space that they select."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gdb

from .. import PagelabError
from ..space import CR0_PG, CR0_WP, CR4_PGE, CR4_PSE, Space, override, space_of

if TYPE_CHECKING:
    from .. import cpu
    from .memory import LiveTables


def read(frame: gdb.Frame, name: str) -> int | None:
    """One register, unsigned; None when this target has no such register."""
    try:
        value = frame.read_register(name)
    except ValueError:
        return None
    if value.is_optimized_out:
        return None
    return int(value) % (1 << 8 * value.type.sizeof)


def write(name: str, value: int) -> None:
    """A flags register takes only a number of its own size, whence the cast."""
    size = gdb.newest_frame().read_register(name).type.sizeof
    kind = "unsigned long long" if size == 8 else "unsigned int"
    gdb.execute(f"set var ${name} = ({kind}){value:#x}", to_string=True)


def current_space() -> Space | None:
    """The space of the selected thread's CPU; None when the target shows no control registers."""
    frame = gdb.newest_frame()
    cr0, cr3, cr4 = read(frame, "cr0"), read(frame, "cr3"), read(frame, "cr4")
    if cr0 is None or cr3 is None or cr4 is None:
        return None
    return space_of(cr0, cr3, cr4, read(frame, "efer") or 0)


def chosen_space(cr3: int | None, mode: str | None) -> tuple[Space, bool]:
    """The space that is asked for, and whether it is the CPU's own."""
    own = current_space()
    if own is not None:
        chosen = override(own, cr3, mode)
        return chosen, chosen == own
    if cr3 is None or mode is None:
        raise PagelabError(
            "this target has no control registers (QEMU's x86 stub shows them); "
            "name the directory with --cr3 and the format with --mode"
        )
    return override(space_of(CR0_PG | CR0_WP, cr3, CR4_PSE | CR4_PGE), cr3, mode), False


def cr2() -> int | None:
    return read(gdb.newest_frame(), "cr2")


def cpu_state() -> cpu.Cpu:
    """With the descriptor registers, which no stub shows: QEMU's monitor does."""
    from .. import cpu

    try:
        _select_cpu()
        state = cpu.parse(gdb.execute("monitor info registers", to_string=True))
    except gdb.error:
        state = None
    if state is None:
        raise PagelabError(
            "this target does not tell its descriptor registers (QEMU's monitor does)"
        )
    return state


def _select_cpu() -> None:
    """The monitor has a CPU of its own, the first, until it is told another. QEMU numbers threads from 1."""
    if len(gdb.selected_inferior().threads()) > 1:
        gdb.execute(f"monitor cpu {gdb.selected_thread().ptid[1] - 1}", to_string=True)


def fault_frame(tables: LiveTables) -> tuple[int, int] | None:
    """(error code, EIP) from the stack, if the CPU stands at the first instruction of its #PF handler."""
    from .. import cpu

    try:
        state = cpu_state()
    except PagelabError:
        return None
    tables.leave_physical()
    inferior = gdb.selected_inferior()
    try:
        data = bytes(inferior.read_memory(state.idt[0] + 14 * state.gate_size, state.gate_size))
        word = state.gate_size // 2
        stack = bytes(inferior.read_memory(state.ss_base + state.sp, 2 * word))
    except gdb.MemoryError:
        return None
    if cpu.gate(data).offset != state.ip:
        return None
    return int.from_bytes(stack[:4], "little"), int.from_bytes(stack[word:], "little")
