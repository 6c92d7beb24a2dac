"""Runs that are recorded, and GDB on their replay: scripts/run --rr and scripts/gdb --replay, as the console does them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import ROOT, Done, Launcher, Terminal, is_alive, qemu_of, wait_until
from outside import BUILD

CONSOLE = os.fspath(BUILD / "serial-console" / "pagelab-console")
KERNEL = os.fspath(BUILD / "kernel" / "pagelab.elf")
PLUGIN = ROOT / "gdb-plugin" / "pagelab.py"
LONG = "echo " + " ".join(str(number) * 8 for number in range(8))

needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Launcher]:
    base = tmp_path / "r"
    base.mkdir(mode=0o700)
    launcher = Launcher(base, [CONSOLE, "run", "--kernel", KERNEL], [CONSOLE, "stop"])
    yield launcher
    launcher.stop("--all")
    assert set(launcher.left()) <= {"recordings"}


def replay(lab: Launcher, name: str, *commands: str) -> Done:
    """What GDB prints that runs the commands in a replay, as scripts/gdb --replay starts it."""
    gdb = ["gdb", "-nx", "-q", "-batch", "-ex", "set width 0", "-ex", f"source {PLUGIN}"]
    gdb += ["-ex", "{end}", "-ex", "{connect}"]
    for command in commands:
        gdb += ["-ex", command]
    words = [CONSOLE, "replay", name, "--", *gdb, "--", "{kernel}"]
    done = subprocess.run(
        words,
        env={**lab.environment, "HOME": "/nonexistent", "DEBUGINFOD_URLS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def changes_of(done: Done) -> list[tuple[str, str]]:
    records = [json.loads(line) for line in done.out.splitlines() if line.startswith("{")]
    return [(record["old"], record["new"]) for record in records]


@needs_gdb
@pytest.mark.parametrize("machine", ["pc", "isapc", "q35"])
def test_a_recorded_batch_replays_and_tells_each_change(lab: Launcher, machine: str) -> None:
    done = lab.run(
        *("--rr", "--machine", machine, "--exec"),
        f"map 0x40000000 p:0x00300000 rw; {LONG}; protect 0x40000000 r; echo done",
    )
    assert done.status == 0, done.err
    assert LONG.removeprefix("echo ") in done.out, "no byte of a long line was lost"
    told = replay(lab, "lab", "pagewhen 0x40000000 --json")
    assert [new for _, new in changes_of(told)][1:] == ["0x00300003", "0x00300001"], told.err
    assert lab.left() == ["recordings"], "the replay has left nothing"


@needs_gdb
def test_a_death_can_be_replayed_and_ends_the_recording(lab: Launcher) -> None:
    done = lab.run("--rr", "--name", "dead", "--exec", "map 0x40000000; force crash idt; echo no")
    assert done.status == 3
    assert "no\n" not in done.out
    assert "died of a triple fault" in done.err
    told = replay(lab, "dead", "pagewhen 0x40000000 --json")
    assert len(changes_of(told)) == 2, told.err


@needs_gdb
def test_what_came_before_is_found_from_the_end_and_from_any_other_point(lab: Launcher) -> None:
    commands = "map 0x40000000 p:0x00300000 rw; protect 0x40000000 r; setpde 256 0"
    assert lab.run("--rr", "--exec", commands).status == 0
    place = ("p/x $pc", "monitor info replay")
    told = replay(
        lab,
        "lab",
        "pagewhen 0x40000000 --json",
        "echo ====\\n",
        "pagewhen 0x40000000 --json",  # at the end it looks back
        "echo ====\\n",
        "pagewhen 0x40000000 --go",
        "echo ====\\n",
        *place,
        "hbreak *$pc",  # nothing of the user's own stops the search
        "pagewhen 0x40000000 --before --json",
        *place,
    )
    ahead, back, gone, stayed = told.out.split("====\n")
    records = [line for line in ahead.splitlines() if line.startswith("{")]
    assert len(records) == 4
    assert back.splitlines()[-4:] == records, "boot wrote there too, and is told as well"
    assert gone.splitlines()[-1].endswith("; it stands there now")
    count = gone.splitlines()[-1].split("at instruction ")[1].split(";")[0]
    assert f"instruction count = {count}" in told.err.splitlines()[-1] + stayed
    assert [line for line in stayed.splitlines() if line.startswith("{")][-4:] == records
    places = [line.split("= ")[1] for line in stayed.splitlines() if line.startswith("$")]
    assert len(places) == 2 and places[0] == places[1], "it stands where it stood"


SLOW_CLOCK = """python
import pagelab.gdbio.replay as replay
ticks = iter(range(0, 10**9, 40))
replay.time = type("Clock", (), {"monotonic": staticmethod(lambda: next(ticks))})
end
"""


@needs_gdb
def test_a_search_gives_up_at_its_deadline_and_says_how_far_it_came(
    lab: Launcher, tmp_path: Path
) -> None:
    assert lab.run("--rr", "--exec", "map 0x40000000 p:0x00300000 rw").status == 0
    (tmp_path / "slow.gdb").write_text(SLOW_CLOCK, encoding="utf-8")
    told = replay(
        lab,
        "lab",
        "pagewhen 0x40000000 --seconds 0",
        "pagewhen 0x40000000",
        f"source {tmp_path}/slow.gdb",
        "pagewhen 0x40000000 --before",
    )
    assert "'0' is no number of seconds" in told.err
    assert "; gave up at instruction " in told.out.splitlines()[-2] + told.out.splitlines()[-1]


def test_a_reboot_ends_a_recorded_run_with_a_sentence(lab: Launcher) -> None:
    done = lab.run("--rr", "--exec", "reboot; echo no")
    assert done.status == 3
    assert "its recording ends here" in done.err
    assert "no\n" not in done.out


def test_a_hang_in_a_recorded_run_gets_no_nmi(lab: Launcher) -> None:
    done = lab.run("--rr", "--exec", "crash loop; echo no")
    assert done.status == 3
    assert "sent an NMI" not in done.err
    assert "the guest hangs, and a recorded one takes no NMI" in done.err


def test_what_undoes_is_off_in_a_recorded_run_and_says_so(lab: Launcher) -> None:
    done = lab.run("--rr", "--exec", "map 0x40000000; undo --machine; echo done")
    assert done.status == 1
    assert "error: undo --machine needs a console with snapshots" in done.out
    assert done.out.endswith("done\n")


def test_a_person_may_type_into_a_recorded_run(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain", "--rr", "--name", "typed")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(LONG.encode() + b"\r")
        terminal.read_until(b"no snapshots with --rr")
        terminal.read_until(LONG.removeprefix("echo ").encode() + b"\r\n")
        terminal.read_until(b"pagelab> ")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert (lab.base / "recordings" / "typed" / "log").read_bytes()[:4] != bytes(4)


@needs_gdb
def test_a_detached_run_is_recorded_until_it_is_stopped(lab: Launcher) -> None:
    assert lab.run("--rr", "--name", "d", "--detach").status == 0
    early = replay(lab, "d")
    assert early.status == 2
    assert "error: the recording d is not whole" in early.err
    assert lab.stop("d").status == 0
    told = replay(lab, "d", "monitor info replay")
    assert "instruction count = 0" in told.out + told.err


@needs_gdb
def test_an_ended_launcher_takes_gdb_and_qemu_with_it(lab: Launcher) -> None:
    assert lab.run("--rr", "--exec", "echo hi").status == 0
    assert replay(lab, "lab").status == 0  # its instructions are counted now
    words = [CONSOLE, "replay", "lab", "--", "sleep", "1000"]
    child = subprocess.Popen(words, env=lab.environment, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(lab.left()) == 2, "the replay's directory")
        (name,) = set(lab.left()) - {"recordings"}
        run = lab.base / name
        wait_until(lambda: (run / "pid").exists(), "its QEMU")
        qemu = qemu_of(run)
        refused = lab.run("--attach", name)
        assert refused.status == 2 and "is a replay" in refused.err
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 128 + signal.SIGTERM
        assert not is_alive(qemu)
        assert lab.left() == ["recordings"]
    finally:
        child.kill()
        child.wait()


def test_an_unknown_recording_and_a_missing_program_are_one_line(lab: Launcher) -> None:
    none = replay(lab, "none")
    assert (none.status, none.err) == (
        2,
        "error: no recording named none; scripts/run --rr makes one\n",
    )
    assert lab.run("--rr", "--exec", "echo hi").status == 0
    words = [CONSOLE, "replay", "lab", "--", "/no/such/program"]
    done = subprocess.run(words, env=lab.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: can't run /no/such/program"
