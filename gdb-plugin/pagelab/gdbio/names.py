"""The short names. One that another plugin (or the user) already has is left alone and told once."""

from __future__ import annotations

import gdb

from .. import arguments
from ..verbs import VERBS
from . import commands


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
        return arguments.help_text(verb, verb.short) in gdb.execute(
            f"help {verb.short}", to_string=True
        )
    except gdb.error:
        return False


def register() -> None:
    Names()
    # GDB's own completion knows exactly which words exist; `help` would take a longer one for a shorter.
    exist = set(gdb.execute("complete page", to_string=True).split("\n"))
    foreign = []
    for verb in VERBS:
        if verb.short and verb.short in exist and not is_ours(verb):
            foreign.append(verb)
        else:
            _take(verb)
    for verb in foreign:
        gdb.write(
            f"{verb.short} belongs to another plugin and stays so: "
            f"use `pagelab {verb.name}`, or `pagelab names take`\n"
        )
