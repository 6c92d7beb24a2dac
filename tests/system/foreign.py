"""Somebody else's QEMU with a guest that knows nothing of pagelab, for tests of what watches from outside."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from faces import DEADLINE, ROOT, Monitor

GUESTS = ROOT / "tests/guests"
MODES = GUESTS / "modes"
PAGE = 4096


def build(folder: Path, source: str, mode: str | None = None) -> Path:
    """Assembles a guest of tests/guests; the ELF file."""
    image = folder / (mode or source)
    include = ["-i", f"{GUESTS}/"] + (["-P", f"{MODES}/{mode}.inc"] if mode else [])
    subprocess.run(
        ["nasm", "-f", "elf32", *include, GUESTS / f"{source}.asm", "-o", f"{image}.o"], check=True
    )
    linker = ["ld", "-m", "elf_i386", "-T", GUESTS / "selfmap.ld", f"{image}.o", "-o", image]
    subprocess.run(linker, check=True)
    return image


def build_flat(folder: Path, source: str) -> Path:
    """The same of one that is a flat image."""
    image = folder / source
    subprocess.run(["nasm", "-f", "bin", GUESTS / f"{source}.asm", "-o", image], check=True)
    return image


class ForeignQemu:
    """Two options make it watchable: RAM in a shared file, and a QMP socket. The test has a QMP of its own."""

    def __init__(
        self,
        folder: Path,
        image: Path,
        *more: str,
        share: str = "on",
        emulator: str = "qemu-system-i386",
        memory: str = "16M",
        machine: str = "pc",
    ) -> None:
        self.folder = folder
        self.qmp = folder / "qmp.sock"
        self.ram = folder / "ram"
        own = folder / "own.sock"
        for left in (self.qmp, own):
            left.unlink(missing_ok=True)
        backend = f"memory-backend-file,id=ram,share={share},mem-path={self.ram},size={memory}"
        command = [emulator, "-accel", "tcg", "-cpu", "max", "-display", "none", "-nodefaults"]
        command += ["-m", memory, "-object", backend, "-machine", f"{machine},memory-backend=ram"]
        command += ["-qmp", f"unix:{self.qmp},server=on,wait=off"]
        command += ["-qmp", f"unix:{own},server=on,wait=off", "-kernel", str(image), *more]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            end = time.monotonic() + DEADLINE
            while not (own.exists() and self.qmp.exists()):
                assert self.process.poll() is None and time.monotonic() < end, "QEMU did not start"
                time.sleep(0.01)
            self.monitor = Monitor(own)
        except BaseException:
            self.kill()
            raise

    def boots(self, cr0_bit: int = 31) -> None:
        """Waits until the guest has paging on."""
        end = time.monotonic() + DEADLINE
        while not self.register("CR0") >> cr0_bit & 1:
            assert time.monotonic() < end, "the guest does not turn paging on"
            time.sleep(0.01)

    def register(self, name: str) -> int:
        text = self.monitor.hmp("info registers")
        return int(text.split(f"{name}=", 1)[1].split()[0], 16)

    @property
    def where(self) -> list[str]:
        return ["--qmp", str(self.qmp), "--ram", str(self.ram)]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.monitor.__exit__()
        self.kill()
        self.ram.unlink(missing_ok=True)
