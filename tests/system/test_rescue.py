"""Nothing that is typed takes the lab down: what the kernel stands on is broken on purpose, and it comes back with the
user's pages as they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from destructions import BEFORE, BUILD, CRASHES, KERNEL, MATRIX, PAGES, SLOTS, Destruction, pa
from launcher import Launcher
from wired import DEADLINE, Guest

AFTER = "echo it works; peek 0x10001004; check; selftest invariants"
# What the console is asked to survive as a user types it, each in a fresh lab.
TYPED = [
    *(SLOTS[name] for name in SLOTS if name.startswith(("the kernel's slot", "the self-map"))),
    *(PAGES[name] for name in ("all of the stack unmapped", "the handlers unmapped")),
    *(line for line in CRASHES.values() if len(line.split()) == 2),
    # Only an NMI ends these: the console sends it.
    "crash hlt",
    "crash loop",
]


def assert_survived(out: str) -> None:
    """The lab works, the user's page holds what it held, and nothing is wrong with any table."""
    assert re.search(r"(?m)^it works", out), out
    assert "0x10001004  0xfeedf00d" in out, out
    assert re.search(r"(?m)^0 errors, ", out), out
    assert out.count("\nok ") == 6 and "not ok" not in out, out


class Matrix:
    """An engine on which one destruction follows another in the same lab, until one is not survived."""

    def __init__(self, engine: str, base: Path) -> None:
        self.engine = engine
        self.base = base
        self.boots = 0
        self.guest: Guest | None = None
        self.frame = ""

    def boot(self) -> Guest:
        """The lab as it stands, or a new one with the user's page in it."""
        if self.guest:
            return self.guest
        folder = self.base / str(self.boots)
        folder.mkdir()
        self.boots += 1
        self.guest = Guest(self.engine, KERNEL, folder)
        answers = [self.guest.type(line) for line in BEFORE]
        found = re.search(r"from (p:0x\w+)", answers[-1])
        assert found, answers
        self.frame = found[1]
        # The rest of this directory is zero.
        self.guest.type(f"poke {self.frame[:-3]}ff4 {pa('lifeline_table')}|P|RW")
        return self.guest

    def close(self) -> None:
        """Ends the lab."""
        if self.guest:
            self.guest.close()
            self.guest = None

    def destroy(self, row: Destruction, seconds: float = DEADLINE) -> None:
        """Fails if it is not survived; the next one then has a new lab."""
        guest = self.boot()
        try:
            for line in row.before:
                guest.type(line)
            for line in row.lines:
                said = guest.type(line.replace("{frame}", self.frame), seconds)
                assert any(words in said for words in row.evidence), said
            for line in row.after:
                said = guest.type(line)
                assert "error" not in said and "not ok" not in said, said
            assert_survived(guest.type(AFTER))
        except (AssertionError, OSError):
            self.close()
            raise


@pytest.fixture(name="matrix", scope="module", params=["qemu", "bochs"])
def fixture_matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    matrix = Matrix(request.param, tmp_path_factory.mktemp(request.param))
    yield matrix
    matrix.close()


@pytest.mark.parametrize("row", MATRIX.values(), ids=MATRIX)
def test_the_kernel_survives_by_itself(matrix: Matrix, row: Destruction) -> None:
    matrix.destroy(row)


def test_the_matrix_is_large_enough() -> None:
    lines = {line for row in MATRIX.values() for line in row.lines}
    assert len(MATRIX) >= 49 and len(lines) >= 49


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Launcher]:
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    launcher = Launcher(tmp_path, [program, "run"], [program, "stop"])
    yield launcher
    launcher.stop("--all")
    assert launcher.left() == []


@pytest.mark.parametrize("command", TYPED)
def test_it_comes_back_under_the_console(lab: Launcher, command: str) -> None:
    line = "; ".join([*BEFORE, command, AFTER])
    done = lab.run("--kernel", os.fspath(KERNEL), "--exec", line)
    assert done.status == 1, done.out + done.err
    assert_survived(done.out)
