"""Ctrl-C in the middle of a long command: it answers soon, and nothing of the command stays."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from destructions import BUILD, KERNEL
from launcher import Launcher, wait_until
from outside import Lab, Word

CONSOLE = os.fspath(BUILD / "serial-console" / "pagelab-console")
# By itself it takes some milliseconds; the rest is for a host that is busy.
ANSWERS_IN = 10.0
INTERRUPTED = 4
RUNNING = 3
PAGES = 50_000
LAST = 0x40000000 + (PAGES - 1) * 4096
MADE = f"map 0x40000000 rwu {PAGES}; fill 0x40000000 0x600d 1; fill {LAST:#x} 0x600d 1024"
# A long command, and what there must be before.
COMMANDS = {
    f"map 0x80000000 rw {PAGES}": "",
    f"unmap 0x40000000 {PAGES}": MADE,
    f"protect 0x40000000 r {PAGES}": MADE,
    f"fill 0x40000000 0xbad {PAGES * 1024 // 4}": MADE,
    "space clone": MADE,
    "space cow": MADE,
}


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Lab]:
    base = tmp_path / "r"
    base.mkdir(mode=0o700)
    launcher = Launcher(base, [CONSOLE, "run", "--kernel", os.fspath(KERNEL)], [CONSOLE, "stop"])
    done = launcher.run("--detach", "--name", "a", "--memory", "512M")
    assert done.status == 0, done.err
    lab = Lab(Path(done.out.strip().splitlines()[-1]))
    yield lab
    lab.close()
    assert launcher.stop("a").status == 0


def seen(lab: Lab) -> tuple[object, ...]:
    """What the lab says of itself, and what lies in its memory.

    Of the mappings the user's half: a page of frame records that a command needed stays for the next.
    """
    words = lab.shell.run("peek 0x40000000")[1], lab.shell.run(f"peek {LAST:#x}")[1]
    return lab.ok("maps 0-0xc0000000"), lab.ok("frames"), lab.ok("space list"), lab.state(), words


@pytest.mark.parametrize("command", COMMANDS)
def test_a_long_command_ends_at_ctrl_c_and_nothing_of_it_stays(lab: Lab, command: str) -> None:
    if COMMANDS[command]:
        lab.ok(COMMANDS[command])
    before = seen(lab)
    heartbeat = lab.lab_page(Word.HEARTBEAT)
    count = lab.lab_page(Word.COMMAND_COUNT)
    lab.shell.send(command)
    wait_until(
        lambda: lab.lab_page(Word.COMMAND_COUNT) != count
        and lab.lab_page(Word.STATE) == RUNNING
        and lab.lab_page(Word.HEARTBEAT) != heartbeat,
        "a command that has begun its work",
    )
    started = time.monotonic()
    lab.shell.type("\x03")
    status, text = lab.shell.answer()
    assert time.monotonic() - started < ANSWERS_IN, text
    assert status == INTERRUPTED, text
    assert seen(lab) == before
    assert "not ok" not in lab.ok("selftest invariants")
