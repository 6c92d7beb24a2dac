"""A pagelab kernel in the guest, if there is one: found by the lab page at its fixed place."""

from __future__ import annotations

import gdb

from ..lab import LAB_PAGE, LAB_PAGE_SIZE, LabPage, parse_lab_page
from ..memory import Tables


def lab_page(tables: Tables) -> LabPage | None:
    data = tables.read(LAB_PAGE, None, LAB_PAGE_SIZE)
    return None if data is None else parse_lab_page(data)


def virtual_bytes(va: int, size: int) -> bytes | None:
    """As the CPU sees them now. Not to be called while the stub reads physical memory."""
    try:
        return bytes(gdb.selected_inferior().read_memory(va, size))
    except gdb.MemoryError:
        return None
