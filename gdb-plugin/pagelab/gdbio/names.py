"""The short names. One that another plugin (or the user) already has is left alone and told once."""

from __future__ import annotations

import gdb

from .. import arguments
from ..verbs import VERBS
from . import commands, functions

# Names that pwndbg and GEF's forks have too. pwndbg refuses to load where one of its commands stands in
# `help all`, so these are abbreviations for GDB: they are not listed there, and whoever comes later takes them.
CONTENDED = ("pagewalk",)


class Names(gdb.Command):
    __doc__ = (
        "Show the short names of the verbs, or take those that another plugin has.\n"
        "Usage: pagelab names [take]"
    )

    def __init__(self) -> None:
        super().__init__("pagelab names", gdb.COMMAND_SUPPORT)

    def invoke(self, text: str, _from_tty: bool) -> None:
        word = text.strip()
        if word == "take":
            for verb in VERBS:
                _take(verb)
            functions.take()
        elif word in ("-h", "--help"):
            gdb.execute("help pagelab names")
            return
        elif word:
            raise gdb.GdbError(f"'{word}' is not understood; usage: pagelab names [take]")
        for verb in VERBS:
            if not verb.short:
                continue
            owner = "" if is_ours(verb) else "  (another plugin's; `pagelab names take` takes it)"
            gdb.write(f"{verb.short:<10}  pagelab {verb.name}{owner}\n")

    def complete(self, text: str, _word: str | None) -> list[str]:
        return ["take"] if "take".startswith(text.strip()) else []


def _take(verb: arguments.Verb) -> None:
    if verb.short:
        commands.VerbCommand(verb.short, verb)


def is_ours(verb: arguments.Verb) -> bool:
    """By its help text, which survives that the plugin is sourced a second time."""
    try:
        shown = gdb.execute(f"help {verb.short}", to_string=True)
    except gdb.error:
        return False
    names = (verb.short, f"pagelab {verb.name}")
    return any(arguments.help_text(verb, name) in shown for name in names)


def _offer(verb: arguments.Verb, exist: set[str]) -> bool:
    """Takes the name if nobody has it; False if it is foreign."""
    if verb.short in exist:
        ours = is_ours(verb)
        if ours:
            _take(verb)
        return ours
    if verb.short not in CONTENDED:
        _take(verb)
        return True
    try:
        gdb.execute(f"alias -a {verb.short} = pagelab {verb.name}", to_string=True)
    except gdb.error:
        return is_ours(verb)
    return True


def register(functions_of_others: list[str]) -> None:
    Names()
    # GDB's own completion knows exactly which words exist; `help` would take a longer one for a shorter.
    exist = set(gdb.execute("complete page", to_string=True).split("\n"))
    foreign = [verb for verb in VERBS if verb.short and not _offer(verb, exist)]
    for verb in foreign:
        gdb.write(
            f"{verb.short} belongs to another plugin and stays so: "
            f"use `pagelab {verb.name}`, or `pagelab names take`\n"
        )
    for name in functions_of_others:
        gdb.write(f"${name} is taken and stays so; `pagelab names take` takes it\n")
