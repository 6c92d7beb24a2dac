"""scripts/lab, from its arguments on: the student's file, the answers in it, what is handed in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "labs"))
from checker import answers  # noqa: E402

DEADLINE = 60.0
TEMPLATE = ROOT / "labs" / "03-walk-and-map" / "template.c"


def lab(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As the script runs it when all is built."""
    return subprocess.run(
        ["/usr/bin/python3", "-m", "checker", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "labs"), "PAGELAB_WORK": str(work)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_the_template_is_copied_once_and_never_again(tmp_path: Path) -> None:
    first = lab(tmp_path, "3", "--check")
    mine = tmp_path / "lab3.c"
    assert first.returncode == 1 and "is yours to write in now" in first.stderr
    assert "write walk, map in it" in first.stdout and "0 of 20 points" in first.stdout
    assert mine.read_bytes() == TEMPLATE.read_bytes()
    mine.write_text("int broken(\n", encoding="utf-8")
    second = lab(tmp_path, "3", "--check", "--json")
    assert mine.read_text(encoding="utf-8") == "int broken(\n"
    record = json.loads(second.stdout)
    assert record["status"] == "does not build" and record["message"].startswith("lab3.c:")
    assert (record["points"], record["max"]) == (0, 20)


def test_what_there_is_not_is_one_line(tmp_path: Path) -> None:
    done = lab(tmp_path, "77", "--check")
    assert done.returncode == 2 and done.stderr.startswith("error: there is no lab 77; there are ")
    assert list(tmp_path.iterdir()) == []


def test_the_file_to_hand_in_says_whose_it_is(tmp_path: Path) -> None:
    done = lab(tmp_path, "3", "--submit", "--id", "k17")
    out = Path(done.stdout.strip())
    assert done.returncode == 0 and out.parent == tmp_path
    assert out.read_text(encoding="utf-8") == "/* pagelab lab 3, k17 */\n" + TEMPLATE.read_text()
    assert "nothing is written yet at Q1, Q2, Q3" in done.stderr


def test_answers_are_read_over_several_lines() -> None:
    text = "int x;\n/* Answers\n * Q1: one\n *   and more\n * Q2:\n * Q3: three */\nint y; /* Q4: no */\n"
    assert answers.read(text) == {"Q1": "one and more", "Q2": "", "Q3": "three"}
    assert answers.missing(text) == ["Q2"]
    assert answers.missing("no questions") == []


def test_lab_h_is_short() -> None:
    header = (ROOT / "labs" / "include" / "lab.h").read_text(encoding="utf-8")
    assert len(header.splitlines()) <= 80
