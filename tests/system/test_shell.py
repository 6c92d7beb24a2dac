"""The shell on the real kernel: every example that help prints, and keys over the serial socket."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import DEADLINE, ROOT, Launcher, scripts_launcher

BUILT = ROOT / "build-run"
MARK = re.compile(rb"\x1b\]133;[^\x07]*\x07")
PROMPT = b"\r\npagelab> "


@pytest.fixture(name="lab")
def fixture_lab() -> Iterator[Launcher]:
    with scripts_launcher() as launcher:
        yield launcher


def printed_examples(lab: Launcher) -> list[str]:
    """The indented lines of help on every command and topic."""
    overview = lab.run("--exec", "help").out.splitlines()
    names = [name for line in overview[:-1] for name in line.split()[1:]]
    assert "walk" in names and "rights" in names
    pages = lab.run("--exec", "; ".join(f"help {name}" for name in names)).out.splitlines()
    return sorted({line.strip() for line in pages if line.startswith("  ")})


def test_every_example_of_help_works_on_a_fresh_machine(lab: Launcher) -> None:
    examples = printed_examples(lab)
    assert len(examples) > 80
    # scripts/run has built it above; the program itself starts a machine in a fraction of the time.
    program = os.fspath(BUILT / "serial-console" / "pagelab-console")
    direct = Launcher(
        lab.base, [program, "run", "--kernel", os.fspath(BUILT / "kernel" / "pagelab.elf")], []
    )
    failed = {}
    for example in examples:
        # An example that breaks the machine works if the lab survives it.
        breaks = example.startswith("crash ")
        done = direct.run("--exec", f"{example}; echo alive" if breaks else example)
        if done.status != int(breaks) or breaks and not done.out.endswith("alive\n"):
            failed[example] = done.out + done.err
    assert failed == {}


class Keyboard:
    """The serial port of a detached run."""

    def __init__(self, run: Path) -> None:
        self.port = socket.socket(socket.AF_UNIX)
        self.port.connect(os.fspath(run / "serial.sock"))
        self.port.settimeout(0.05)

    def type(self, keys: bytes, until: bytes = PROMPT) -> bytes:
        """Sends keys and reads until what comes back, without its marks, ends so."""
        self.port.sendall(keys)
        seen = b""
        deadline = time.monotonic() + DEADLINE
        while not MARK.sub(b"", seen).endswith(until):
            assert time.monotonic() < deadline, seen
            try:
                seen += self.port.recv(65536)
            except TimeoutError:
                pass
        return MARK.sub(b"", seen)


@pytest.fixture(name="keyboard")
def fixture_keyboard(lab: Launcher) -> Iterator[Keyboard]:
    done = lab.run("--detach", "--name", "keys")
    assert done.status == 0, done.err
    keyboard = Keyboard(Path(done.out.strip().splitlines()[-1]))
    yield keyboard
    keyboard.port.close()


def test_tab_completes_and_history_recalls(keyboard: Keyboard) -> None:
    assert b"0xc0100000 = 768:256:0x000" in keyboard.type(b"wa\t0xc0100000\r")
    again = keyboard.type(b"\x1b[A\r")
    assert b"walk 0xc0100000" in again and b"0xc0100000 = 768:256:0x000" in again
    assert b"maps" in keyboard.type(b"ma\t\t", until=b"\x1b[12C")
    keyboard.type(b"\x03")


def test_ctrl_c_ends_a_repetition_at_once_and_drops_the_rest(keyboard: Keyboard) -> None:
    keyboard.type(
        b"repeat 1000000000 walk 0xc0100000; echo never\r", until=b"-x  user ---  global\r\n"
    )
    started = time.monotonic()
    rest = keyboard.type(b"\x03")
    assert time.monotonic() - started < 2
    assert rest.endswith(b"interrupted" + PROMPT)
    assert b"never\r\n" not in rest


def test_ctrl_c_drops_the_line_that_is_typed(keyboard: Keyboard) -> None:
    assert b"^C" in keyboard.type(b"map 0x40000000\x03")
    assert b"no page" in keyboard.type(b"walk 0x40000000\r")


def test_a_paste_of_lines_runs_in_order(keyboard: Keyboard) -> None:
    lines = b"".join(b"echo line %d\r" % number for number in range(40))
    answer = keyboard.type(lines + b"echo the end\r", until=b"the end" + PROMPT)
    told = re.findall(rb"\r\nline (\d+)\r\n", answer)
    assert [int(number) for number in told] == list(range(40))
