"""When did a translation change? Asked of a replay of a recorded run, and refused elsewhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import live
from conftest import ROOT

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


@pytest.fixture(name="recorded", scope="module")
def fixture_recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording of the guest, from reset until it has said that it is done."""
    folder = tmp_path_factory.mktemp("rr")
    image = live.build(folder, "changing")
    said = folder / "said"
    child = subprocess.Popen(
        [*machine(image, folder, "record"), "-chardev", f"file,path={said},id=c"],
        stdin=subprocess.DEVNULL,
    )
    try:
        live.wait_until(lambda: said.exists() and said.read_bytes() == b"E")
        child.send_signal(signal.SIGTERM)
        child.wait(live.DEADLINE)
    finally:
        child.kill()
        child.wait()
    return folder


def machine(image: Path, folder: Path, mode: str) -> list[str]:
    command = ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-m", "16M", "-display", "none"]
    command += ["-nodefaults", "-no-user-config", "-kernel", os.fspath(image)]
    command += ["-icount", f"shift=7,rr={mode},rrfile={folder}/log"]
    return [*command, "-device", "isa-debugcon,iobase=0xe9,chardev=c"]


@contextmanager
def replaying(folder: Path, *more: str) -> Iterator[Path]:
    socket = folder / "gdb.sock"
    socket.unlink(missing_ok=True)
    command = machine(folder / "changing", folder, "replay")
    command += ["-chardev", f"file,path={folder}/again,id=c", "-S", *more]
    command += ["-chardev", f"socket,path={socket},server=on,wait=off,id=g", "-gdb", "chardev:g"]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        live.wait_until(lambda: socket.exists() or child.poll() is not None)
        yield socket
    finally:
        child.kill()
        child.wait()


LAB_COMMANDS = (
    "map 0x40000000 rw 2; protect 0x40000000 r; unmap 0x40001000; setpde 256 0; echo done"
)


@pytest.fixture(name="lab", scope="module")
def fixture_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The lab's kernel and the stub's socket of a replay of its commands."""
    build = [ROOT / "scripts" / "run", "--exec", "echo built"]
    base = os.fspath(tmp_path_factory.mktemp("pl"))
    subprocess.run(build, env={**os.environ, "PAGELAB_DIR": base}, check=True, timeout=300)
    kernel = ROOT / "build-run/kernel/pagelab.elf"
    folder = tmp_path_factory.mktemp("rr")
    said, socket = folder / "said", folder / "gdb.sock"

    def command(mode: str) -> list[str]:
        words = machine(kernel, folder, mode)[:-2] + ["-append", f"-- batch -- {LAB_COMMANDS}"]
        return [*words, "-serial", f"file:{folder}/{'said' if mode == 'record' else 'again'}"]

    for mode in ("record", "replay"):
        more = ["-S", "-chardev", f"socket,path={socket},server=on,wait=off,id=g"]
        words = command(mode) + ([*more, "-gdb", "chardev:g"] if mode == "replay" else [])
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if mode == "record":
                live.wait_until(lambda: said.exists() and b"\x07done" in said.read_bytes())
                child.send_signal(signal.SIGTERM)
                child.wait(live.DEADLINE)
            else:
                live.wait_until(lambda: socket.exists() or child.poll() is not None)
                yield kernel, socket
        finally:
            child.kill()
            child.wait()


def test_in_a_lab_the_command_is_named(lab: tuple[Path, Path]) -> None:
    kernel, socket = lab
    words = ["set width 0", f"source {live.PLUGIN}", f"target remote {socket}"]
    lines = live.run_gdb(kernel, *words, "pagewhen 0x40000000").splitlines()
    told = [line for line in lines if line.startswith(("PTE", "PDE"))]
    assert [line.split("command: ")[1] for line in told] == [
        "map 0x40000000 rw 2",
        "map 0x40000000 rw 2",
        "protect 0x40000000 r",
        "setpde 256 0",
    ]
    assert "write_pde" in told[-1] and "through 0xfffff400" in told[-1]


def ask(folder: Path, *commands: str, more: tuple[str, ...] = ()) -> list[str]:
    with replaying(folder, *more) as socket:
        words = ["set width 0", f"source {live.PLUGIN}", f"target remote {socket}"]
        return live.run_gdb(folder / "changing", *words, *commands).splitlines()


EXPECTED = [
    ("PTE 64:0  0x00300003 -> 0x00301003", "through_window", "through 0xffc40000"),
    ("PTE 64:0  0x00301003 -> 0x00302003", "through_alias", "through 0x00202000"),
    ("PDE 64  0x00202063 -> 0x00203003", "through_directory", "through 0xfffff100"),
]


@pytest.mark.parametrize(
    "before", [(), ("hbreak paging", "continue", "delete")], ids=["from reset", "from paging on"]
)
def test_every_change_is_told_whichever_alias(recorded: Path, before: tuple[str, ...]) -> None:
    lines = ask(recorded, *before, "pagewhen 0x10000000")
    told = [line for line in lines if line.startswith(("PTE", "PDE"))]
    assert len(told) == len(EXPECTED), lines
    for line, (entry, function, place) in zip(told, EXPECTED):
        assert line.startswith(entry) and f" in {function}" in line and place in line
    count = told[-1].rsplit("at instruction ", 1)[1]
    assert lines[-1].startswith(
        f"the translation of 0x10000000 last changed at instruction {count}"
    )


def test_two_replays_say_the_same(recorded: Path) -> None:
    # GDB's own line about QEMU's end comes or not, as the socket closes; only records are compared.
    lines = (ask(recorded, "pagewhen 0x10000000 --json") for _ in range(2))
    first, second = ([json.loads(line) for line in one if line.startswith("{")] for one in lines)
    assert first == second
    assert [record["new"] for record in first] == ["0x00301003", "0x00302003", "0x00203003"]


def test_an_address_that_stays_and_a_recording_that_has_ended(recorded: Path) -> None:
    lines = ask(recorded, "pagewhen 0x00001000", "pagewhen 0x10000000", more=("-no-shutdown",))
    assert "the translation of 0x00001000 did not change until the recording ended" in lines
    assert "QEMU does not go back from the end of a recording: start the replay again" in lines


def test_without_a_snapshot_of_the_start_it_says_how_to_have_one(recorded: Path) -> None:
    lines = ask(recorded, "hbreak through_alias", "continue", "pagewhen 0x10000000 --before")
    told = "this replay has no snapshot of its start to go back to: "
    assert any(line.startswith(told) for line in lines), lines


def test_a_guest_that_is_no_replay_says_so() -> None:
    with live.running() as guest:
        line = guest.ask("pagewhen 0x1000")[0]
    assert line.startswith("this guest is no replay of a recorded run")
