"""The faces of one running lab, for tests: its shell over the serial socket, GDB with the plugin, and QEMU's monitor."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OUTPUT_BEGIN = b"\x1b]133;C\x07"
OUTPUT_END = re.compile(rb"\x1b\]133;D;(\d)\x07")
DEADLINE = 60.0


class SerialShell:
    """Types commands into the lab's shell and reads what lies between the marks."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE)
        self._socket.connect(os.fspath(path))
        self._buffer = b""

    def __enter__(self) -> SerialShell:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def run(self, command: str) -> tuple[int, str]:
        """The status and the output of one command."""
        self.send(command)
        return self.answer()

    def send(self, command: str) -> None:
        """Types a command and waits for nothing but its beginning."""
        self.type(command + "\r")
        self._read_until(lambda: OUTPUT_BEGIN in self._buffer)
        self._buffer = self._buffer.split(OUTPUT_BEGIN, 1)[1]

    def type(self, keys: str) -> None:
        self._socket.sendall(keys.encode())

    def wait_for(self, words: str) -> None:
        """Until the command that runs has said so."""
        self._read_until(lambda: words.encode() in self._buffer)

    def answer(self) -> tuple[int, str]:
        """The end of the command that was sent: its status and its output."""
        self._read_until(lambda: OUTPUT_END.search(self._buffer) is not None)
        end = OUTPUT_END.search(self._buffer)
        assert end is not None
        output, self._buffer = self._buffer[: end.start()], self._buffer[end.end() :]
        return int(end[1]), output.decode().replace("\r\n", "\n")

    def ok(self, command: str) -> str:
        """The output of a command that must succeed."""
        status, output = self.run(command)
        assert status == 0, f"{command}: status {status}\n{output}"
        return output

    def _read_until(self, done: Any) -> None:
        until = time.monotonic() + DEADLINE
        while not done():
            assert time.monotonic() < until, f"no answer; last read: {self._buffer[-300:]!r}"
            piece = self._socket.recv(65536)
            assert piece, "the lab closed its serial port"
            self._buffer += piece


def connect(path: Path) -> socket.socket:
    """To a socket of a QEMU that has just begun: it is there before anybody listens."""
    end = time.monotonic() + DEADLINE
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(DEADLINE)
        try:
            connection.connect(os.fspath(path))
            return connection
        except ConnectionRefusedError:
            connection.close()
            assert time.monotonic() < end, f"nobody listens at {path}"
            time.sleep(0.01)


class Monitor:
    """QEMU's own opinion, by human-monitor-command over QMP."""

    def __init__(self, path: Path) -> None:
        self._socket = connect(path)
        self._file = self._socket.makefile("rw", encoding="utf-8")
        json.loads(self._file.readline())
        self.execute("qmp_capabilities")

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def execute(self, command: str, **arguments: Any) -> Any:
        """One QMP command; events in between are passed over."""
        self._file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._file.flush()
        while True:
            answer = json.loads(self._file.readline())
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, answer

    def hmp(self, line: str) -> str:
        """The text that the human monitor answers."""
        answer = self.execute("human-monitor-command", **{"command-line": line})
        return str(answer).replace("\r\n", "\n")


@dataclass
class TlbLine:
    """One page of `info tlb`: the leaf's address and flags."""

    va: int
    pa: int
    flags: str


def info_tlb(text: str) -> dict[int, TlbLine]:
    """Pages by virtual address."""
    lines = re.findall(r"^([0-9a-f]+): ([0-9a-f]+) ([-A-Z]{9})$", text, re.MULTILINE)
    return {int(va, 16): TlbLine(int(va, 16), int(pa, 16), flags) for va, pa, flags in lines}


def info_mem(text: str) -> list[tuple[int, int, str]]:
    """Ranges (first, end, rights) with the rights of both levels."""
    lines = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) [0-9a-f]+ ([-urw]{3})$", text, re.MULTILINE)
    return [(int(first, 16), int(end, 16), rights) for first, end, rights in lines]


def gdb_walks(socket_path: Path, addresses: list[int], folder: Path) -> list[str]:
    """`pagewalk --json` of each address, by a real GDB that attaches and detaches."""
    script = folder / "walks.gdb"
    lines = ["set pagination off", "set confirm off", f"source {ROOT}/gdb-plugin/pagelab.py"]
    lines.append(f"target remote {socket_path}")
    lines += [f"pagewalk {va:#x} --json" for va in addresses]
    lines.append("detach")
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        ["gdb", "-nx", "-q", "--batch", "-x", os.fspath(script)],
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
        check=False,
    )
    records = [line for line in done.stdout.splitlines() if line.startswith('{"record":"walk"')]
    assert len(records) == len(addresses), done.stdout[-2000:] + done.stderr[-2000:]
    return records
