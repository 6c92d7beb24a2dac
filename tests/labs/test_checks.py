"""Every lab's checks: the right file gets all points, the template none and a clear message, and each wrong one loses
exactly what it breaks."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "labs"))
from checker.judge import judge  # noqa: E402
from checker.lab import labs  # noqa: E402
from checker.report import Report  # noqa: E402

SOLUTIONS = ROOT / "tests" / "solutions"
LEAST_WRONG = 5


@dataclass(frozen=True)
class Wrong:
    """A wrong file: an edit of the right one."""

    lab: int
    name: str
    old: str
    new: str
    loses: tuple[str, ...]


def wrong_ones(number: int) -> list[Wrong]:
    rows = tomllib.loads((SOLUTIONS / "wrong" / f"lab{number}.toml").read_text(encoding="utf-8"))[
        "wrong"
    ]
    return [
        Wrong(
            number, row["name"], row["old"].strip("\n"), row["new"].strip("\n"), tuple(row["loses"])
        )
        for row in rows
    ]


def all_wrong_ones() -> Iterator[Wrong]:
    for number in labs():
        yield from wrong_ones(number)


def judged(number: int, source: Path) -> Report:
    return judge(labs()[number], source)


def lost(report: Report) -> set[str]:
    return {line.name for line in report.lines if line.points < line.most}


@pytest.mark.parametrize("number", labs())
def test_the_reference_solution_gets_all_points(number: int) -> None:
    report = judged(number, SOLUTIONS / f"lab{number}.c")
    assert report.status == "graded" and not lost(report), report.text()
    assert report.points == report.most > 0
    assert report.message == "", "a right file has no warnings"


@pytest.mark.parametrize("number", labs())
def test_the_template_gets_none_and_is_told_what_to_do(number: int, tmp_path: Path) -> None:
    lab = labs()[number]
    source = tmp_path / f"lab{number}.c"
    source.write_bytes(lab.template.read_bytes())
    report = judged(number, source)
    assert report.points == 0 and report.most > 0
    assert "write" in report.message and all(name in report.message for name in lab.functions)


@pytest.mark.parametrize("number", labs())
def test_there_are_wrong_files_enough(number: int) -> None:
    assert len(wrong_ones(number)) >= LEAST_WRONG


@pytest.mark.parametrize(
    "wrong", all_wrong_ones(), ids=lambda wrong: f"lab{wrong.lab}: {wrong.name}"
)
def test_a_wrong_file_loses_exactly_what_it_breaks(wrong: Wrong, tmp_path: Path) -> None:
    right = (SOLUTIONS / f"lab{wrong.lab}.c").read_text(encoding="utf-8")
    assert right.count(wrong.old) == 1, "the edit fits nowhere, or more than once"
    source = tmp_path / f"lab{wrong.lab}.c"
    source.write_text(right.replace(wrong.old, wrong.new), encoding="utf-8")
    report = judged(wrong.lab, source)
    assert report.status == "graded", report.text()
    assert lost(report) == set(wrong.loses), report.text()
