"""Nothing that is typed takes the lab down: what the kernel stands on is broken on purpose, and it comes back with the
user's pages as they were."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import bochs
import pytest
from launcher import ROOT, Launcher

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
KERNEL = BUILD / "kernel" / "pagelab.elf"
BEFORE = ["map 0x10000000 rwu 2", "poke 0x10001004 0xfeedf00d"]


def address_of(symbol: str) -> str:
    """Where something of the kernel's lies that the shell knows no name for."""
    names = subprocess.run(
        ["nm", "-C", KERNEL.parent / "unpacked.elf"], capture_output=True, text=True, check=True
    ).stdout
    (line,) = (line for line in names.splitlines() if line.endswith(f" pagelab::{symbol}"))
    return f"0x{line.split()[0]}"


AFTER = ["echo it works", "peek 0x10001004", "check", "selftest invariants"]

# What breaks it. Each ends its command as rescued (3), or as a fault (2) where only the command itself is wrong.
DESTRUCTIONS = {
    "the kernel's slot emptied": ["force setpde 768 0"],
    "the kernel's slot at a garbage frame": ["force setpde 768 p:0x00300000|P|RW"],
    "the records' slot emptied": ["force setpde 769 0"],
    "the records unmapped": ["force setpte 0xc0400000 0"],
    "the scratch pages' slot emptied": ["force setpde 770 0"],
    "the scratch pages' table hidden": ["force setpte 0xc0bff000 0"],
    "the lifeline's slot emptied": ["force setpde 1021 0"],
    "the self-map removed": ["force setpde 1023 0"],
    "the self-map pointed elsewhere": ["force setpde 1023 p:0x00300000|P|RW"],
    "the stack's page unmapped": ["crash stack"],
    "the handler's code unmapped": ["crash handler"],
    "all code overwritten": ["crash text"],
    "a word of code overwritten": ["force poke p:0x00102900 0"],
    "garbage in CR3": ["crash cr3"],
    "no stack": ["crash esp"],
    "endless recursion": ["crash recursion"],
    "NT and DF": ["crash flags"],
    "no such segment": ["crash segments 0x1238"],
    "WP off": ["crash cr0 0x80000031"],
    "CR4 emptied": ["crash cr4 0"],
    "a breakpoint in the handlers": ["crash debug 0xc0102100"],
}
# Here the kernel's own data is gone: it starts anew over what lies in memory, and the line that ran is lost.
OVERWRITTEN = {
    "the lab's data overwritten": [
        f"force fill {address_of('(anonymous namespace)::lab')} 0xcccccccc 1280"
    ],
    "the shell's data overwritten": [
        f"force fill {address_of('(anonymous namespace)::the_shell')} 0xffffffff 4096"
    ],
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
    assert out.count("\nok ") == 6 and "not ok" not in out, out


@pytest.mark.parametrize(
    "commands", [*DESTRUCTIONS.values(), *OVERWRITTEN.values()], ids=[*DESTRUCTIONS, *OVERWRITTEN]
)
def test_it_comes_back_on_qemu(lab: Launcher, commands: list[str]) -> None:
    line = "; ".join([*BEFORE, *commands, *AFTER])
    done = lab.run("--kernel", os.fspath(KERNEL), "--exec", line)
    assert done.status == 1, done.out + done.err
    assert_survived(done.out)


def groups() -> list[list[str]]:
    """The commands that break something, as many together as a boot line holds."""
    result: list[list[str]] = [[]]
    for command in (command for some in DESTRUCTIONS.values() for command in some):
        if len("; ".join([*BEFORE, *result[-1], command, *AFTER, "halt"])) > 500:
            result.append([])
        result[-1].append(command)
    return result


@pytest.mark.parametrize("commands", groups(), ids=range(len(groups())))
def test_all_of_it_comes_back_on_bochs(tmp_path: Path, commands: list[str]) -> None:
    assert_survived(bochs.run(KERNEL, [*BEFORE, *commands, *AFTER], tmp_path))
