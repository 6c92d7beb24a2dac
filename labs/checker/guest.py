"""A lab's machine, for the checker: commands in over the serial line, and what it holds, read from outside.

What the guest prints is used for one thing only: to know when a command has ended, and to tell the student of a
fault in its own words. Verdicts come from guest RAM and QEMU's monitor.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import re
import socket
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import image as images

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "serial-console/pagelab-console"
KERNEL = "kernel/pagelab.elf"
P, RW, US, A, D, PS = 1, 2, 4, 0x20, 0x40, 0x80
FRAME = 0xFFFFF000
WALL_SECONDS = 30.0
# A function of these labs takes microseconds; this is a backstop, and what it ends counts as a loop.
CALL_SECONDS = 3.0
_BEGIN = b"\x1b]133;C\x07"
_PROMPT = b"pagelab> "
_PUNCH_HOLE = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE, and FALLOC_FL_KEEP_SIZE, which it needs
_END = re.compile(rb"\x1b\]133;D;(\d)\x07")
_LAST_CALL = images.HEADER.size + 4 * 2  # words `calls` and `result` of the image's header


class GuestLost(Exception):
    """The machine died or stopped answering; the text says how."""


class NotGraded(Exception):
    """The checker itself could not work: no verdict, never zero points."""


@dataclass(frozen=True)
class Answer:
    """How a command ended, and what it said."""

    status: int
    text: str


class Monitor:
    """QEMU's monitor protocol, one question at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = _connect(path)
        self._file = self._socket.makefile("rw", encoding="utf-8")
        self._file.readline()
        self.execute("qmp_capabilities")

    def close(self) -> None:
        """Hangs up."""
        self._file.close()
        self._socket.close()

    def execute(self, command: str, **arguments: Any) -> Any:
        """The answer to one command; events in between are passed over."""
        self._file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            line = self._file.readline()
            if not line:
                raise GuestLost("QEMU has ended")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise NotGraded(f"QEMU: {answer['error'].get('desc', answer)}")

    def register(self, name: str) -> int:
        """A control register, as `info registers` shows it."""
        text = self.execute("human-monitor-command", **{"command-line": "info registers"})
        match = re.search(rf"\b{name}=([0-9a-f]+)", text)
        if match is None:
            raise NotGraded(f"no {name} in QEMU's registers")
        return int(match[1], 16)


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(WALL_SECONDS)
    connection.connect(os.fspath(path))
    return connection


