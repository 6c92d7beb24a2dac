"""A kernel on the other end of a serial line, in QEMU or in Bochs, with nobody between: no console, no snapshots, no
NMI from outside. What it survives, it survives by itself.

The line is a pseudo-terminal. A line of commands is typed at the prompt, and what comes up to the next one is its
answer.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
import tty
from pathlib import Path

import bochs

PROMPT = re.compile(rb"(?:^|\n)pagelab(?::\d+)?> $")
MEMORY = 16  # MiB
# Bochs looks for a typed byte ten times in a second of the machine's own time: that passes sooner on a slow machine.
SPEED = 2000000
DEADLINE = 30.0
# From here on the line editor scrolls.
WIDTH = 70
# Bytes that a UART holds: more at once could be lost on their way in.
FIFO = 16


class Dead(AssertionError):
    """The machine ended, or came to no prompt."""


class Guest:
    """One machine from its boot to `close`."""

    def __init__(self, engine: str, kernel: Path, folder: Path) -> None:
        """Boots. `folder` is empty and ours."""
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.drawn: bochs.Screen | None = None
        if engine == "bochs":
            serial = f"mode=term, dev={self.device()}"
            bochs.configure(kernel, ["echo booted"], folder, serial, memory=MEMORY, speed=SPEED)
            self.drawn = bochs.Screen()
            self.emulator = bochs.start(folder, self.drawn)
        else:
            self.emulator = self._qemu(kernel)
        try:
            self._read_until(PROMPT)
        except Dead:
            self.close()
            raise

    def device(self) -> str:
        """The line's end that the machine has."""
        return os.ttyname(self.slave)

    def _qemu(self, kernel: Path) -> subprocess.Popen[bytes]:
        command = ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-nodefaults"]
        command += ["-no-user-config", "-display", "none", "-m", f"{MEMORY}M", "-no-reboot"]
        command += ["-serial", self.device(), "-kernel", os.fspath(kernel)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def type(self, line: str, seconds: float = DEADLINE) -> str:
        """The answer to a line of commands, short enough that the editor need not scroll it."""
        assert len(line) < WIDTH
        for at in range(0, len(line), FIFO):
            part = line[at : at + FIFO].encode()
            os.write(self.master, part)
            self._read_until(re.compile(re.escape(part)), seconds)
        os.write(self.master, b"\r")
        return self._read_until(PROMPT, seconds)

    def _read_until(self, wanted: re.Pattern[bytes], seconds: float = DEADLINE) -> str:
        """What comes, until the end of it is `wanted`."""
        until = time.monotonic() + seconds
        said = b""
        while not wanted.search(said):
            if select.select([self.master], [], [], 0.1)[0]:
                said += os.read(self.master, 65536)
            elif self.emulator.poll() is not None:
                raise Dead(f"the machine ended: {said.decode(errors='replace')}")
            elif time.monotonic() > until:
                raise Dead(f"no prompt in {seconds} s: {said.decode(errors='replace')}")
        return said.decode(errors="replace").replace("\r\n", "\n")

    def close(self) -> None:
        """Ends the machine. Bochs takes no other signal."""
        self.emulator.kill()
        self.emulator.wait()
        if self.drawn:
            self.drawn.close()
        os.close(self.slave)
        os.close(self.master)
