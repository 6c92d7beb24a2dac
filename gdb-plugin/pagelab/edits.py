"""What `set` writes into an entry: from +w -u, rw,u, p:0x00400000 or a whole value to the new word. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import PagelabError, address, values
from .entry import PAGE, maps_page
from .flags import P
from .formats import PAGE_SIZE
from .space import Space
from .spelling import hex_at_least, physical, size
from .walk import Step, Walk

_SIGNED = re.compile(r"(?:[+-][A-Za-z0-9/]+,?)+")
_LETTERS = re.compile(r"[rwugRWUG]+")
_LETTER_NAMES = {"r": "P", "w": "RW", "u": "US", "g": "G"}
_NAMES = {"nc": "PCD", "wt": "PWT", "big": "PS"}
_RIGHTS = ("RW", "US", "PWT", "PCD", "PAT", "G")


def entry_of(walk: Walk, level: str | None) -> Step:
    """The entry to write: the last of the walk, or the one of the level that is named."""
    if not walk.steps:
        raise PagelabError("paging is off or the address is not canonical: there is no entry")
    step = walk.steps[-1]
    if level is not None:
        found = [each for each in walk.steps if each.level == level.lower()]
        if not found:
            there = ", ".join(each.level for each in walk.steps)
            raise PagelabError(f"the walk has no '{level}'; it has {there}")
        step = found[0]
    if step.raw is None:
        raise PagelabError(f"{step.name} can't be read: there is nothing to change")
    return step


def new_value(space: Space, step: Step, text: str, evaluate: Callable[[str], int]) -> int:
    """The word that `text` makes of the entry; raises PagelabError with the reason."""
    assert step.raw is not None
    depth = len(step.path) - 1
    if _SIGNED.fullmatch(text):
        return _signed(space, depth, step.raw, text)
    if text.lower().startswith("p:") and "|" not in text:
        return _frame(space, step, address.physical(text, evaluate))
    words = _flag_words(text)
    if words is None:
        return values.parse(text, space, depth, evaluate)
    if not step.raw & P:
        raise PagelabError(
            f"{step.name} is not present: write the whole of it, as in p:0x00400000|P|RW"
        )
    raw = step.raw
    for name in _RIGHTS:
        raw &= ~(_bit(space, depth, raw, name, text))
    for name in words:
        raw |= _bit(space, depth, raw, name, text)
    return raw


def _flag_words(text: str) -> list[str] | None:
    """rw,u or rwu,nc: the names of bits; None if it is no such token."""
    found: list[str] = []
    for part in text.split(","):
        if part.lower() in _NAMES:
            found.append(_NAMES[part.lower()])
        elif _LETTERS.fullmatch(part):
            found += [_LETTER_NAMES[letter] for letter in part.lower()]
        elif values.is_flag(part):
            found.append(part.upper())
        else:
            return None
    return found


def _bit(space: Space, depth: int, raw: int, name: str, text: str) -> int:
    bit = values.bit_of(name, space, depth, maps_page(space, depth, raw))
    if bit is None:
        raise PagelabError(f"'{name}' in '{text}' is no flag of this mode")
    return bit


def _signed(space: Space, depth: int, raw: int, text: str) -> int:
    for sign, word in re.findall(r"([+-])([A-Za-z0-9/]+)", text):
        words = [word] if values.is_flag(word) else _flag_words(word)
        if words is None:
            raise PagelabError(f"'{word}' in '{text}' is no flag; write +w, -u, +NX or +PCD")
        for name in words:
            bit = _bit(space, depth, raw, name, text)
            raw = raw | bit if sign == "+" else raw & ~bit
    return raw


def _frame(space: Space, step: Step, pa: int) -> int:
    assert step.raw is not None
    if not step.raw & P:
        raise PagelabError(
            f"{step.name} is not present: write the whole of it, as in {physical(pa)}|P|RW"
        )
    span = step.entry.page_size if step.entry.kind == PAGE and step.entry.page_size else PAGE_SIZE
    if pa % span:
        raise PagelabError(
            f"{physical(pa)} is not aligned to {size(span)}; did you mean {physical(pa & -span)}?"
        )
    mask = space.format.frame_mask & -span
    if space.format.entry_size == 4:
        if span > PAGE_SIZE:  # PSE-36: bits 39:32 stand in bits 20:13
            return step.raw & ~mask & ~0x001F_E000 | pa & mask | (pa >> 32 & 0xFF) << 13
        if pa >> 32:
            raise PagelabError(f"{physical(pa)} does not fit: an entry holds 32 bits")
    return step.raw & ~mask | pa & mask


def set_text(step: Step, new: int, flushed: str) -> str:
    assert step.raw is not None
    return f"{step.name}  {hex_at_least(step.raw)} -> {hex_at_least(new)}; {flushed}"
