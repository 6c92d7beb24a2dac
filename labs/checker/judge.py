"""Judges a student's file: builds it, boots a machine for each check, and says what came of it."""

from __future__ import annotations

from pathlib import Path

from . import image as images
from .checks import Bench, Check, Failed
from .guest import Guest, GuestLost, NotGraded
from .lab import Lab
from .report import Line, Report


def judge(lab: Lab, source: Path, seed: int = 1) -> Report:
    """The verdict on a file. NotGraded if the checker itself can't work."""
    checks = lab.checks()
    nothing = tuple(Line(check.name, check.title, 0, check.points) for check in checks)
    if source.read_bytes() == lab.template.read_bytes():
        message = f"{source.name} is the template as it was: write {', '.join(lab.functions)} in it"
        return Report(lab.number, source.name, "template", message, nothing)
    try:
        image = images.build(source)
    except images.BuildError as error:
        return Report(lab.number, source.name, "does not build", str(error), nothing)
    missing = [name for name in lab.functions if name not in {f.what for f in image.functions}]
    if missing:
        message = (
            f"{source.name} has no function {', '.join(missing)}; the sheet says what it must be"
        )
        return Report(lab.number, source.name, "incomplete", message, nothing)
    lines = []
    guest: Guest | None = None
    try:
        for check in checks:
            if guest is None:
                guest = Guest(image.data).__enter__()
            else:
                guest.reboot()
            line, alive = _judge_one(check, Bench(guest, seed))
            lines.append(line)
            if not alive:
                guest.__exit__()
                guest = None
    finally:
        if guest is not None:
            guest.__exit__()
    return Report(lab.number, source.name, "graded", image.warnings, tuple(lines))


def _judge_one(check: Check, bench: Bench) -> tuple[Line, bool]:
    """What came of a check, and whether the machine can be used again."""

    def lost(tried: str, expected: str, seen: str) -> Line:
        return Line(check.name, check.title, 0, check.points, tried, expected, seen)

    try:
        check.run(bench)
    except Failed as failed:
        return lost(failed.tried, failed.expected, failed.seen), bench.alive
    except GuestLost as gone:
        return lost(bench.tried(), "the machine lives on", str(gone)), False
    return Line(check.name, check.title, check.points, check.points), True


__all__ = ["NotGraded", "judge"]
