"""Spaces and memories for tests, composed by hand."""

from __future__ import annotations

from collections.abc import Mapping

from pagelab.memory import SparseMemory
from pagelab.space import Space, space_of

PG, WP, PE = 1 << 31, 1 << 16, 1
PSE, PAE, PGE, LA57 = 1 << 4, 1 << 5, 1 << 7, 1 << 12
LMA, NXE = 1 << 10, 1 << 11
CR3 = 0x0010_5000
RAM = 16 << 20


def two_level(cr3: int = CR3, cr0: int = PG | WP | PE, cr4: int = PSE | PGE) -> Space:
    return space_of(cr0, cr3, cr4)


def four_level(
    cr3: int = CR3, cr4: int = 0, efer: int = LMA | NXE, bits: int | None = None
) -> Space:
    return space_of(PG | WP | PE, cr3, cr4 | PAE | PGE, efer, bits)


def pae(cr3: int = CR3, efer: int = NXE, bits: int | None = None) -> Space:
    return space_of(PG | WP | PE, cr3, PAE | PGE, efer, bits)


def memory(words: Mapping[int, int], width: int = 4, ram: int = RAM) -> SparseMemory:
    return SparseMemory(words, ram, width)


def documented() -> SparseMemory:
    """The guest of the examples in docs/formats.md: its walk and its maps."""
    words = {
        CR3 + 4 * 1: 0x0010_7003,
        CR3 + 4 * 2: 0x0010_8003,
        CR3 + 4 * 768: 0x0010_6023,
        CR3 + 4 * 769: 0x0040_00E3,
        CR3 + 4 * 1023: 0x0010_5063,
    }
    for pti in range(0x102, 0x110):
        words[0x0010_6000 + 4 * pti] = pti << 12 | 0x101 | (0x20 if pti % 3 else 0)
    return memory(words)
