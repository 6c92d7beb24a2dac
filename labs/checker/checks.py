"""What a lab's checks are written with: a check has a title, points and a function that tries something.

A check's function types commands, calls the student's functions and says what it expected and what it saw. The first
difference ends it: the points of a check are had as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .guest import Answer, Guest, GuestLost, NotGraded

_FAULT, _RESCUED = 2, 3


class Failed(Exception):
    """The check is not passed."""

    def __init__(self, tried: str, expected: str, seen: str) -> None:
        super().__init__(tried)
        self.tried, self.expected, self.seen = tried, expected, seen


@dataclass(frozen=True)
class Check:
    """One row of a lab's checks."""

    name: str
    title: str
    points: int
    run: Callable[[Bench], None]


@dataclass
class Checks:
    """A lab's checks, in order; `@checks.add(title, points)` before each function."""

    rows: list[Check] = field(default_factory=list)

    def add(
        self, title: str, points: int
    ) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
        """Registers a function as a check."""

        def register(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
            self.rows.append(Check(function.__name__, title, points, function))
            return function

        return register


class Bench:
    """What a check works with: a freshly booted machine, and the words for what it does there."""

    def __init__(self, guest: Guest, seed: int) -> None:
        self.guest = guest
        self.seed = seed
        self.alive = True
        self._tried: list[str] = []

    def setup(self, line: str) -> str:
        """Commands of the shell's own, which must succeed: the state that the check starts from."""
        text = ""
        for command in line.split(";"):
            answer = self.guest.run(command.strip())
            if answer.status != 0:
                raise NotGraded(f"{command.strip()}: status {answer.status}: {answer.text.strip()}")
            text += answer.text
            self._tried.append(command.strip())
        return text

    def try_command(self, command: str) -> Answer:
        """A command of the shell's whose outcome is part of the question."""
        self._tried.append(command)
        return self.guest.run(command)

    def call(self, name: str, *arguments: int) -> int:
        """Calls a function of the student's; what it returned, out of guest memory."""
        line = " ".join(["call", name, *(f"{argument:#010x}" for argument in arguments)])
        self._tried.append(line)
        before = self.guest.last_call()[0]
        try:
            answer = self.guest.run(line)
        except GuestLost as lost:
            self.alive = False
            raise Failed(self.tried(), "the function returns", str(lost)) from lost
        if answer.status in (_FAULT, _RESCUED):
            raise Failed(self.tried(), "the function returns", _cause(answer.text))
        after, result = self.guest.last_call()
        if after != before + 1:
            raise Failed(self.tried(), "the function returns", answer.text.strip() or "nothing")
        return result

    def frame(self) -> int:
        """A frame that the check owns, zeroed; its physical address."""
        text = self.setup("alloc 1")
        return int(text.split("p:", 1)[1].split()[0], 16)

    def expect(self, what: str, expected: Any, seen: Any) -> None:
        """The check goes on only if the two are equal."""
        if expected != seen:
            raise Failed(self.tried(), f"{what} = {_show(expected)}", f"{what} = {_show(seen)}")

    def fail(self, expected: str, seen: str) -> None:
        """The check is not passed, in words."""
        raise Failed(self.tried(), expected, seen)

    def tried(self) -> str:
        """What was typed so far, to be typed again by the student."""
        return "; ".join(self._tried)


def _show(value: Any) -> str:
    return (
        f"{value:#010x}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    )


def _cause(text: str) -> str:
    """The kernel's report of a fault or a rescue: its first lines, which name the student's line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = lines[0].split(": the command was ended")[0] if lines else "nothing"
    place = next((line for line in lines if line.startswith(("in ", "called from "))), "")
    if first.startswith("NMI"):
        first = "it did not return and was stopped"
    return f"{first}, {place}" if place else first
