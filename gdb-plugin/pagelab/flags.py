"""The named bits of an entry, and those that must be zero, for each form an entry can have.

An entry has one of two forms: it refers to a table, or it maps a page. The same bit can mean
different things in both (bit 7: PS of a large page, PAT of a PTE, ignored in a 32-bit PDE when
CR4.PSE = 0), so nobody asks for a bit without the form. SDM vol. 3A, tables 4-4 to 4-21.
"""

from __future__ import annotations

from functools import lru_cache

from . import formats
from .space import Space

P = 1 << 0
RW = 1 << 1
US = 1 << 2
A = 1 << 5
D = 1 << 6
PS = 1 << 7
G = 1 << 8
NX = 1 << 63

_LOW = (("P", 0), ("RW", 1), ("US", 2), ("PWT", 3), ("PCD", 4), ("A", 5))
_AVAILABLE = (("AVL9", 9), ("AVL10", 10), ("AVL11", 11))
Names = tuple[tuple[str, int], ...]


@lru_cache(maxsize=None)
def names(space: Space, depth: int, maps_page: bool) -> Names:
    """(name, bit) of every flag that this form has, in the order in which they are printed."""
    last = depth == len(space.format.levels) - 1
    if space.mode == formats.PAE and depth == 0:
        # A PDPTE of PAE has no rights and no A: these bits are reserved in it (table 4-8).
        return (("P", 0), ("PWT", 3), ("PCD", 4)) + _AVAILABLE
    found: Names = _LOW
    if maps_page:
        large = () if last else (("PS", 7),)
        found += (("D", 6), *large, ("PAT", 7 if last else 12), ("G", 8))
    found += _AVAILABLE
    if space.format.entry_size == 8 and space.nxe:
        found += (("NX", 63),)
    return found


def spell(space: Space, depth: int, maps_page: bool, raw: int) -> tuple[str, ...]:
    """The names of the flags that are set in a present entry."""
    return tuple(name for name, bit in names(space, depth, maps_page) if raw >> bit & 1)


@lru_cache(maxsize=None)
def reserved_mask(space: Space, depth: int, maps_page: bool) -> int:
    """The bits that make a present entry fault with RSVD."""
    last = depth == len(space.format.levels) - 1
    if space.mode == formats.TWO_LEVEL:
        return _reserved_of_4m(space.maxphyaddr) if maps_page and not last else 0
    high = 51 if space.mode in (formats.FOUR_LEVEL, formats.FIVE_LEVEL) else 62
    mask = _span(space.maxphyaddr, high)
    if not space.nxe:
        mask |= NX
    if space.mode == formats.PAE and depth == 0:
        # Bit 5 is reserved as well, but QEMU's TCG sets it there as if it were A.
        return mask | NX | _span(1, 2) | _span(6, 8)
    if maps_page and not last:
        mask |= _span(13, space.format.levels[depth].shift - 1)
    elif not maps_page and not space.format.levels[depth].large:
        mask |= PS  # PML4E and PML5E
    return mask


def _reserved_of_4m(maxphyaddr: int) -> int:
    """Bit 21, and those of bits 20:13 (physical 39:32) that the CPU has no address lines for."""
    lines = min(max(maxphyaddr, 32), 40) - 32
    return _span(13 + lines, 21)


def _span(low: int, high: int) -> int:
    """The mask of bits low to high, both included; empty when low > high."""
    return ((1 << high + 1) - (1 << low)) if low <= high else 0
