"""What a verb takes: its options, help and completion. Parsing is strict: bad input is one line that
says what is wrong and how it is written. The verbs themselves are in verbs.py.
"""

from __future__ import annotations


from . import PagelabError


# Plain classes: to read `dataclasses` takes GDB longer than all the rest of this package.
class Option:
    """`value` is what follows it, as help calls it; None for a switch."""

    def __init__(self, name: str, value: str | None, summary: str) -> None:
        self.name = name
        self.value = value
        self.summary = summary


class Verb:
    """One verb of the shell as GDB has it: `pagelab NAME`, and `short` (if any) where that is free.

    `most` is the number of words that the operand may have; 0 where it is one expression, which may
    hold blanks.
    """

    def __init__(
        self,
        *,
        name: str,
        short: str,
        operand: str,
        required: bool,
        summary: str,
        details: str,
        options: tuple[Option, ...],
        examples: tuple[str, ...],
        most: int = 0,
    ) -> None:
        self.name = name
        self.short = short
        self.operand = operand
        self.required = required
        self.summary = summary
        self.details = details
        self.options = options
        self.examples = examples
        self.most = most

    @property
    def shown_operand(self) -> str:
        return self.operand if self.required or not self.operand else f"[{self.operand}]"

    def usage(self, command: str) -> str:
        """One line, with the name under which it was called."""
        operand = self.shown_operand
        switches = " ".join(
            f"[{option.name}]" if option.value is None else f"[{option.name} {option.value}]"
            for option in self.options
        )
        return " ".join(part for part in ("usage:", command, operand, switches) if part)


class Arguments:
    """`operand` is what is no option, as it was typed, `words` the same in parts; `values` holds the
    options that were given.
    """

    def __init__(self, operand: str, values: dict[str, str], words: tuple[str, ...] = ()) -> None:
        self.operand = operand
        self.values = values
        self.words = words

    def has(self, option: str) -> bool:
        return option in self.values

    def get(self, *options: str) -> str | None:
        for option in options:
            if option in self.values:
                return self.values[option]
        return None


HELP = Option("--help", None, "this text; -h does the same")

ADDRESSES = (
    "An address is a number, PDI:PTI[:OFFSET] or an expression ($eip, &x, x + 4); "
    "a physical one is p:0x00105000; RANGE is A-B (B exclusive) or A+SIZE."
)


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
    if HELP.name not in values:
        _count(verb, operand, usage)
    return Arguments(" ".join(operand), values, tuple(operand))


def _count(verb: Verb, operand: list[str], usage: str) -> None:
    if operand and not verb.operand:
        raise PagelabError(f"'{operand[0]}' is too much; {usage}")
    if verb.most and len(operand) > verb.most:
        raise PagelabError(f"'{operand[verb.most]}' is too much; {usage}")


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
    import difflib

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
    lines = [
        verb.summary,
        " ".join(part for part in ("Usage:", command, verb.shown_operand, "[OPTION]...") if part),
        "",
        *([verb.details] if verb.details else []),
        ADDRESSES,
        "",
        *(f"  {left.ljust(width)}  {right}" for left, right in rows),
        "",
        "Examples:",
        *(f"  {command} {example}".rstrip() for example in verb.examples),
    ]
    return "\n".join(lines)
