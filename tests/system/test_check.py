"""`check` on the real kernel: silent on a sound machine, and each kind of damage named where it is."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import ROOT, Done, Launcher

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
SILENT = "0 errors, 0 warnings, 0 notes"


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Launcher]:
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    kernel = os.fspath(BUILD / "kernel" / "pagelab.elf")
    launcher = Launcher(tmp_path, [program, "run", "--kernel", kernel], [program, "stop"])
    yield launcher
    assert launcher.left() == []


def run(lab: Launcher, *commands: str) -> Done:
    return lab.run("--exec", "; ".join(commands))


def findings(lab: Launcher, *commands: str) -> list[str]:
    """What the last of the commands, a check, prints."""
    done = run(lab, *commands[:-1], "echo findings", commands[-1])
    assert done.err == "" and "error: " not in done.out, done.out
    return done.out.split("findings\n")[-1].splitlines()


def number(record: str, key: str) -> int:
    return int(json.loads(record)[key], 16)


def first_frame(lab: Launcher) -> int:
    """The frame that `alloc` hands out first: the same in every run of one kernel."""
    match = re.search(r"from p:(0x[0-9a-f]+)", run(lab, "alloc").out)
    assert match is not None
    return int(match[1], 16)


def directory(lab: Launcher) -> int:
    return number(run(lab, "regs --json").out, "cr3")


def test_a_sound_machine_has_no_finding(lab: Launcher) -> None:
    done = run(lab, "check")
    assert (done.status, done.out.splitlines()) == (0, [SILENT])
    for change in (
        ["map 0x40000000 rwu 4", "protect 0x40000000 r 2", "poke 0x40003000 1"],
        ["map 0x40000000 rwu 2000", "unmap 0x40001000 3", "touch 0x40000000 w user"],
        ["map 0x40000000 p:0x00400000 rwu,big", "undo", "map 0x40000000 p:0x00800000 r,big"],
        ["map 0x40000000 rwu", "unmap 0x40000000", "free tables", "alloc 4"],
        ["cr4 pge off", "map 0x40000000"],
        ["peek p:0x00300000", "find p:0x00101000"],
    ):
        assert findings(lab, *change, "check") == [SILENT], change


def test_aliases_of_one_frame_are_a_note_at_most(lab: Launcher) -> None:
    lines = findings(
        lab, "map 0x40000000 p:0x00800000 rwu 4", "map 0x50000000 p:0x00801000 r 2", "check"
    )
    assert lines == [
        "note alias-rights: PTE 320:0 and 1 after it map p:0x00801000 with other rights than"
        " 0x40001000 does",
        "0 errors, 0 warnings, 1 note",
    ]


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("setpde 5 0x7f000003", "error table-beyond-ram: PDE 5 "),
        ("setpde 5 0x00600083", "error reserved-bits: PDE 5 "),
        ("setpde 5 0xc0101003", "error table-virtual: PDE 5 = 0xc0101003 "),
        ("setpde 5 p:{table:#x}|P|RW|G", "warning global-table: G in PDE 5: "),
        ("setpde 6 p:{directory:#x}|P|RW", "note self-map-several: 2 slots "),
        ("setpde 5 0x40000000", "note data-not-present: PDE 5 "),
        ("map 0x40000000; setpte 0x40005000 0x77000", "note data-not-present: PTE 256:5 "),
        ("map 0x40000000; setpte 0x40005000 0x7f000003", "warning page-beyond-ram: PTE 256:5 "),
        ("map 0x40000000 p:{directory:#x} rwu", "error table-user-writable: PTE 256:0 "),
        ("map 0x40000000 p:{directory:#x} ru", "warning table-user: PTE 256:0 "),
        ("map 0x40000000 p:{directory:#x} rw", "warning table-writable: PTE 256:0 "),
        ("map 0x40000000 p:{directory:#x} r", "note table-mapped: PTE 256:0 "),
        ("setpde 5 p:{table:#x}|P; setpte 0x01400000 0x00800003", "note pde-restricts: PTE 5:0 "),
        ("setpde 5 p:{table:#x}|P; setpde 6 p:{table:#x}|P", "warning table-shared: PDE 6 "),
        (
            "map 0x40000000 p:0x00800000; map 0x40001000 p:0x00800000; setpte 0x40001000 0x00800013",
            "warning alias-caching: PTE 256:1 ",
        ),
        ("setpde 1023 p:{directory:#x}|P|RW|US", "error self-map-user-writable: PDE 1023 "),
    ],
)
def test_damage_is_named_once_and_where_it_is(lab: Launcher, damage: str, finding: str) -> None:
    # A frame of alloc, with zeroes, as a table.
    table = first_frame(lab)
    commands = damage.format(directory=directory(lab), table=table).split("; ")
    forced = [f"force {line}" for line in commands]
    lines = findings(lab, "alloc", *forced, "check")
    assert len(lines) == 2 and lines[0].startswith(finding), lines
    status = run(lab, "alloc", *forced, "check").status
    assert status == (1 if finding.startswith("error") else 0)


def test_a_directory_is_looked_at_before_it_is_loaded(lab: Launcher) -> None:
    original, copy = directory(lab), first_frame(lab)
    words = json.loads(run(lab, f"peek p:{original + 4 * 768:#x} 3 --json").out)["values"]
    copied = ["alloc", f"poke p:{copy + 4 * 768:#x} {' '.join(words)}"]
    check = f"check --cr3 p:{copy:#x}"
    lines = findings(lab, *copied, f"poke p:{copy + 0xFFC:#x} {original | 0x63:#x}", check)
    assert lines[0] == (
        f"error self-map-copied: PDE 1023 is the self-map of another directory at"
        f" p:{original:#010x}: an edit through it changes that one"
    )
    assert lines[1:] == ["1 error, 0 warnings, 0 notes"]
    mended = findings(lab, *copied, f"poke p:{copy + 0xFFC:#x} {copy | 0x63:#x}", check)
    assert mended == [SILENT]


@pytest.mark.parametrize(
    "word", ["0xffffffff", "p:{frame:#x}|P|RW", "p:{other:#x}|P|RW|US", "0xfffffffe"]
)
def test_hostile_directories_end_quickly(lab: Launcher, word: str) -> None:
    frame = first_frame(lab)
    value = word.format(frame=frame, other=frame + 4096)
    before = time.monotonic()
    lines = findings(
        lab,
        "alloc 2",
        f"fill p:{frame:#x} {value} 1024",
        f"fill p:{frame + 4096:#x} {value} 1024",
        f"check --cr3 p:{frame:#x}",
    )
    assert time.monotonic() - before < 30
    assert re.fullmatch(r"\d+ errors?, \d+ warnings?, \d+ notes?", lines[-1])
    assert 2 <= len(lines) < 5000
