"""The JSON records of docs/formats.md: one line each, keys in the documented order, no spaces."""

from __future__ import annotations

from . import formats
from .regions import Region
from .space import Space
from .spelling import hex_at_least
from .walk import Step, Walk

VERSION = 1


def va_digits(space: Space) -> int:
    return 8 if space.mode == formats.OFF else space.format.va_digits


def line(record: dict[str, object]) -> str:
    import json  # not before it is needed: a cold GDB is quicker without

    return json.dumps(record, separators=(",", ":"))


def walk_record(walk: Walk) -> str:
    digits = va_digits(walk.space)
    return line(
        {
            "record": "walk",
            "v": VERSION,
            "mode": walk.space.mode,
            "cr3": hex_at_least(walk.space.cr3),
            "va": hex_at_least(walk.va, digits),
            "outcome": walk.outcome,
            "steps": [_step(step, digits) for step in walk.steps],
            "pa": None if walk.pa is None else hex_at_least(walk.pa),
            "page_size": walk.page_size,
            "kernel": walk.kernel,
            "user": walk.user,
            "global": walk.global_,
            "self_map": walk.self_map,
        }
    )


def _step(step: Step, digits: int) -> dict[str, object]:
    return {
        "level": step.level,
        "index": step.slot,
        "entry_va": None if step.entry_va is None else hex_at_least(step.entry_va, digits),
        "entry_pa": hex_at_least(step.entry_pa),
        "raw": None if step.raw is None else hex_at_least(step.raw),
        "flags": list(step.entry.flags),
        "kind": step.entry.kind,
    }


def region_record(space: Space, region: Region) -> str:
    return line(
        {
            "record": "region",
            "v": VERSION,
            "va": hex_at_least(region.va, va_digits(space)),
            "size": region.size,
            "pa": hex_at_least(region.pa),
            "page_size": region.page_size,
            "kernel": region.kernel,
            "user": region.user,
            "flags": list(region.flags),
            "self_map": region.slot is not None,
        }
    )


def error_record(text: str) -> str:
    return line({"record": "error", "v": VERSION, "text": text})
