"""How people write addresses, indices, sizes and ranges.

    0xc0100234  3222274612  4K  768:256:0x234  p:0x00105000  A-B  A+SIZE

Whatever is none of these is an expression of the debugger: the caller passes a function that
evaluates it. Nothing is guessed: a whole token is understood or refused in one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from . import PagelabError
from .formats import PAGE_SIZE, Format

Evaluate = Callable[[str], int]

_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgG]?)")
_INDICES = re.compile(r"[0-9]+(?::[0-9]+)*:(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_BARE_HEX = re.compile(r"(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{3,16}")
_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30}


def number(text: str) -> int | None:
    """A decimal or 0x number with K, M or G behind it where that is meant, else None."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return int(match[1], 0 if match[1][:2].lower() == "0x" else 10) << _SHIFTS[match[2].lower()]


def virtual(text: str, layout: Format, evaluate: Evaluate) -> int:
    """A virtual address; raises PagelabError with the reason."""
    text = text.strip()
    if text.lower().startswith("p:"):
        raise PagelabError(f"{text} is a physical address; a virtual one is wanted here")
    if _INDICES.fullmatch(text):
        return _from_indices(text, layout)
    found = value(text, evaluate)
    width = 32 if layout.va_digits == 8 else 64
    if not -(1 << width - 1) <= found < 1 << width:
        raise PagelabError(f"{found:#x} is beyond the {width} bits of a virtual address")
    return found % (1 << width)


def physical(text: str, evaluate: Evaluate) -> int:
    """A physical address, with or without `p:` where only a physical one can be meant."""
    text = text.strip()
    bare = text[2:].strip() if text.lower().startswith("p:") else text
    found = value(bare, evaluate)
    if not 0 <= found < 1 << 52:
        raise PagelabError(f"{found:#x} is no physical address: they have at most 52 bits")
    return found


def virtual_range(text: str, layout: Format, evaluate: Evaluate) -> tuple[int, int]:
    """[first, end) of `A-B` or `A+SIZE`; the end may be one past the last address."""
    top = 1 << (32 if layout.va_digits == 8 else 64)
    return _range(text, lambda part: virtual(part, layout, evaluate), top, evaluate)


def physical_range(text: str, evaluate: Evaluate) -> tuple[int, int]:
    return _range(text, lambda part: physical(part, evaluate), 1 << 52, evaluate)


def _range(text: str, parse: Callable[[str], int], top: int, evaluate: Evaluate) -> tuple[int, int]:
    parts = split_range(text)
    if parts is None:
        raise PagelabError(f"'{text}' is no range; a range is A-B (B exclusive) or A+SIZE")
    left, operator, right = parts
    first = parse(left)
    if operator == "+":
        end = first + value(right, evaluate)
    else:
        bare = right[2:] if right.lower().startswith("p:") else right
        end = top if number(bare) == top else parse(right)
    if end > top:
        raise PagelabError(f"'{text}' goes beyond the last address")
    if end <= first:
        raise PagelabError(f"'{text}' is an empty range; B is exclusive and must be above A")
    return first, end


def split_range(text: str) -> tuple[str, str, str] | None:
    """(A, '-' or '+', B) at the first such sign outside of brackets; `->` and a leading sign are none.

    A minus sign wins over a plus, so that `$esp+16-$ebp` is a range from `$esp+16`.
    """
    for sign in "-+":
        for position in _outside_brackets(text):
            if text[position] != sign or text[position : position + 2] == "->":
                continue
            left, right = text[:position].strip(), text[position + 1 :].strip()
            if left and right:
                return left, sign, right
    return None


def _outside_brackets(text: str) -> list[int]:
    found = []
    depth = 0
    for position, letter in enumerate(text):
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif depth == 0:
            found.append(position)
    return found


def _from_indices(text: str, layout: Format) -> int:
    parts = text.split(":")
    levels = layout.levels
    if len(parts) not in (len(levels), len(levels) + 1):
        shape = "PDI:PTI[:OFFSET]" if len(levels) == 2 else f"{len(levels)} indices and an OFFSET"
        raise PagelabError(f"'{text}' is no address in this mode; it has {shape}")
    va = 0
    for level, part in zip(levels, parts):
        index = int(part, 0 if part[:2].lower() == "0x" else 10)
        if index >= level.entries:
            raise PagelabError(f"'{text}' is no address: an index is below {level.entries}")
        va += index << level.shift
    if len(parts) > len(levels):
        offset = number(parts[-1])
        if offset is None or offset >= PAGE_SIZE:
            raise PagelabError(f"'{text}' is no address: the offset is below {PAGE_SIZE}")
        va += offset
    return layout.canonical(va)


def value(text: str, evaluate: Evaluate) -> int:
    """Any number or expression; the ranges are the caller's to check."""
    if not text:
        raise PagelabError("an address is missing")
    plain = number(text)
    if plain is not None:
        return plain
    try:
        return evaluate(text)
    except PagelabError:
        if _BARE_HEX.fullmatch(text):
            raise PagelabError(f"'{text}' is not an address; did you mean 0x{text}?") from None
        raise
