"""The verbs as data: what each takes, its help, its completion. Parsing is strict: bad input is one
line that says what is wrong and how it is written.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from . import PagelabError


@dataclass(frozen=True)
class Option:
    name: str
    value: str | None  # what follows it, as help calls it; None for a switch
    summary: str


@dataclass(frozen=True)
class Verb:
    """One verb of the shell as GDB has it: `pagelab NAME`, and `short` where that is free."""

    name: str
    short: str
    operand: str
    required: bool
    summary: str
    details: str
    options: tuple[Option, ...]
    examples: tuple[str, ...]

    def usage(self, command: str) -> str:
        """One line, with the name under which it was called."""
        operand = self.operand if self.required else f"[{self.operand}]"
        switches = " ".join(
            f"[{option.name}]" if option.value is None else f"[{option.name} {option.value}]"
            for option in self.options
        )
        return f"usage: {command} {operand} {switches}"


@dataclass(frozen=True)
class Arguments:
    """`operand` is what is no option, as it was typed; `values` holds the options that were given."""

    operand: str
    values: dict[str, str] = field(default_factory=dict)

    def has(self, option: str) -> bool:
        return option in self.values

    def get(self, *options: str) -> str | None:
        for option in options:
            if option in self.values:
                return self.values[option]
        return None


HELP = Option("--help", None, "this text; -h does the same")
COMMON = (
    Option("--json", None, "the record of docs/formats.md, one per line"),
    Option("--cr3", "PA", "walk this directory in place of CR3's"),
    Option("--pgd", "PA", "the same as --cr3"),
    Option("--mode", "MODE", "32-bit, pae, 4-level or 5-level in place of the CPU's"),
    HELP,
)

ADDRESSES = (
    "An address is a number, PDI:PTI[:OFFSET] or an expression ($eip, &x, x + 4); "
    "a physical one is p:0x00105000; RANGE is A-B (B exclusive) or A+SIZE."
)

WALK = Verb(
    name="walk",
    short="pagewalk",
    operand="VA",
    required=True,
    summary="Show how an address is translated, entry by entry, and who may do what there.",
    details="Each entry with its address in the self-map, its physical address, value and flags.",
    options=COMMON,
    examples=("0xc0100000", "768:256:0x234", "$eip", "&x --json"),
)

MAPS = Verb(
    name="maps",
    short="pagemap",
    operand="RANGE",
    required=False,
    summary="List all that is mapped, neighbours merged, with physical addresses and rights.",
    details="A self-map is one line; with --json its pages are told like all others.",
    options=(
        Option("--writable", None, "only what the kernel or a user may write"),
        Option("--user", None, "only what a user may access"),
        Option("--exec", None, "only what the kernel or a user may execute"),
        Option("--phys", "RANGE", "only what leads to these physical addresses"),
        *COMMON,
    ),
    examples=("", "0xc0000000-0xc0400000", "--user --writable", "--phys p:0x00100000+64K"),
)

VERBS = (WALK, MAPS)


def parse(verb: Verb, text: str, command: str) -> Arguments:
    """Options may stand before or after the operand; everything else is the operand."""
    usage = verb.usage(command)
    known = {option.name: option for option in verb.options} | {"-h": HELP}
    operand: list[str] = []
    values: dict[str, str] = {}
    words = tokens(text)
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word not in known and not word.startswith("--"):
            operand.append(word)
            continue
        name, joined, given = word.partition("=")
        option = known.get(name)
        if option is None:
            raise PagelabError(_unknown(verb, name, usage))
        if option.value is None:
            if joined:
                raise PagelabError(f"{name} takes no value; {usage}")
        elif not joined:
            if position == len(words):
                raise PagelabError(f"{name} wants a {option.value} behind it; {usage}")
            given = words[position]
            position += 1
        values[option.name] = given
    if not operand and verb.required and HELP.name not in values:
        raise PagelabError(f"{verb.operand} is missing; {usage}")
    return Arguments(" ".join(operand), values)


def tokens(text: str) -> list[str]:
    """Words between blanks, but blanks in brackets and quotes belong to the word."""
    words: list[str] = []
    current = ""
    depth = 0
    quote = ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if letter.isspace() and depth <= 0 and not quote:
            if current:
                words.append(current)
            current = ""
        else:
            current += letter
    return words + [current] if current else words


def _unknown(verb: Verb, name: str, usage: str) -> str:
    near = difflib.get_close_matches(name, [option.name for option in verb.options], 1)
    hint = f"did you mean {near[0]}?" if near else usage
    return f"no option '{name}'; {hint}"


def completions(verb: Verb, text: str, word: str | None) -> list[str] | None:
    """Options that fit the last word of `text`, or None when it is no option.

    GDB wants only the part that replaces `word`, which starts later than the option does because
    `-` breaks words for it.
    """
    last = "" if text[-1:].isspace() else (text.split() or [""])[-1]
    if not last.startswith("-"):
        return None
    skip = len(last) - len(word or "")
    given = set(text.split()) - {last}
    return [
        option.name[skip:]
        for option in verb.options
        if option.name.startswith(last) and option.name not in given
    ]


def help_text(verb: Verb, command: str) -> str:
    """What `-h` prints, and what `help` shows."""
    rows = [
        (option.name + (f" {option.value}" if option.value else ""), option.summary)
        for option in verb.options
    ]
    width = max(len(left) for left, _ in rows)
    operand = verb.operand if verb.required else f"[{verb.operand}]"
    lines = [
        verb.summary,
        f"Usage: {command} {operand} [OPTION]...",
        "",
        verb.details,
        ADDRESSES,
        "",
        *(f"  {left.ljust(width)}  {right}" for left, right in rows),
        "",
        "Examples:",
        *(f"  {command} {example}".rstrip() for example in verb.examples),
    ]
    return "\n".join(lines)
