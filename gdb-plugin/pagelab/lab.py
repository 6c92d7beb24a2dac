"""What a pagelab kernel tells of itself: the lab page, frame records and fixed places of its interface.

The Python mirror of kernel/interface (lab_page.hpp, frame_record.hpp, layout.hpp); a test compares them.
Pure: the bytes come from the caller.
"""

from __future__ import annotations

from typing import NamedTuple

from collections.abc import Sequence

LAB_PAGE = 0x0010_1000  # physical
LAB_PAGE_SIZE = 0xF8  # bytes of it that are read here
MAGIC = b"PAGELAB1"
VERSION = 2
STATES = ("off", "booting", "prompt", "running", "rescued", "panic", "rebooting", "halted")

DIRECT_MAP_SLOT = 768
SCRATCH_SLOT = 770
ARENA_SLOT = 771
FIRST_DIRECT_SLOT = 772
DIRECT_SLOTS = 249
LIFELINE_SLOT = 1021
LIFELINE_PAGES = 65  # what kernel and rescue share, its table and others among them
FOREIGN_SLOT = 1022
VGA_HOLE_END = 0x0010_0000
FREE_ROLE = 1


class LabPage(NamedTuple):
    """The words that the plugin asks for."""

    space: int
    frame_records_va: int
    frame_records_count: int
    journal_pa: int
    journal_capacity: int
    state: str
    last_command: str


def parse_lab_page(data: bytes) -> LabPage | None:
    """None where this is no lab page, or one of another version."""
    if len(data) < LAB_PAGE_SIZE or data[:8] != MAGIC:
        return None

    def at(offset: int) -> int:
        return int.from_bytes(data[offset : offset + 4], "little")

    if at(0x08) != VERSION:
        return None
    state = at(0x38)
    return LabPage(
        space=at(0x1C),
        frame_records_va=at(0x28),
        frame_records_count=at(0x2C),
        journal_pa=at(0x30),
        journal_capacity=at(0x34),
        state=STATES[state] if state < len(STATES) else "unknown",
        last_command=data[0x60:0xE0].split(b"\0")[0].decode("ascii", "replace"),
    )


class FrameRoles:
    """Which frames the lab's allocator calls free."""

    def __init__(self, records: Sequence[int] = ()) -> None:
        self._records = records

    def is_free(self, pa: int) -> bool:
        number = pa >> 12
        return number < len(self._records) and self._records[number] >> 28 == FREE_ROLE


def shows_all_frames(va: int, pa: int, arena: bool) -> bool:
    """The direct map, the scratch pages, the lifeline, and what a space's strategy reaches its tables by."""
    slot = va >> 22
    if slot in (DIRECT_MAP_SLOT, SCRATCH_SLOT):
        return True
    if slot == ARENA_SLOT:
        return arena
    if slot == LIFELINE_SLOT:
        return (va >> 12 & 1023) < LIFELINE_PAGES
    distance = va - (FIRST_DIRECT_SLOT << 22)
    return FIRST_DIRECT_SLOT <= slot < FIRST_DIRECT_SLOT + DIRECT_SLOTS and distance == pa & -4096
