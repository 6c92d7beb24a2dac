"""A verdict: points for each check, as text and as JSON. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Line:
    """What came of one check."""

    name: str
    title: str
    points: int
    most: int
    tried: str = ""
    expected: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Report:
    """What came of a lab. `status` is graded, or why not: does not build, not started."""

    lab: int
    file: str
    status: str
    message: str
    lines: tuple[Line, ...]

    @property
    def points(self) -> int:
        """All that were had."""
        return sum(line.points for line in self.lines)

    @property
    def most(self) -> int:
        """All that there are."""
        return sum(line.most for line in self.lines)

    def json(self) -> str:
        """One record."""
        record = {
            "record": "lab",
            "v": 1,
            "lab": self.lab,
            "file": self.file,
            "status": self.status,
        }
        record |= {"points": self.points, "max": self.most, "message": self.message}
        return json.dumps(record | {"checks": [asdict(line) for line in self.lines]})

    def text(self) -> str:
        """For people."""
        out = [self.message] if self.message else []
        for line in self.lines:
            good = line.points == line.most
            out.append(f"{'GOOD' if good else 'BAD ':4} {line.points}/{line.most}  {line.title}")
            if not good and line.tried:
                out.append(f"        tried     {line.tried}")
            if not good and line.expected:
                out.append(f"        expected  {line.expected}")
                out.append(f"        seen      {line.seen}")
        out.append(f"lab {self.lab}: {self.points} of {self.most} points")
        return "\n".join(out) + "\n"
