"""The paging modes as data: their levels, index widths and address shapes.

No rule about bits stands here (flags.py, entry.py); no level's name is known elsewhere.
Volume 3A of Intel's SDM, sections 4.3 (32-bit), 4.4 (PAE), 4.5 (4-level and 5-level).
"""

from __future__ import annotations

from typing import NamedTuple


PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT


class Level(NamedTuple):
    """One level of tables, as the entries in it are called."""

    name: str  # in JSON; in text it stands in capitals
    shift: int  # lowest bit of the virtual address that selects the entry
    bits: int  # width of the index
    large: bool = False  # PS in such an entry maps a page

    @property
    def span(self) -> int:
        """Bytes of virtual addresses that one entry translates."""
        return 1 << self.shift

    @property
    def entries(self) -> int:
        return 1 << self.bits


class Format(NamedTuple):
    """One paging mode, its levels from the top."""

    mode: str
    entry_size: int  # bytes
    va_bits: int
    va_digits: int
    levels: tuple[Level, ...]

    @property
    def frame_mask(self) -> int:
        """The bits of an entry that can hold the address of a frame, page or table."""
        return 0xFFFF_F000 if self.entry_size == 4 else 0x000F_FFFF_FFFF_F000

    def index_of(self, depth: int, va: int) -> int:
        level = self.levels[depth]
        return (va >> level.shift) & (level.entries - 1)

    def indices(self, va: int) -> tuple[int, ...]:
        return tuple(self.index_of(depth, va) for depth in range(len(self.levels)))

    def table_size(self, depth: int) -> int:
        """Bytes of a table of that level (32 for PAE's four PDPTEs, else a page)."""
        return self.levels[depth].entries * self.entry_size

    def is_canonical(self, va: int) -> bool:
        """Whether the address exists in this mode (SDM vol. 1, 3.3.7.1)."""
        if self.va_digits == 8:
            return 0 <= va < 1 << 32
        return 0 <= va < 1 << 64 and self.canonical(va) == va

    def canonical(self, va: int) -> int:
        """The address with its top bit extended as the long modes want it."""
        va &= (1 << self.va_bits) - 1
        if self.va_digits == 16 and va >> (self.va_bits - 1):
            va |= (1 << 64) - (1 << self.va_bits)
        return va


_PTE = Level("pte", 12, 9)
_PDE = Level("pde", 21, 9, large=True)
_PDPTE = Level("pdpte", 30, 9, large=True)
_PML4E = Level("pml4e", 39, 9)

OFF = "off"
TWO_LEVEL = "32-bit"
PAE = "pae"
FOUR_LEVEL = "4-level"
FIVE_LEVEL = "5-level"

FORMATS = {
    TWO_LEVEL: Format(
        TWO_LEVEL, 4, 32, 8, (Level("pde", 22, 10, large=True), Level("pte", 12, 10))
    ),
    PAE: Format(PAE, 8, 32, 8, (Level("pdpte", 30, 2), _PDE, _PTE)),
    FOUR_LEVEL: Format(FOUR_LEVEL, 8, 48, 16, (_PML4E, _PDPTE, _PDE, _PTE)),
    FIVE_LEVEL: Format(FIVE_LEVEL, 8, 57, 16, (Level("pml5e", 48, 9), _PML4E, _PDPTE, _PDE, _PTE)),
}
MODES = tuple(FORMATS)
