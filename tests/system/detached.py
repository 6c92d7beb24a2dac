"""A detached run from both sides: its keyboard, and QEMU's monitor."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from pathlib import Path

from launcher import DEADLINE

MARK = re.compile(rb"\x1b\]133;[^\x07]*\x07")
# A demo echoes its commands after the prompt's words; the prompt that waits comes after a command's status.
PROMPT = re.compile(rb"\x1b\]133;D;\d\x07pagelab> $")


class Keyboard:
    """The serial port of a detached run."""

    def __init__(self, run: Path) -> None:
        self.port = socket.socket(socket.AF_UNIX)
        self.port.connect(os.fspath(run / "serial.sock"))
        self.port.settimeout(0.05)

    def type(self, keys: bytes, until: re.Pattern[bytes] = PROMPT) -> str:
        """Sends keys and reads on until it has come; what came, without marks and carriage returns."""
        self.port.sendall(keys)
        seen = b""
        deadline = time.monotonic() + DEADLINE
        while not until.search(seen):
            assert time.monotonic() < deadline, seen
            try:
                seen += self.port.recv(65536)
            except TimeoutError:
                pass
        return MARK.sub(b"", seen).replace(b"\r", b"").decode()


class Monitor:
    """QEMU's human monitor, over the run's QMP socket."""

    def __init__(self, run: Path) -> None:
        self.port = socket.socket(socket.AF_UNIX)
        self.port.settimeout(DEADLINE)
        self.port.connect(os.fspath(run / "qmp.sock"))
        self.lines = self.port.makefile("r", encoding="utf-8")
        self.lines.readline()
        self._ask("qmp_capabilities")

    def _ask(self, command: str, **arguments: str) -> object:
        text = json.dumps({"execute": command, "arguments": arguments})
        self.port.sendall(text.encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            if "return" in answer:
                return answer["return"]
            assert "event" in answer, answer

    def say(self, line: str) -> str:
        """What the monitor prints for a command."""
        answer = self._ask("human-monitor-command", **{"command-line": line})
        assert isinstance(answer, str)
        return answer.replace("\r", "")
