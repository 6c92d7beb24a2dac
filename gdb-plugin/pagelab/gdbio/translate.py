"""walk split window maps find decode: questions about translations.

What one verb alone needs is read when it is used: a cold GDB prints its first map sooner.
"""

from __future__ import annotations

import gdb

from .. import PagelabError, address, records, render
from ..arguments import Arguments
from ..regions import Filter, Survey, survey
from ..space import shape_of
from . import asking, expressions
from .memory import LiveTables

# Of the addresses that lead to a frame, so many are looked up in the symbols.
MOST_NAMED = 16


def run_walk(given: Arguments) -> str:
    if given.has("--explain") and given.has("--json"):
        raise PagelabError("--explain is for people and --json for programs; leave one of them out")
    space, current = asking.space_of(given)
    found = asking.walk_live(space, current, asking.virtual(space, given.operand))
    if given.has("--json"):
        return records.walk_record(found)
    text = render.walk_text(found)
    if not given.has("--explain"):
        expressions.tell_symbols(found.va)
        return text
    from .. import explain

    known = expressions.symbol_at(found.va)
    return text + "\n" + explain.explain_text(found) + (f"\n  symbol: {known}" if known else "")


def run_split(given: Arguments) -> str:
    from .. import splits

    space = shape_of(asking.space_of(given)[0])
    va = asking.virtual(space, given.operand)
    return splits.split_record(space, va) if given.has("--json") else splits.split_text(space, va)


def run_window(given: Arguments) -> str:
    from .. import splits

    with asking.reader_of(given) as reader:
        found = reader.slots
    if not found:
        raise PagelabError(
            "no slot maps the directory onto itself: entries have no virtual address"
        )
    va = asking.virtual(reader.space, given.operand)
    say = splits.window_record if given.has("--json") else splits.window_text
    return say(reader.space, max(found), va)


def run_maps(given: Arguments) -> str:
    if given.has("--tree") and given.has("--json"):
        raise PagelabError("--tree draws and --json lists; leave one of them out")
    space, current = asking.space_of(given)
    wanted = Filter(
        va=(
            address.virtual_range(given.operand, asking.layout_of(space), expressions.evaluate)
            if given.operand
            else None
        ),
        pa=(
            address.physical_range(given.values["--phys"], expressions.evaluate)
            if given.has("--phys")
            else None
        ),
        writable=given.has("--writable"),
        user=given.has("--user"),
        executable=given.has("--exec"),
        accessed_dirty=given.has("--ad"),
        by_slot=given.has("--tree"),
    )
    with LiveTables(space, current) as tables:
        found = survey(space, tables, wanted)
        _tell_unreadable(found)
    if given.has("--json"):
        return "\n".join(records.region_record(space, region) for region in found.regions)
    return render.tree_text(found) if given.has("--tree") else render.maps_text(found)


def _tell_unreadable(found: Survey) -> None:
    """Besides the answer, on stderr: the answer itself is the same in every face."""
    if found.unreadable:
        names = ", ".join(found.unreadable[:4]) + (", ..." if len(found.unreadable) > 4 else "")
        gdb.write(f"not read, so not listed: the tables of {names}\n", gdb.STDERR)


def run_find(given: Arguments) -> str:
    from .. import aliases

    pa = asking.physical(given.operand)
    with asking.reader_of(given) as reader:
        found = aliases.find(reader, pa)
    if given.has("--json"):
        return "\n".join(aliases.alias_record(reader.space, alias) for alias in found)
    pages = [alias.va for alias in found if alias.use == "page" and alias.va is not None]
    expressions.tell_symbols(*pages[:MOST_NAMED])
    return aliases.aliases_text(reader.space, pa, found)


def run_decode(given: Arguments) -> str:
    from .. import slots, values

    space = shape_of(asking.space_of(given)[0])
    depth = len(space.format.levels) - 1
    text = given.operand
    if len(given.words) > 1:
        named = values.level(given.words[0], space)
        if named is None and given.words[0].isalnum():
            levels = ", ".join(level.name for level in space.format.levels)
            raise PagelabError(f"'{given.words[0]}' is no level of this mode; there are {levels}")
        if named is not None:
            depth = named
            text = " ".join(given.words[1:])
    raw = values.parse(text, space, depth, expressions.evaluate)
    say = slots.entry_record if given.has("--json") else slots.entry_text
    return say(space, depth, raw)
