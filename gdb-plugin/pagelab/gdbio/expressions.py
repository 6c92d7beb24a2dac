"""Expressions of GDB as addresses: numbers, registers, pointers; of what has an address, that one."""

from __future__ import annotations

import gdb

from .. import PagelabError
from ..spelling import hex_at_least

_ADDRESSED = (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION)


def evaluate(text: str) -> int:
    try:
        value = gdb.parse_and_eval(text)
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_ERROR:
            value = gdb.parse_and_eval(f"&({text})")
        return to_int(value)
    except gdb.error as error:
        reason = _one_line(error)
        if "unknown type" not in reason:
            raise PagelabError(f"'{text}' is not an address: {reason}") from None
    try:
        # A symbol without debug information, of assembly say: its place is meant.
        return to_int(gdb.parse_and_eval(f"&({text})"))
    except gdb.error as error:
        raise PagelabError(f"'{text}' is not an address: {_one_line(error)}") from None


def to_int(value: gdb.Value) -> int:
    if value.type.strip_typedefs().code in _ADDRESSED and value.address is not None:
        value = value.address
    return int(value)


def symbol_at(va: int) -> str:
    """What GDB knows to be at an address; empty where it knows nothing."""
    try:
        known = gdb.execute(f"info symbol {va:#x}", to_string=True).strip()
    except gdb.error:
        return ""
    return "" if known.startswith("No symbol") else known


def tell_symbols(*addresses: int) -> None:
    """Besides the answer, on stderr: the answer itself is the same in every face, and they have no symbols."""
    for va in addresses:
        known = symbol_at(va)
        if known:
            place = gdb.find_pc_line(va)
            line = f", {place.symtab.filename}:{place.line}" if place.symtab else ""
            gdb.write(f"{hex_at_least(va)} is {known}{line}\n", gdb.STDERR)


def _one_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "GDB refuses"
