"""An address in parts: the index into each table and the offset, bit by bit; and where the self-map shows
its entries.
"""

from __future__ import annotations

from .formats import PAGE_SIZE
from .records import line, va_digits
from .render import NAME_WIDTH, split_spelling
from .selfmap import entry_address
from .space import Space
from .spelling import hex_at_least
from .tables import entry_name

_NAMES = {"pde": "directory index", "pte": "table index"}
_LABEL = 17


def split_text(space: Space, va: int) -> str:
    layout = space.format
    lines = [f"{hex_at_least(va, va_digits(space))} = {split_spelling(space, va)}"]
    for level, index in zip(layout.levels, layout.indices(va)):
        label = _NAMES.get(level.name, f"{level.name.upper()} index").ljust(_LABEL)
        lines.append(f"  {label}{index:0{level.bits}b}".ljust(33) + str(index))
    offset = va % PAGE_SIZE
    lines.append(f"  {'offset'.ljust(_LABEL)}{offset:012b}".ljust(33) + hex_at_least(offset, 3))
    return "\n".join(lines)


def split_record(space: Space, va: int) -> str:
    indices = space.format.indices(va)
    record: dict[str, object] = {
        "record": "split",
        "v": 1,
        "va": hex_at_least(va, va_digits(space)),
        "pdi": indices[-2],
        "pti": indices[-1],
        "offset": hex_at_least(va % PAGE_SIZE, 3),
    }
    if len(indices) > 2:
        record["path"] = list(indices)
    return line(record)


def window_text(space: Space, slot: int, va: int) -> str:
    digits = va_digits(space)
    path = space.format.indices(va)
    lines = [hex_at_least(va, digits)]
    for depth in range(len(path)):
        name = entry_name(space, path[: depth + 1]).ljust(NAME_WIDTH)
        at = hex_at_least(entry_address(space, slot, depth, va), digits)
        lines.append(f"  {name}  {at}")
    return "\n".join(lines)


def window_record(space: Space, slot: int, va: int) -> str:
    digits = va_digits(space)
    last = len(space.format.levels) - 1
    record: dict[str, object] = {
        "record": "window",
        "v": 1,
        "va": hex_at_least(va, digits),
        "pde_va": hex_at_least(entry_address(space, slot, last - 1, va), digits),
        "pte_va": hex_at_least(entry_address(space, slot, last, va), digits),
    }
    if last > 1:
        record["path_va"] = [
            hex_at_least(entry_address(space, slot, depth, va), digits) for depth in range(last + 1)
        ]
    return line(record)
