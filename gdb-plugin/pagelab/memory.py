"""Where the words of page tables come from: a contract, and an implementation for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Tables(Protocol):
    """Reads parts of page tables.

    `pa` is where the bytes are; `va` is where the walked space's own self-map shows them, or None
    when it has none: an implementation may read either, the answer is the same. Returns exactly
    `size` bytes as they are in memory now, or None when they can't be read. Never raises for an
    address that a hostile table holds.
    """

    def read(self, pa: int, va: int | None, size: int) -> bytes | None:
        ...


class SparseMemory:
    """RAM from physical 0 that is zero but for some words (of `width` bytes)."""

    def __init__(self, words: Mapping[int, int], ram: int, width: int = 4) -> None:
        self._ram = ram
        self._bytes: dict[int, int] = {}
        for pa, word in words.items():
            for offset, byte in enumerate(word.to_bytes(width, "little")):
                self._bytes[pa + offset] = byte

    def read(self, pa: int, va: int | None, size: int) -> bytes | None:
        if pa < 0 or pa + size > self._ram:
            return None
        held = self._bytes
        return bytes(held.get(address, 0) for address in range(pa, pa + size))
