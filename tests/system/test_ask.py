"""The verbs asked from outside of the guest, against the shell inside: the same text, records and refusals."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faces import Monitor, SerialShell
from launcher import Launcher
from outside import BUILD

PROGRAM = os.fspath(BUILD / "serial-console" / "pagelab-console")

COMMANDS = [
    "map 0x40000000 rwu 16",
    "map 0x40100000 r 8",
    "map 0x50000000 big,rw,u",
    "map 0x60000000 rw,g 4",
    "map 0x60009000 p:0x00800000 r",
    "map 0x6000b000 p:0x00800000 rwu",
    "protect 0x40000000 -w 4",
    "unmap 0x40008000 2",
    "force map 0x40101000 p:0x00142000 rwu",
    "setpde 700 0x40000000",
    "touch 0x40100000 w",
]

# What shell and outside must answer alike, wrong input included.
ALIKE = [
    "walk 0x40000000",
    "walk 0x40008123",
    "walk 768:256:0x234",
    "walk 0xffffffff",
    "walk 0xfff00400",
    "split 0x12345678",
    "window 0xc0100000",
    "maps",
    "maps --ad",
    "maps --tree",
    "maps --user",
    "maps --writable --user",
    "maps --exec 0x40000000-0x50000000",
    "maps 0x40002000+16K",
    "maps --phys p:0x00800000+4K",
    "find p:0x00800123",
    "find 0x00142000",
    "check",
    "decode 0x00106023",
    "decode pde 0x004000e3",
    "decode p:0x00101000|P|RW|US",
    "decode pde p:0x00400000|P|PS|PAT",
    "dumppd",
    "dumppd 768",
    "dumppd 256 300",
    "dumppt 256",
    "dumppt 0x40100000",
    "fault",
    "fault 0x00000000 2",
    "fault 0x40000000 3",
    "fault 0xc0100000 7",
    "log",
    "log 7",
    # refused
    "walk",
    "walk 0 0",
    "walk c0100000",
    "walk $1000",
    "walk 0x100000000",
    "walk p:0x1000",
    "walk 1024:0",
    "walk 0x300:1",
    "walk 3:x",
    "walk 3:4:5000",
    "walk 4k",
    "maps 0x1000",
    "maps 0x1000-0x1000",
    "maps 0x2000-0x1000",
    "maps 0x1000..0x2000",
    "maps 0xfffff000+8K",
    "maps 0+0",
    "maps 0+z",
    "maps --phys 1-0",
    "maps --phys",
    "maps --tree --json",
    "find x",
    "find p:0x20000000000",
    "find p:zork",
    "decode",
    "decode pdpte 3",
    "decode 0x1ffffffff",
    "decode P|ZZ",
    "decode p:0x123|P",
    "dumppd 5 3",
    "dumppd 2000",
    "dumppd 0x10",
    "dumppd 0xc0000000",
    "dumppt 5",
    "dumppt 300",
    "fault 0x1000",
    "fault 0 0x99",
    "log 0",
    "log 9999",
    "check now",
]


def ask(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one question."""
    done = subprocess.run(
        [PROGRAM, "ask", *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name="run", scope="module")
def fixture_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A detached lab with something of everything."""
    base = tmp_path_factory.mktemp("pl")
    kernel = os.fspath(BUILD / "kernel" / "pagelab.elf")
    launcher = Launcher(base, [PROGRAM, "run", "--kernel", kernel], [PROGRAM, "stop"])
    done = launcher.run("--detach", "--name", "asked")
    assert done.status == 0, done.err
    run = Path(done.out.strip())
    with SerialShell(run / "serial.sock") as shell:
        for command in COMMANDS:
            shell.run(command)
    os.environ["PAGELAB_DIR"] = os.fspath(base)
    yield run
    del os.environ["PAGELAB_DIR"]
    assert launcher.stop("asked").status == 0
    assert launcher.left() == []


@pytest.fixture(name="shell", scope="module")
def fixture_shell(run: Path) -> Iterator[SerialShell]:
    with SerialShell(run / "serial.sock") as shell:
        yield shell


@pytest.mark.parametrize("form", ["", " --json"])
@pytest.mark.parametrize("command", ALIKE)
def test_outside_and_inside_say_the_same(shell: SerialShell, command: str, form: str) -> None:
    """Twice inside: looking through the window sets A of PDEs, which the second look then tells."""
    line = command + ("" if form.strip() in command and form else form)
    shell.run(line)
    status, inside = shell.run(line)
    code, outside, complaint = ask("--name", "asked", *line.split())
    assert outside == inside
    assert (code, complaint) == (status, "")


def test_several_questions_are_answered_about_one_moment(run: Path) -> None:
    code, text, _ = ask("--name", run.name, "walk 0x40000000 --json; maps --json; walk zork")
    records = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert records[0]["record"] == "walk" and records[1]["record"] == "region"
    assert text.splitlines()[-1].startswith("error: 'zork' is not an address")
    assert code == 1


def test_the_same_is_answered_through_qmp_as_of_any_guest(run: Path) -> None:
    ours = ask("--name", run.name, "maps", "--json")[1]
    by_file = ask("--qmp", f"{run}/qmp.sock", "--ram", f"{run}/ram", "maps", "--json")
    by_monitor = ask("--qmp", f"{run}/qmp.sock", "maps", "--json")
    assert by_file == (0, ours, "")
    assert by_monitor == (0, ours, "")
    with Monitor(run / "qmp.sock") as monitor:
        assert monitor.execute("query-status")["running"]


def test_bad_requests_are_one_line(run: Path) -> None:
    assert ask("--name", run.name)[0] == 2
    assert ask("--name", "none", "maps")[0] == 1
    code, text, complaint = ask("--name", run.name, "wlak", "0")
    assert (
        code == 1 and text.startswith("error: 'wlak' can't be asked from outside") and not complaint
    )
    code, _, complaint = ask("--qmp", "/nonexistent", "maps")
    assert code == 1 and complaint.count("\n") == 1 and complaint.startswith("error: /nonexistent")
    code, _, complaint = ask("--qmp", f"{run}/qmp.sock", "--ram", "/etc/passwd", "maps")
    assert code == 1 and "is not this guest's RAM" in complaint
