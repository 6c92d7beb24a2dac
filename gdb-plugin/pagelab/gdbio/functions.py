"""Functions for GDB's expressions: `$v2p(va)`."""

from __future__ import annotations

import gdb

from .. import PagelabError, render
from ..spelling import hex_at_least
from . import asking, expressions, guest, registers


class V2p(gdb.Function):
    """$v2p (VA) - the physical address that VA leads to, as a number; an error where there is none."""

    def __init__(self) -> None:
        super().__init__("v2p")

    def invoke(self, va: gdb.Value) -> gdb.Value:
        try:
            return _number(translate(expressions.to_int(va)))
        except PagelabError as error:
            raise gdb.GdbError(f"$v2p: {error}") from None


def translate(va: int) -> int:
    guest.require_stopped()
    space, current = registers.chosen_space(None, None)
    width = 32 if asking.layout_of(space).va_digits == 8 else 64
    found = asking.walk_live(space, current, va % (1 << width))
    if found.outcome == "paging-off":
        return found.va
    if found.pa is None:
        raise PagelabError(f"{hex_at_least(found.va)}: {render.outcome_text(found)}")
    return found.pa


def _number(value: int) -> gdb.Value:
    """64 bits and unsigned: a plain int would be cut to the guest's `long`."""
    kind = gdb.selected_inferior().architecture().integer_type(64, False)
    return gdb.Value(value.to_bytes(8, "little"), kind)


def register() -> None:
    V2p()
