"""Page tables of the live guest: through the self-map's window, else in QEMU's physical mode.

Nothing is kept from one command to the next, and GDB's own caches are passed by: a walk shows the
entries as they are in memory now.
"""

from __future__ import annotations

import gdb

from .. import PagelabError, selfmap
from ..formats import TWO_LEVEL
from ..space import Space
from . import guest

TOP_SLOT = 1023


class LiveTables:
    """`Tables` over the stub. A scope: leaving it ends the physical mode on every path.

    `current` says that the walked space is the CPU's own; only then its window can be read.
    """

    def __init__(self, space: Space, current: bool) -> None:
        self._space = space
        self._current = current
        self._ram = guest.ram_map()
        self._physical = guest.PhysicalMode()
        self._lines = 32 if gdb.selected_inferior().architecture().name() == "i386" else 64
        _drop_caches()

    def __enter__(self) -> LiveTables:
        self._physical.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._physical.__exit__()

    def read(self, pa: int, va: int | None, size: int) -> bytes | None:
        if self._ram is not None and not self._ram.holds(pa, size):
            return None
        if self._current and va is not None:
            data = self._virtual(va, size)
            if data is not None:
                return data
        if self._current and va is None and pa == self._space.root:
            data = self._through_top_slot(size)
            if data is not None:
                return data
        return self._read_physical(pa, size)

    def write(self, pa: int, data: bytes) -> bool:
        """Physical memory, whatever maps it; False where it can't be written."""
        if self._ram is not None and not self._ram.is_ram(pa, len(data)):
            return False
        return self._physical.write(pa, data)

    def leave_physical(self) -> None:
        """Until the next read GDB's own reads are virtual again."""
        self._physical.off()

    def _through_top_slot(self, size: int) -> bytes | None:
        """The directory through a self-map in slot 1023, where most kernels have it.

        What is read there must say of itself that slot 1023 leads to CR3's frame. A chain of
        directories could say so too; where physical memory can be asked it has the last word.
        """
        if self._space.mode != TWO_LEVEL:
            return None
        data = self._virtual(selfmap.entry_address(self._space, TOP_SLOT, 0, 0), size)
        if data is None:
            return None
        slot = data[4 * TOP_SLOT : 4 * TOP_SLOT + 4]
        if not selfmap.is_self_map(self._space, int.from_bytes(slot, "little")):
            return None
        truth = self._physical.read(self._space.root + 4 * TOP_SLOT, 4)
        return data if truth in (None, slot) else None

    def _virtual(self, va: int, size: int) -> bytes | None:
        self._physical.off()
        try:
            return bytes(gdb.selected_inferior().read_memory(va, size))
        except gdb.MemoryError:
            return None

    def _read_physical(self, pa: int, size: int) -> bytes | None:
        if pa + size > 1 << self._lines:
            return None  # the stub of a 32-bit system cuts the address
        data = self._physical.read(pa, size)
        if data is None and not self._physical.available:
            raise PagelabError(
                "the page tables can't be read: this stub has no physical mode (QEMU's has one), "
                "and there is no self-map in slot 1023"
            )
        return data


def _drop_caches() -> None:
    """GDB may hold lines of memory that `set stack-cache` or a `mem` region told it to keep."""
    try:
        gdb.execute("maintenance flush dcache", to_string=True)
    except gdb.error:
        pass  # older than 11: it has only the stack cache, which is not read here