class Guest:
    """One run of the lab with a student's image; a context."""

    def __init__(self, image: bytes, build: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="plab-")
        self._build = build or Path(os.environ.get("PAGELAB_BUILD_RUN", ROOT / "build-run"))
        self._base = Path(self._folder.name) / "r"
        self._image = Path(self._folder.name) / "image"
        self._image.write_bytes(image)
        self._buffer = b""
        self._image_at: int | None = None  # where the loader put it; it does not move
        self._environment = {**os.environ, "PAGELAB_DIR": os.fspath(self._base)}

    def __enter__(self) -> Guest:
        self._run = self._start()
        try:
            self.monitor = Monitor(self._run / "qmp.sock")
            self._serial = _connect(self._run / "serial.sock")
            with open(self._run / "ram", "rb") as file:
                self._ram = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except OSError as error:
            self._stop()
            raise NotGraded(f"the machine's sockets: {error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._ram.close()
        self._serial.close()
        self.monitor.close()
        self._stop()

    def _start(self) -> Path:
        command = [
            os.fspath(self._build / PROGRAM),
            "run",
            "--kernel",
            os.fspath(self._build / KERNEL),
        ]
        command += ["--exercise", os.fspath(self._image), "--icount", "--detach", "--name", "lab"]
        try:
            done = subprocess.run(
                command,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=WALL_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self._stop()
            raise NotGraded(f"the machine did not start: {error}") from error
        if done.returncode != 0:
            self._folder.cleanup()
            raise NotGraded(f"the machine did not start: {done.stderr.strip()}")
        return Path(done.stdout.strip().splitlines()[-1])

    def _stop(self) -> None:
        command = [os.fspath(self._build / PROGRAM), "stop", "lab"]
        subprocess.run(
            command, env=self._environment, capture_output=True, timeout=WALL_SECONDS, check=False
        )
        self._folder.cleanup()

    def reboot(self) -> None:
        """The machine as it was at first: all memory zero, then booted to the prompt."""
        self.monitor.execute("stop")
        with open(self._run / "ram", "r+b") as file:
            libc = ctypes.CDLL(None, use_errno=True)
            size = ctypes.c_int64(len(self._ram))
            if libc.fallocate(file.fileno(), _PUNCH_HOLE, ctypes.c_int64(0), size) != 0:
                raise NotGraded(f"the machine's memory: {os.strerror(ctypes.get_errno())}")
        self._serial.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while self._serial.recv(65536):
                pass
        self._buffer = b""
        self.monitor.execute("set-action", reboot="reset")
        self.monitor.execute("system_reset")
        self.monitor.execute("cont")
        self._await(lambda: _PROMPT in self._buffer, WALL_SECONDS)
        self.monitor.execute("set-action", reboot="shutdown")
        self._buffer = b""

    # --- doing ---------------------------------------------------------------------------------------------
    def run(self, command: str) -> Answer:
        """Types one command and waits for its end. One that does not end is ended by an NMI."""
        self._serial.sendall(command.encode() + b"\r")
        self._await(lambda: _BEGIN in self._buffer, WALL_SECONDS)
        self._buffer = self._buffer.split(_BEGIN, 1)[1]
        if not self._await(lambda: _END.search(self._buffer) is not None, CALL_SECONDS):
            self.monitor.execute("inject-nmi")
            if not self._await(lambda: _END.search(self._buffer) is not None, CALL_SECONDS):
                raise GuestLost("the machine no longer answers, not even to an NMI")
        end = _END.search(self._buffer)
        assert end is not None
        text = self._buffer[: end.start()].decode(errors="replace").replace("\r\n", "\n")
        self._buffer = self._buffer[end.end() :]
        return Answer(int(end[1]), text)

    def _await(self, done: Any, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not done():
            left = until - time.monotonic()
            if left <= 0:
                if seconds == WALL_SECONDS:
                    raise NotGraded("the machine is too slow to be judged")
                return False
            self._serial.settimeout(min(left, 0.2))
            try:
                piece = self._serial.recv(65536)
            except TimeoutError:
                if not self.monitor.execute("query-status").get("running", False):
                    raise GuestLost("the machine died (a triple fault)") from None
                continue
            if not piece:
                raise GuestLost("QEMU has ended")
            self._buffer = (self._buffer + piece)[-1_000_000:]
        return True

    # --- looking -------------------------------------------------------------------------------------------
    def word(self, pa: int) -> int:
        """A word of guest memory; all ones beyond it, as on a bus where nothing answers."""
        if pa + 4 > len(self._ram):
            return 0xFFFFFFFF
        return int(struct.unpack_from("<I", self._ram, pa)[0])

    def directory(self) -> int:
        """Where CR3 points."""
        return self.monitor.register("CR3") & FRAME

    def pde(self, va: int, directory: int | None = None) -> int:
        """The directory's entry for an address."""
        return self.word((self.directory() if directory is None else directory) + (va >> 22) * 4)

    def pte(self, va: int, directory: int | None = None) -> int:
        """The table's entry for an address; 0 where there is no table."""
        pde = self.pde(va, directory)
        return self.word((pde & FRAME) + (va >> 12 & 1023) * 4) if pde & P and not pde & PS else 0

    def translate(self, va: int) -> int | None:
        """The physical address, by the tables in memory."""
        directory = self.directory()
        pde = self.pde(va, directory)
        if not pde & P:
            return None
        if pde & PS:
            return (pde & 0xFFC00000) | (va & 0x3FFFFF)
        pte = self.pte(va, directory)
        return (pte & FRAME) | (va & 0xFFF) if pte & P else None

    def bytes_of(self, pa: int) -> bytes:
        """The frame at an address."""
        return bytes(self._ram[pa : pa + images.PAGE])

    def last_call(self) -> tuple[int, int]:
        """How many calls have returned, and what the last one gave back."""
        if self._image_at is None:
            self._image_at = self.translate(images.BASE)
        if self._image_at is None:
            raise GuestLost("the student's image is not mapped")
        return self.word(self._image_at + _LAST_CALL), self.word(self._image_at + _LAST_CALL + 4)

    def frame_role(self, pa: int) -> str:
        """What the kernel's record says of a frame."""
        record = self.word(self._records(pa))
        roles = ("reserved", "free", "kernel", "directory", "table", "data")
        return roles[record >> 28] if record >> 28 < len(roles) else "unknown"

    def _records(self, pa: int) -> int:
        at = self.translate(0xC0400000 + (pa >> 12) * 4)
        return at if at is not None else 1 << 40
