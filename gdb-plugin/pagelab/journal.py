"""The journal of a pagelab kernel: its ring's records as objects, as text and as JSON.

The Python mirror of kernel/interface/journal.hpp and journal_text.hpp; a test compares the names. Pure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .records import line
from .spelling import count, hex_at_least, physical

RECORD_SIZE = 32
HEADER_SIZE = 32
KINDS = (
    "none begin commit rollback pde pte frame-take frame-free "
    "flush-page flush-all fault control space undo space-new space-delete rescue"
).split()


@dataclass(frozen=True)
class Event:
    sequence: int
    time: int
    kind: str
    space: int
    address: int
    old: int
    new: int
    count: int


def next_sequence(header: bytes) -> int:
    return int.from_bytes(header[4:8], "little")


def parse(data: bytes) -> Event:
    """One record of 32 bytes."""
    sequence, low, high, kind, space, _, _, address, old, new, number = struct.unpack(
        "<3I2B2b4I", data
    )
    name = KINDS[kind] if kind < len(KINDS) else "unknown"
    return Event(sequence, high << 32 | low, name, space, address, old, new, number)


def events(ring: bytes, capacity: int) -> list[Event]:
    """All that the ring holds, oldest first."""
    end = next_sequence(ring)
    found = []
    for sequence in range(max(1, end - capacity), end):
        start = HEADER_SIZE + sequence % capacity * RECORD_SIZE
        record = parse(ring[start : start + RECORD_SIZE])
        if record.sequence == sequence:
            found.append(record)
    return found


def text(event: Event) -> str:
    """The record in words, without its number and kind."""
    old, new, va = hex_at_least(event.old), hex_at_least(event.new), hex_at_least(event.address)
    match event.kind:
        case "none":
            return "no record"
        case "begin":
            return f"command {event.count} begins"
        case "commit":
            return "its changes stand"
        case "rollback":
            return "its changes were taken back"
        case "pde" | "pte":
            return _entries(event)
        case "frame-take" | "frame-free":
            verb = "left" if event.kind == "frame-take" else "went back to"
            return f"{count(event.count, 'frame')} from {physical(event.old)} {verb} the pool"
        case "flush-page":
            return f"{count(event.count, 'page')} flushed from {va}"
        case "flush-all":
            return "CR3 loaded again" + (", global pages flushed too" if event.new else "")
        case "fault":
            code = hex_at_least(event.new & 0xFFFF, 1)
            return f"vector {event.new >> 16}, error code {code}, CR2 {va}, EIP {old}"
        case "rescue":
            words = count(event.new & 0xFFFF, "word")
            vector = f"vector {event.new >> 16}, EIP {old}, CR2 {va}"
            return f"the kernel was brought back: {vector}, {words} put right"
        case "control":
            return f"CR{event.address}  {old} -> {new}"
        case "space":
            spaces = f"space {event.address >> 16} -> space {event.address & 0xFFFF}"
            return f"{spaces}, CR3 {old} -> {new}"
        case "space-new":
            directory = physical(event.new)
            return f"space {event.address & 0xFF} was made, its directory at {directory}"
        case "space-delete":
            directory = physical(event.old)
            return f"space {event.address & 0xFF} was deleted, its directory was at {directory}"
        case "undo":
            return f"command {event.count} was taken back"
    return "no record"


def _entries(event: Event) -> str:
    name = f"PDE {event.address >> 22}"
    if event.kind == "pte":
        name = f"PTE {event.address >> 22}:{event.address >> 12 & 1023}"
    where = f"space {event.space}: " if event.space else ""
    more = f" and {event.count - 1} after it" if event.count > 1 else ""
    return f"{where}{name}{more}  {hex_at_least(event.old)} -> {hex_at_least(event.new)}"


def event_line(event: Event) -> str:
    return f"{event.sequence:>6}  {event.kind:<10}  {text(event)}"


def event_record(event: Event) -> str:
    entry = event.kind in ("pde", "pte")
    changes = entry or event.kind in ("fault", "rescue", "control", "space")
    frames = event.kind in ("frame-take", "frame-free")
    placed = entry or event.kind in ("flush-page", "fault", "rescue")
    return line(
        {
            "record": "event",
            "v": 1,
            "seq": event.sequence,
            "time": event.time or None,
            "space": event.space,
            "kind": event.kind,
            "va": hex_at_least(event.address) if placed else None,
            "old": hex_at_least(event.old) if changes or frames else None,
            "new": hex_at_least(event.new) if changes else None,
            "count": 1 if event.kind in ("begin", "undo") else event.count,
            "text": text(event),
        }
    )


def last_page_fault(found: list[Event]) -> Event | None:
    faults = [event for event in found if event.kind == "fault" and event.new >> 16 == 14]
    return faults[-1] if faults else None


def directory_of(found: list[Event], space: int) -> int | None:
    """Where the journal says that a space's directory is, as far back as it reaches."""
    for event in reversed(found):
        if event.kind == "space-new" and event.address & 0xFF == space:
            return event.new & -4096
        if event.kind == "space" and event.address & 0xFFFF == space:
            return event.new & -4096
        if event.kind == "space" and event.address >> 16 == space:
            return event.old & -4096
    return None
