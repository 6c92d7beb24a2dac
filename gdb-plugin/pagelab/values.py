"""The value of an entry as people write it: a number, or p:0x00101000|P|RW|US."""

from __future__ import annotations

from collections.abc import Callable

from . import PagelabError, address
from .flags import names
from .formats import PAGE_SIZE
from .space import Space
from .spelling import physical, size

_FLAGS = set("P RW US PWT PCD A D PS PAT G AVL9 AVL10 AVL11 NX".split())
_SYNONYMS = {"R/W": "RW", "U/S": "US", "W": "RW", "U": "US", "XD": "NX"}


def parse(text: str, space: Space, depth: int, evaluate: Callable[[str], int]) -> int:
    """The word for an entry at this level; raises PagelabError with the reason."""
    parts = [part.strip() for part in text.strip("'\"").split("|")]
    if not any(_is_word(part) for part in parts):
        value = address.value(text, evaluate)
    else:
        large = any(part.upper() == "PS" for part in parts)
        value = 0
        for part in parts:
            value |= _part(part, text, space, depth, large, evaluate)
    top = (1 << 8 * space.format.entry_size) - 1
    if not 0 <= value <= top:
        raise PagelabError(f"'{text}' does not fit: the largest value here is {top:#x}")
    return value


def _is_word(part: str) -> bool:
    return part.lower().startswith("p:") or is_flag(part)


def is_flag(part: str) -> bool:
    upper = part.upper()
    return _SYNONYMS.get(upper, upper) in _FLAGS


def bit_of(name: str, space: Space, depth: int, large: bool) -> int | None:
    """The bit that a flag's name means in an entry that maps a page of that level."""
    upper = _SYNONYMS.get(name.upper(), name.upper())
    last = depth == len(space.format.levels) - 1
    known = dict(names(space, depth, large or last)) | {"D": 6, "G": 8, "PS": 7}
    known["PAT"] = 12 if large and not last else 7
    if space.format.entry_size == 8:
        known["NX"] = 63
    return 1 << known[upper] if upper in known else None


def _part(
    part: str, text: str, space: Space, depth: int, large: bool, evaluate: Callable[[str], int]
) -> int:
    if part.lower().startswith("p:"):
        return _frame(part, space, depth, large, evaluate)
    bit = bit_of(part, space, depth, large)
    if bit is None:
        raise PagelabError(
            f"'{part}' in '{text}' is no flag; there are P RW US PWT PCD A D PS PAT G AVL9 AVL10 AVL11"
            + (" NX" if space.format.entry_size == 8 else "")
        )
    return bit


def _frame(part: str, space: Space, depth: int, large: bool, evaluate: Callable[[str], int]) -> int:
    pa = address.physical(part, evaluate)
    unit = space.format.levels[depth].span if large else PAGE_SIZE
    if pa % unit:
        raise PagelabError(
            f"{part} is not aligned to {size(unit)}; did you mean {physical(pa & -unit)}?"
        )
    if space.format.entry_size == 8:
        return pa
    if pa >> 32 and not large:
        raise PagelabError(f"{part} does not fit: only a 4 MiB page (PS) reaches beyond 4 GiB")
    # PSE-36 keeps physical bits 39:32 in bits 20:13 of a 4 MiB PDE (SDM 3A table 4-4).
    return pa & 0xFFFF_FFFF | pa >> 32 << 13


def level(text: str, space: Space) -> int | None:
    """The depth that a level's name means, else None."""
    found = [level.name for level in space.format.levels]
    return found.index(text.lower()) if text.lower() in found else None


__all__ = ["PS", "bit_of", "formats", "level", "parse"]
