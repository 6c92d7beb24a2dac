"""The shell's verbs answered from outside: word by word what the shell itself answers at the same moment."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-run"
CONSOLE = os.environ.get("PAGELAB_CONSOLE", os.fspath(BUILD / "serial-console/pagelab-console"))
KERNEL = os.environ.get("PAGELAB_KERNEL", os.fspath(BUILD / "kernel/pagelab.elf"))
DEADLINE = 60.0

# What the lab looks like: tables, a large page, an alias, a read-only page, a fault, a second space.
PREPARE = [
    "checkpoint",
    "map 0x40000000 rwu 5",
    "map 0x50000000 p:0x00200000 ru",
    "map 0x80000000 p:0x00400000 rw,big",
    "force setpde 700 0x7f000003",
    "space new",
    "peek 0x60000000",
]
QUESTIONS = [
    "walk 0x40001234",
    "walk 256:1 --json",
    "walk 0x80012345",
    "walk 0xffd00004",
    "walk 0x60000000 --json",
    "walk c0100000",
    "split 0x40001234",
    "window 0x40001000 --json",
    "maps",
    "maps --user --writable",
    "maps 0x40000000-0x60000000 --json",
    "maps --tree",
    "maps --phys 0x00200000+4K",
    "find p:0x00200000",
    "find 0x00200000 --json",
    "check",
    "check --json",
    "check --cr3 p:0x00200000",
    "decode pde 0x004000e3",
    "decode p:0x00101000|P|RW|US --json",
    "fault",
    "fault 0x40000000 7 --json",
    "dumppd",
    "dumppd 256 512 --json",
    "dumppt 256",
    "dumppt 0xc0100000 --json",
    "dumppt 5",
    "log 5",
    "log 1000 --json",
    "diff",
    "diff --json",
    "in 1 maps",
    "in 1 walk 0x40000000",
    "in 9 walk 0",
    "info mem",
    "walk",
    "walk --jsn 1",
    "maps 5-3",
    "wlak 1",
]


def run(*arguments: str, base: Path, typed: str = "") -> str:
    return subprocess.run(
        [CONSOLE, *arguments],
        env={**os.environ, "PAGELAB_DIR": os.fspath(base)},
        input=typed,
        timeout=DEADLINE,
        check=False,
        capture_output=True,
        text=True,
    ).stdout


def answers(base: Path, lines: list[str]) -> list[str]:
    """What the shell prints for each line."""
    text = run(
        "run", "--attach", "lab", "--plain", base=base, typed="".join(f"{x}\n" for x in lines)
    )
    parts = re.split(r"^pagelab> (.*)$\n?", text.replace("\r", ""), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2]))
    return [found[line] for line in lines]


@pytest.fixture(name="base", scope="module")
def fixture_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("verbs") / "r"
    base.mkdir(mode=0o700)
    run("run", "--kernel", KERNEL, "--detach", "--name", "lab", base=base)
    try:
        answers(base, PREPARE)
        yield base
    finally:
        run("stop", "lab", base=base)


@pytest.fixture(name="inside", scope="module")
def fixture_inside(base: Path) -> dict[str, str]:
    # Asked twice: looking sets A and D, which the second look finds as they stay.
    answers(base, QUESTIONS)
    return dict(zip(QUESTIONS, answers(base, QUESTIONS)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_outside_and_inside_give_the_same_answer(
    base: Path, inside: dict[str, str], question: str
) -> None:
    assert inside[question]
    outside = run("draw", "lab", "--ask", question, base=base)
    assert outside == inside[question]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("map 0x40000000", "map is not answered from outside: type it in the terminal"),
        ("in 1 unmap 0x40000000", "unmap is not answered from outside: type it in the terminal"),
        ("check; check", "one question at a time"),
    ],
)
def test_what_can_t_be_answered_from_outside_says_so(base: Path, line: str, sentence: str) -> None:
    assert run("draw", "lab", "--ask", line, base=base) == f"error: {sentence}\n"
