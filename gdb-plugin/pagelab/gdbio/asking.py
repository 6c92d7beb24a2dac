"""What every verb asks first: which space, which address, what is in its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .. import PagelabError, address, formats
from ..arguments import Arguments
from ..space import Space, shape_of
from ..tables import TableReader
from ..walk import Walk, walk
from . import expressions, registers
from .memory import LiveTables


def space_of(given: Arguments) -> tuple[Space, bool]:
    """The space that is asked for, and whether it is the CPU's own."""
    pa = given.get("--cr3", "--pgd")
    cr3 = None if pa is None else address.physical(pa, expressions.evaluate)
    return registers.chosen_space(cr3, given.get("--mode"))


def layout_of(space: Space) -> formats.Format:
    return shape_of(space).format


def virtual(space: Space, text: str) -> int:
    return address.virtual(text, layout_of(space), expressions.evaluate)


def physical(text: str) -> int:
    return address.physical(text, expressions.evaluate)


@contextmanager
def reader_of(given: Arguments) -> Iterator[TableReader]:
    space, current = space_of(given)
    with LiveTables(space, current) as tables:
        yield TableReader(space, tables)


def walk_live(space: Space, current: bool, va: int) -> Walk:
    with LiveTables(space, current) as tables:
        return walk(space, tables, va)


def index(space: Space, depth: int, text: str) -> int:
    """A slot of a table of this level."""
    entries = space.format.levels[depth].entries
    number = address.value(text, expressions.evaluate)
    if not 0 <= number < entries:
        raise PagelabError(f"'{text}' is no slot; they are 0 to {entries - 1}")
    return number
