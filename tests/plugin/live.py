"""A guest in QEMU and real GDBs on it, for the live tests: private directory, deadlines, own children."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import ROOT

GUESTS = ROOT / "tests/guests"
PLUGIN = ROOT / "gdb-plugin/pagelab.py"
TOOLS = ("qemu-system-i386", "qemu-system-x86_64", "gdb", "nasm", "ld")
DEADLINE = 30.0  # seconds; generous, for a machine that does other things too


def missing_tools() -> list[str]:
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def build(directory: Path, source: str, *options: str) -> Path:
    """Assembles a guest of tests/guests; returns the ELF file."""
    image = directory / source
    command = ["nasm", "-f", "elf32", *options, GUESTS / f"{source}.asm", "-o", f"{image}.o"]
    subprocess.run(command, check=True)
    script = GUESTS / "selfmap.ld"
    subprocess.run(["ld", "-m", "elf_i386", "-T", script, f"{image}.o", "-o", image], check=True)
    return image


class Guest:
    """One QEMU with its stub on a unix socket."""

    def __init__(
        self, image: Path, directory: Path, *more: str, emulator: str = "qemu-system-i386"
    ) -> None:
        # A 64-bit stub does not go with the 32-bit file that a multiboot guest is.
        self.image = image if emulator == "qemu-system-i386" else None
        self.socket = directory / "gdb.sock"
        self.log = directory / "qemu.log"
        command = [emulator, "-accel", "tcg", "-cpu", "max", "-m", "16M"]
        command += ["-display", "none", "-nodefaults", "-no-user-config", "-kernel", str(image)]
        command += ["-chardev", f"socket,path={self.socket},server=on,wait=off,id=g"]
        command += ["-gdb", "chardev:g", *more]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_until(lambda: self.socket.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def gdb(self, *commands: str, source: bool = True, before: tuple[str, ...] = ()) -> str:
        """What a GDB prints that attaches, runs the commands, and detaches: stdout and stderr."""
        words = ["set pagination off", "set confirm off", "set width 0", *before]
        words += [f"target remote {self.socket}"]
        words += [f"source {PLUGIN}"] if source else []
        return run_gdb(
            self.image, *words, "echo --begin--\\n", *commands, "echo --end--\\n", "detach"
        )

    def ask(self, *commands: str) -> list[str]:
        """The lines that the commands print, without GDB's own."""
        output = self.gdb(*commands)
        return output.split("--begin--\n", 1)[1].split("--end--\n", 1)[0].splitlines()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_gdb(image: Path | None, *commands: str) -> str:
    line = ["gdb", "-nx", "-batch"] + ([str(image)] if image else [])
    for command in commands:
        line += ["-ex", command]
    environment = os.environ | {"LC_ALL": "C", "HOME": "/nonexistent", "DEBUGINFOD_URLS": ""}
    done = subprocess.run(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE,
        env=environment,
        check=False,
    )
    return done.stdout.decode()


def wait_until(condition) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "the deadline passed"
        time.sleep(0.01)


@contextmanager
def private_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pagelab-") as name:
        yield Path(name)


@contextmanager
def running(
    *more: str,
    source: str = "selfmap",
    defines: tuple[str, ...] = (),
    emulator: str = "qemu-system-i386",
) -> Iterator[Guest]:
    with private_directory() as directory:
        guest = Guest(build(directory, source, *defines), directory, *more, emulator=emulator)
        try:
            yield guest
        finally:
            guest.stop()
