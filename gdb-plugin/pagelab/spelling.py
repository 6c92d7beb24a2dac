"""How addresses, sizes and flags are spelled, in text and in JSON alike."""

from __future__ import annotations

from collections.abc import Sequence


def hex_at_least(value: int, digits: int = 8) -> str:
    return f"0x{value:0{digits}x}"


def physical(pa: int) -> str:
    return f"p:0x{pa:08x}"


def size(count: int) -> str:
    """Bytes with the largest unit that divides them."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count and count % (1 << shift) == 0:
            return f"{count >> shift} {unit}"
    return f"{count} B"


def flags(names: Sequence[str]) -> str:
    return " ".join(names) if names else "-"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_KINDS = {"not-present": "not present", "reserved": "reserved bits", "unreadable": "unreadable"}


def leads_to(kind: str, target: int | None) -> str:
    """What stands behind `->`: the table or page, or why there is none."""
    if kind in _KINDS or target is None:
        return _KINDS.get(kind, kind)
    return f"{kind} {physical(target)}"
