"""Functions for GDB's expressions, conditions of breakpoints among them: $v2p $p2v $pde $pte."""

from __future__ import annotations

from collections.abc import Callable

import gdb

from .. import PagelabError


class Function(gdb.Function):
    """One function of one number; an answer that there is none is an error of one line."""

    def __init__(self, name: str, text: str, answer: Callable[[int], int]) -> None:
        self.__doc__ = text
        self._name = name
        self._answer = answer
        super().__init__(name)

    def invoke(self, argument: gdb.Value) -> gdb.Value:
        from . import expressions, guest

        try:
            guest.require_stopped()
            return _number(self._answer(expressions.to_int(argument)))
        except PagelabError as error:
            raise gdb.GdbError(f"${self._name}: {error}") from None


def _number(value: int) -> gdb.Value:
    """64 bits and unsigned: a plain int would be cut to the guest's `long`."""
    kind = gdb.selected_inferior().architecture().integer_type(64, False)
    return gdb.Value(value.to_bytes(8, "little"), kind)


def v2p(va: int) -> int:
    from .. import render
    from ..spelling import hex_at_least

    found = _walk(va)
    if found.outcome == "paging-off":
        return found.va
    if found.pa is None:
        raise PagelabError(f"{hex_at_least(found.va)}: {render.outcome_text(found)}")
    return found.pa


def _walk(va: int):  # type: ignore[no-untyped-def]
    from . import asking, registers

    space, current = registers.chosen_space(None, None)
    width = 32 if asking.layout_of(space).va_digits == 8 else 64
    return asking.walk_live(space, current, va % (1 << width))


def p2v(pa: int) -> int:
    from .. import aliases, formats, selfmap
    from ..spelling import physical
    from ..tables import TableReader
    from . import registers
    from .memory import LiveTables

    space, current = registers.chosen_space(None, None)
    if space.mode == formats.OFF:
        return pa
    with LiveTables(space, current) as tables:
        reader = TableReader(space, tables)
        found = aliases.find(reader, pa % (1 << 52))
    for alias in found:
        shown = alias.path and selfmap.is_self_map(space, reader.top[alias.path[0]])
        if alias.use == "page" and alias.va is not None and not shown:
            return alias.va
    raise PagelabError(f"no address leads to {physical(pa % (1 << 52))}")


def _entry(level: str) -> Callable[[int], int]:
    def answer(va: int) -> int:
        found = _walk(va)
        for step in found.steps:
            if step.level == level:
                if step.raw is None:
                    raise PagelabError(f"{step.name} can't be read")
                return int(step.raw)
        return 0

    return answer


FUNCTIONS = (
    (
        "v2p",
        "$v2p (VA) - the physical address that VA leads to; an error where there is none.",
        v2p,
    ),
    (
        "p2v",
        "$p2v (PA) - the lowest address outside of a self-map that leads to PA; an error without one.",
        p2v,
    ),
    ("pde", "$pde (VA) - the PDE of VA; 0 where the walk has none.", _entry("pde")),
    (
        "pte",
        "$pte (VA) - the PTE of VA; 0 where the walk has none (a large page, no table).",
        _entry("pte"),
    ),
)


def _is_free(name: str, text: str) -> bool:
    """Nobody else has a function or a variable of this name."""
    if gdb.convenience_variable(name) is None:
        return True
    return text in gdb.execute("help function", to_string=True)


def take() -> None:
    for name, text, answer in FUNCTIONS:
        Function(name, text, answer)


def register() -> list[str]:
    """Those that are somebody else's, and stay so."""
    foreign = []
    for name, text, answer in FUNCTIONS:
        if _is_free(name, text):
            Function(name, text, answer)
        else:
            foreign.append(name)
    return foreign
