"""Boots a guest of tests/guests that declares its tables, and tells when it is where it should be."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import live
from conftest import ROOT

GUESTS = ROOT / "tests/guests"
LONG = ("4-level", "5-level")


def assemble(directory: Path, source: str, tables: Path | None, *options: str) -> Path:
    """`source`.asm, with the tables of an .inc file if there is one; returns the ELF file."""
    image = directory / source
    command = ["nasm", "-f", "elf32", "-i", f"{GUESTS}/", *options]
    command += ["-P", str(tables)] if tables else []
    subprocess.run([*command, GUESTS / f"{source}.asm", "-o", f"{image}.o"], check=True)
    script = GUESTS / "selfmap.ld"
    subprocess.run(["ld", "-m", "elf_i386", "-T", script, f"{image}.o", "-o", image], check=True)
    return image


class Declared(live.Guest):
    """A guest that reports on QEMU's debug console."""

    def __init__(self, image: Path, directory: Path, *more: str, emulator: str) -> None:
        self.console = directory / "console"
        chardev = ["-chardev", f"file,path={self.console},id=c"]
        device = ["-device", "isa-debugcon,iobase=0xe9,chardev=c"]
        self._qmp = directory / "qmp.sock"
        monitor = ["-qmp", f"unix:{self._qmp},server=on,wait=off"]
        super().__init__(image, directory, *chardev, *device, *monitor, *more, emulator=emulator)

    def monitor(self, *commands: str) -> list[str]:
        """What QEMU's monitor answers to each command.

        Not by GDB's `monitor`: the stub never ends an answer that its socket can't take at once.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(live.DEADLINE)
            connection.connect(str(self._qmp))
            lines = connection.makefile("rw", encoding="utf-8")
            assert "QMP" in lines.readline()
            self._execute(lines, "qmp_capabilities")
            return [
                str(self._execute(lines, "human-monitor-command", **{"command-line": command}))
                for command in commands
            ]

    @staticmethod
    def _execute(lines: TextIO, name: str, **arguments: str) -> object:
        lines.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        lines.flush()
        while "return" not in (answer := json.loads(lines.readline())):
            assert "error" not in answer, answer  # events may come in between
        return answer["return"]

    def said(self) -> str:
        return self.console.read_text(encoding="ascii") if self.console.exists() else ""

    def wait_for(self, text: str) -> None:
        """Until the guest has said it; a guest that died instead is told by its log."""
        live.wait_until(lambda: text in self.said() or self.process.poll() is not None)
        assert text in self.said(), self.said() + self.log.read_text()


@contextmanager
def running(
    source: str, tables: Path | None, *more: str, options: tuple[str, ...] = (), ready: str = "!"
) -> Iterator[Declared]:
    is_long = tables is not None and tables.stem.startswith(LONG)
    emulator = "qemu-system-x86_64" if is_long else "qemu-system-i386"
    with live.private_directory() as directory:
        image = assemble(directory, source, tables, *options)
        guest = Declared(image, directory, *more, emulator=emulator)
        try:
            guest.wait_for(ready)
            yield guest
        finally:
            guest.stop()
