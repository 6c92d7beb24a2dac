"""Every typed step of a sheet works as printed, one after the other, with the reference solution in the machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "labs"))
from checker import answers, image  # noqa: E402
from checker.guest import Guest  # noqa: E402
from checker.lab import labs  # noqa: E402
from checker.sheets import html  # noqa: E402

PROMPT = "pagelab> "
SECTIONS = ("Goal", "Before you begin", "Background", "Steps", "Questions", "Hand in", "To discuss")


def sheet(number: int) -> str:
    return (labs()[number].folder / "sheet.md").read_text(encoding="utf-8")


def typed(number: int) -> list[tuple[str, int]]:
    """The commands of a sheet, each with the status that it must end with; a comment is about a line's last one."""
    steps = []
    for line in sheet(number).splitlines():
        if line.strip().startswith(PROMPT):
            command, _, comment = line.strip().removeprefix(PROMPT).partition("#")
            commands = [part.strip() for part in command.split(";")]
            steps += [(part, 0) for part in commands[:-1]]
            steps.append((commands[-1], 2 if comment.strip() == "faults" else 0))
    return steps


@pytest.mark.parametrize("number", labs())
def test_every_typed_step_does_what_the_sheet_says(number: int) -> None:
    built = image.build(ROOT / "tests" / "solutions" / f"lab{number}.c")
    steps = typed(number)
    assert len(steps) >= 5
    with Guest(built.data) as guest:
        for command, status in steps:
            answer = guest.run(command)
            assert answer.status == status, f"{command}: {answer.text}"


@pytest.mark.parametrize("number", labs())
def test_a_sheet_is_complete(number: int) -> None:
    lab, text = labs()[number], sheet(number)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(SECTIONS)
    assert f"# Lab {number}: {lab.title}" in text and f"*{lab.minutes} minutes." in text
    assert "OSTEP" in text and "SDM" in text
    for picture in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text):
        assert (lab.folder / picture).is_file()
    assert "](figure.svg)" in text
    assert f"{sum(check.points for check in lab.checks())} points by the checks" in text
    assert all(name in text for name in lab.functions)


@pytest.mark.parametrize("number", labs())
def test_the_template_asks_the_questions_of_the_sheet(number: int) -> None:
    questions = re.findall(r"^- \*\*(Q\d+)\.\*\*", sheet(number), re.MULTILINE)
    template = labs()[number].template.read_text(encoding="utf-8")
    assert questions and answers.missing(template) == questions
    solution = (ROOT / "tests" / "solutions" / f"lab{number}.c").read_text(encoding="utf-8")
    assert list(answers.read(solution)) == questions and not answers.missing(solution)


@pytest.mark.parametrize("number", labs())
def test_a_sheet_becomes_one_page_with_its_figure_inside(number: int) -> None:
    page = html(labs()[number])
    assert page.count("<svg") == 1 and "<img" not in page and "CC BY 4.0" in page
    assert len(re.findall(r"<pre>", page)) == len(re.findall(r"^ *```$", sheet(number), re.M)) // 2
