"""Survival is not bought by refusing: each reason for which the guard refuses is overridden once, and the lab lives on.

What the kernel does not survive by itself the console brings back, in the state before that command.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from destructions import BUILD, FREE, KERNEL, NOWHERE, pa, va
from launcher import Launcher

CONSOLE = os.fspath(BUILD / "serial-console" / "pagelab-console")
REASONS = Path(
    os.environ.get("PAGELAB_GUARD_REASONS", BUILD / "tests" / "system" / "guard_reasons")
)
# A page whose content has to outlive all of it, code of the user's, and a frame for a table or a directory.
FIRST = [
    "map 0x10000000 rwu 2; poke 0x10001004 0xfeedf00d",
    "map 0x20000000 rw; poke 0x20000000 0x0b0f",
    "alloc 1",
]
LAST = "echo it works; peek 0x10001004; check; selftest invariants"
# Where `alloc` put its frame, or that many bytes behind.
IN_FRAME = "{frame}"
LIFELINE = f"poke {IN_FRAME}+4084 {pa('lifeline_table')}|P|RW"


@dataclass(frozen=True)
class Case:
    """A command that is refused with these words. It is typed again with force, then `after`."""

    words: str
    command: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    #: No kernel comes back from it: the console does.
    deadly: bool = False


CASES = [
    Case("slot 1021 is the lifeline", "setpde 1021 0"),
    Case("slot 769 maps the frame records", "setpde 769 0"),
    Case("slot 770 maps the kernel's scratch pages", "setpde 770 0"),
    Case("the windows of the strategies", f"setpde 900 {FREE}|P|RW"),
    Case(
        "an upper-half space ends at 0x80000000",
        "setpde 600 0x40000003",
        ("space new upper-half", "space use 1", "map 0x16000000"),
        ("peek 0x16000000", "space use 0", "space delete 1"),
    ),
    Case("use setpde", "setpte 0xfff00000 0"),
    Case("the kernel keeps its own entries there", "setpte 0xff400000 0"),
    Case("the kernel's own code and data are there", f"poke {pa('text_start')} 0"),
    Case("the frame records are mapped there", "setpte 0xc0400000 0"),
    Case("the kernel's scratch pages are mapped there", "setpte 0xc0bff000 0"),
    Case(
        "without a flush of their aliases",
        f"setpde 5 {pa('scratch_table')}|P|RW",
        after=("peek 0x01400000", "setpde 5 0"),
    ),
    Case(
        "QEMU hangs where the CPU would set A in it",
        "setpde 5 p:0xfee00000|P|RW",
        after=("peek 0x01420000", "setpde 5 0"),
    ),
    Case(
        "the CPU would set A and D in the kernel's own memory",
        f"setpde 5 {pa('text_start')}|P|RW",
        after=("peek 0x01400000 1", "peek 0x01480000", "setpde 5 0"),
    ),
    Case(
        "the frame is free and holds no table",
        f"setpde 5 {FREE}|P|RW",
        after=("peek 0x01400000", "setpde 5 0"),
    ),
    Case("take what another frame holds for its own code", "setpde 768 p:0|P|RW|PS"),
    Case(
        "the kernel would run what no RAM holds",
        f"setpde 768 {IN_FRAME}|P|RW",
        (f"poke {IN_FRAME}+28 0x80000003",),
    ),
    Case("under another address", f"setpte 0xc0300000 {pa('bss_start')}|P|RW"),
    Case(
        "stay read-only in the direct map", f"setpte {va('tables_start')} {pa('tables_start')}|P|RW"
    ),
    Case("does not hold the lifeline in slot 1021", f"crash cr3 {IN_FRAME}", deadly=True),
    Case(
        "a table in this directory would be a device",
        f"crash cr3 {IN_FRAME}",
        (LIFELINE, f"poke {IN_FRAME}+20 {pa('text_start')}|P|RW"),
    ),
    Case("without CR0.PG and PE", "crash cr0 0x10", deadly=True),
    Case("bits of CR4 but PSE and PGE", "crash cr4 0x20", deadly=True),
    Case("what is mapped there may do anything", "crash call 0x20000000"),
    Case("would overwrite the lifeline or page tables", "crash esp 0xff401000", deadly=True),
    Case("page tables or the kernel's own memory", f"crash esp {va('tables_start')}"),
    Case(
        "run down through more than 4 MiB",
        "crash esp 0x30800000",
        ("map 0x30000000 rw,big 2",),
        ("unmap 0x30000000 2",),
    ),
    Case("without the IDT", "crash idt", deadly=True),
    Case("without the GDT", "crash gdt", deadly=True),
]
# What is refused by others than the guard, and can be forced.
OTHERS = [
    Case(
        "p:0x3ff00000 is no RAM",
        f"setpde 5 {NOWHERE}|P|RW",
        after=("peek 0x01400000", "setpde 5 0"),
    ),
    Case("force replaces it", "map 0x20000000"),
    Case("leads to a table that is in use", "map 0x20000000 rw,big"),
]


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Launcher]:
    base = tmp_path / "r"
    base.mkdir(mode=0o700)
    launcher = Launcher(base, [CONSOLE, "run", "--kernel", os.fspath(KERNEL)], [CONSOLE, "stop"])
    yield launcher
    launcher.stop("--all")
    assert launcher.left() == []


def test_each_reason_of_the_guard_has_its_case() -> None:
    listed = subprocess.run([REASONS], capture_output=True, text=True, check=True)
    for reason in listed.stdout.splitlines():
        assert [case for case in CASES if case.words in reason], reason


@pytest.fixture(name="frame", scope="module")
def fixture_frame(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Where the frame of FIRST lies: in each lab that begins with it at the same place."""
    base = tmp_path_factory.mktemp("frame")
    launcher = Launcher(base, [CONSOLE, "run", "--kernel", os.fspath(KERNEL)], [CONSOLE, "stop"])
    done = launcher.run("--exec", "; ".join(FIRST))
    found = re.search(r"from p:(0x\w+)", done.out)
    assert found, done.out + done.err
    return int(found[1], 16)


def with_frame(line: str, frame: int) -> str:
    """The line with the frame's address, or one that many bytes behind it."""
    return re.sub(
        r"\{frame\}(?:\+(\d+))?", lambda found: f"p:{frame + int(found[1] or 0):#010x}", line
    )


@pytest.mark.parametrize("case", [*CASES, *OTHERS], ids=lambda case: case.words)
def test_what_is_refused_is_forced_and_the_lab_lives_on(
    lab: Launcher, frame: int, case: Case
) -> None:
    lines = [*FIRST, *case.before, case.command, f"force {case.command}", *case.after, LAST]
    done = lab.run("--exec", with_frame("; ".join(lines), frame), "--keep-going")
    assert len(re.findall(rf"error: .*{re.escape(case.words)}", done.out)) == 1, done.out + done.err
    deaths = done.err.count("goes on in the state before that command")
    assert deaths == (1 if case.deadly else 0), done.out + done.err
    assert done.status == (3 if case.deadly else 1), done.out + done.err
    assert re.search(r"(?m)^it works", done.out), done.out + done.err
    assert "0x10001004  0xfeedf00d" in done.out, done.out + done.err
    assert re.search(r"(?m)^0 errors, ", done.out), done.out + done.err
    assert done.out.count("\nok ") == 6 and "not ok" not in done.out, done.out + done.err
