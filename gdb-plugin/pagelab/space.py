"""An address space as the CPU's registers define it: CR3 and every bit that changes a walk.

SDM vol. 3A, 4.1.1 (which mode is on) and 4.1.3 (which bit changes what).
"""

from __future__ import annotations

from typing import NamedTuple


from . import PagelabError, formats
from .formats import FORMATS, Format

CR0_WP = 1 << 16
CR0_PG = 1 << 31
CR4_PSE = 1 << 4
CR4_PAE = 1 << 5
CR4_PGE = 1 << 7
CR4_LA57 = 1 << 12
CR4_SMEP = 1 << 20
CR4_SMAP = 1 << 21
EFER_LMA = 1 << 10
EFER_NXE = 1 << 11

# QEMU's TCG takes 40 bits in PSE-36 whatever CPUID says.
PSE36_BITS = 40


class Space(NamedTuple):
    """What a walk depends on, apart from memory. `cr3` is the raw register."""

    mode: str
    cr3: int
    wp: bool
    pse: bool
    pge: bool
    smep: bool
    smap: bool
    nxe: bool
    maxphyaddr: int  # physical address bits; 32 in the 32-bit mode means: no PSE-36

    @property
    def format(self) -> Format:
        return FORMATS[self.mode]

    @property
    def root(self) -> int:
        """Physical address of the first table (with paging off: what CR3 would name)."""
        if self.mode in (formats.OFF, formats.TWO_LEVEL):
            return self.cr3 & 0xFFFF_F000
        if self.mode == formats.PAE:
            return self.cr3 & 0xFFFF_FFE0
        return self.cr3 & 0x000F_FFFF_FFFF_F000


def mode_of(cr0: int, cr4: int, efer: int) -> str:
    if not cr0 & CR0_PG:
        return formats.OFF
    if not cr4 & CR4_PAE:
        return formats.TWO_LEVEL
    if not efer & EFER_LMA:
        return formats.PAE
    return formats.FIVE_LEVEL if cr4 & CR4_LA57 else formats.FOUR_LEVEL


def space_of(cr0: int, cr3: int, cr4: int, efer: int = 0, maxphyaddr: int | None = None) -> Space:
    """The space that these registers select.

    Without `maxphyaddr` nothing above the 40 bits of PSE-36 is lost in the 32-bit mode, and the
    other modes take the architecture's 52, so that no page is called reserved on a guess.
    """
    mode = mode_of(cr0, cr4, efer)
    return Space(
        mode=mode,
        cr3=cr3,
        wp=bool(cr0 & CR0_WP),
        pse=bool(cr4 & CR4_PSE),
        pge=bool(cr4 & CR4_PGE),
        smep=bool(cr4 & CR4_SMEP),
        smap=bool(cr4 & CR4_SMAP),
        nxe=bool(efer & EFER_NXE),
        maxphyaddr=maxphyaddr if maxphyaddr is not None else default_width(mode),
    )


def default_width(mode: str) -> int:
    return PSE36_BITS if mode in (formats.OFF, formats.TWO_LEVEL) else 52


def override(space: Space, cr3: int | None, mode: str | None) -> Space:
    """The space with what the user named in place of what the CPU says."""
    if mode is not None and mode != space.mode:
        if mode not in FORMATS:
            raise PagelabError(f"no mode '{mode}'; there are {', '.join(FORMATS)}")
        space = space._replace(mode=mode, maxphyaddr=default_width(mode))
    return space if cr3 is None else space._replace(cr3=cr3)


def shape_of(space: Space) -> Space:
    """With paging off addresses and entries look as in the 32-bit mode."""
    return space._replace(mode=formats.TWO_LEVEL) if space.mode == formats.OFF else space
