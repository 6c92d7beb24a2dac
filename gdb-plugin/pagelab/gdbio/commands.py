"""The commands: `pagelab` with a subcommand for each verb, and one line for whatever goes wrong.

What a verb does is in the modules of HOMES, which are read when it is first used: sourcing the plugin
is quick.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import gdb

from .. import PagelabError, arguments, verbs
from ..arguments import Arguments, Verb

Run = Callable[[Arguments], str]

# Module by verb; the function there is run_VERB.
HOMES = {
    "walk": "translate",
    "split": "translate",
    "window": "translate",
    "maps": "translate",
    "find": "translate",
    "decode": "translate",
    "dumppd": "dump",
    "dumppt": "dump",
    "dir": "dump",
    "check": "judge",
    "fault": "judge",
    "preflight": "judge",
    "snap": "history",
    "diff": "history",
    "log": "history",
    "set": "change",
    "watch": "watch",
    "stale": "stale",
    "when": "when",
}


class Failed(PagelabError):
    """An answer that says that something is wrong: printed like any other, and the command fails.

    The sentence is for who asks by a script; the answer itself stands on stdout.
    """

    def __init__(self, answer: str, sentence: str) -> None:
        super().__init__(sentence)
        self.answer = answer


class Prefix(gdb.Command):
    """Inspect the paging of an x86 guest: where addresses go, and who may do what there."""

    def __init__(self) -> None:
        super().__init__("pagelab", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, text: str, _from_tty: bool) -> None:
        if text.strip() and text.split()[0] not in ("-h", "--help"):
            word = text.split()[0]
            names = ", ".join(verb.name for verb in verbs.VERBS)
            raise gdb.GdbError(f"no verb '{word}'; there are {names} (`help pagelab`)")
        gdb.execute("help pagelab")


class VerbCommand(gdb.Command):
    """One verb under one name. Whatever the user can get wrong ends in one line."""

    def __init__(self, name: str, verb: Verb) -> None:
        self.__doc__ = arguments.help_text(verb, name)
        self._name = name
        self._verb = verb
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, text: str, _from_tty: bool) -> None:
        as_json = "--json" in text.split()
        try:
            output = self._answer(text)
        except Failed as failed:
            gdb.write(failed.answer + "\n")
            raise gdb.GdbError(str(failed)) from None
        except PagelabError as error:
            raise _failure(str(error), as_json) from None
        except gdb.error as error:
            raise _failure(str(error).strip().splitlines()[0], as_json) from None
        except Exception as error:  # still one line: who asks a question reads no stack of ours
            text = f"a bug of pagelab: {type(error).__name__}: {error}".splitlines()[0]
            raise _failure(text, as_json) from None
        gdb.write(output + "\n" if output else "")

    def _answer(self, text: str) -> str:
        given = arguments.parse(self._verb, text, self._name)
        if given.has("--help"):
            return arguments.help_text(self._verb, self._name)
        from . import guest

        guest.require_stopped()
        return run_of(self._verb.name)(given)

    def complete(self, text: str, word: str | None) -> object:
        options = arguments.completions(self._verb, text, word)
        return gdb.COMPLETE_EXPRESSION if options is None else options


def run_of(verb: str) -> Run:
    module = import_module(f"{__package__}.{HOMES[verb]}")
    run: Run = getattr(module, f"run_{verb}")
    return run


def _failure(text: str, as_json: bool) -> gdb.GdbError:
    """The error to raise; with --json the record stands on stdout, where the answer would."""
    if as_json:
        from .. import records

        gdb.write(records.error_record(text) + "\n")
    return gdb.GdbError(text)


def register() -> None:
    # A second prefix would take its verbs away from the names that stand for them.
    if not gdb.execute("complete pagelab walk", to_string=True):
        Prefix()
    for verb in verbs.VERBS:
        VerbCommand(f"pagelab {verb.name}", verb)
