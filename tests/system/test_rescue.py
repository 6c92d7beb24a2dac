"""Nothing that is typed takes the lab down: what the kernel stands on is broken on purpose, and it comes back with the
user's pages as they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import bochs
import pytest
from launcher import ROOT, Launcher

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
KERNEL = BUILD / "kernel" / "pagelab.elf"
BEFORE = ["map 0x10000000 rwu 2", "poke 0x10001004 0xfeedf00d"]
AFTER = ["echo it works", "peek 0x10001004", "check", "selftest invariants"]

# What breaks it, and a word of the report.
DESTRUCTIONS = {
    "the kernel's slot emptied": ["force setpde 768 0"],
}


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Launcher]:
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    launcher = Launcher(tmp_path, [program, "run"], [program, "stop"])
    yield launcher
    launcher.stop("--all")
    assert launcher.left() == []


def assert_survived(out: str) -> None:
    """The lab works, the user's page holds what it held, and nothing is wrong with any table."""
    assert re.search(r"(?m)^it works", out), out
    assert "0x10001004  0xfeedf00d" in out, out
    assert re.search(r"(?m)^0 errors, ", out), out
    assert out.count("\nok ") == 5 and "not ok" not in out, out


@pytest.mark.parametrize("commands", DESTRUCTIONS.values(), ids=DESTRUCTIONS.keys())
def test_it_comes_back_on_qemu(lab: Launcher, commands: list[str]) -> None:
    line = "; ".join([*BEFORE, *commands, *AFTER])
    done = lab.run("--kernel", os.fspath(KERNEL), "--exec", line)
    assert done.status == 1, done.out + done.err
    assert_survived(done.out)


def test_all_of_it_comes_back_on_bochs(tmp_path: Path) -> None:
    commands = [command for some in DESTRUCTIONS.values() for command in some]
    assert_survived(bochs.run(KERNEL, [*BEFORE, *commands, *AFTER], tmp_path))
