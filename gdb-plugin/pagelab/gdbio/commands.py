"""The commands: `pagelab` with a subcommand for each verb. They parse, read, and print a record."""

from __future__ import annotations

from collections.abc import Callable

import gdb

from .. import PagelabError, address, arguments, formats, records, render
from ..arguments import MAPS, WALK, Arguments, Verb
from ..regions import Filter, Survey, survey
from ..space import Space
from ..walk import Walk, walk
from . import expressions, guest, registers
from .memory import LiveTables

Run = Callable[[Arguments], str]


class Prefix(gdb.Command):
    """Inspect the paging of an x86 guest: where addresses go, and who may do what there."""

    def __init__(self) -> None:
        super().__init__("pagelab", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, text: str, _from_tty: bool) -> None:
        if text.strip() and text.split()[0] not in ("-h", "--help"):
            word = text.split()[0]
            verbs = ", ".join(verb.name for verb in arguments.VERBS)
            raise gdb.GdbError(f"no verb '{word}'; there are {verbs} (`help pagelab`)")
        gdb.execute("help pagelab")


class VerbCommand(gdb.Command):
    """One verb under one name. Whatever the user can get wrong ends in one line."""

    def __init__(self, name: str, verb: Verb, run: Run) -> None:
        self.__doc__ = arguments.help_text(verb, name)
        self._name = name
        self._verb = verb
        self._run = run
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, text: str, _from_tty: bool) -> None:
        as_json = "--json" in text.split()
        try:
            given = arguments.parse(self._verb, text, self._name)
            if given.has("--help"):
                output = arguments.help_text(self._verb, self._name)
            else:
                guest.require_stopped()
                output = self._run(given)
        except PagelabError as error:
            raise _failure(str(error), as_json) from None
        except gdb.error as error:
            raise _failure(str(error).strip().splitlines()[0], as_json) from None
        gdb.write(output + "\n" if output else "")

    def complete(self, text: str, word: str | None) -> object:
        options = arguments.completions(self._verb, text, word)
        return gdb.COMPLETE_EXPRESSION if options is None else options


def _failure(text: str, as_json: bool) -> gdb.GdbError:
    """The error to raise; with --json the record stands on stdout, where the answer would."""
    if as_json:
        gdb.write(records.error_record(text) + "\n")
    return gdb.GdbError(text)


def _space(given: Arguments) -> tuple[Space, bool]:
    pa = given.get("--cr3", "--pgd")
    cr3 = None if pa is None else address.physical(pa, expressions.evaluate)
    return registers.chosen_space(cr3, given.get("--mode"))


def layout_of(space: Space) -> formats.Format:
    """How addresses look; with paging off as in the 32-bit mode."""
    mode = formats.TWO_LEVEL if space.mode == formats.OFF else space.mode
    return formats.FORMATS[mode]


def walk_live(space: Space, current: bool, va: int) -> Walk:
    with LiveTables(space, current) as tables:
        return walk(space, tables, va)


def run_walk(given: Arguments) -> str:
    space, current = _space(given)
    va = address.virtual(given.operand, layout_of(space), expressions.evaluate)
    found = walk_live(space, current, va)
    return records.walk_record(found) if given.has("--json") else render.walk_text(found)


def run_maps(given: Arguments) -> str:
    space, current = _space(given)
    wanted = Filter(
        va=(
            address.virtual_range(given.operand, layout_of(space), expressions.evaluate)
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
    )
    with LiveTables(space, current) as tables:
        found = survey(space, tables, wanted)
    _tell_unreadable(found)
    if given.has("--json"):
        return "\n".join(records.region_record(space, region) for region in found.regions)
    return render.maps_text(found)


def _tell_unreadable(found: Survey) -> None:
    """Besides the answer, on stderr: the answer itself is the same in every face."""
    if found.unreadable:
        names = ", ".join(found.unreadable[:4]) + (", ..." if len(found.unreadable) > 4 else "")
        gdb.write(f"not read, so not listed: the tables of {names}\n", gdb.STDERR)


RUNS: dict[str, Run] = {WALK.name: run_walk, MAPS.name: run_maps}


def register() -> None:
    Prefix()
    for verb in arguments.VERBS:
        VerbCommand(f"pagelab {verb.name}", verb, RUNS[verb.name])
