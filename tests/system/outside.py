"""A lab and a look at it from outside, for tests: guest RAM, decoded by hand, and QEMU's registers."""

from __future__ import annotations

import json
import mmap
import os
import re
import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path

import pytest
from faces import Monitor, SerialShell
from launcher import ROOT, Launcher

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
PAGE = 4096
VA = 0x40000000
P, RW, US, A, D, PS, G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
LAB_PAGE = 0x00101000


class Word(IntEnum):
    """Words of the lab page, by offset: kernel/interface/lab_page.hpp."""

    VERSION = 0x08
    CR3 = 0x14
    STATE = 0x38
    COMMAND_COUNT = 0x3C
    LAST_STATUS = 0x40
    HEARTBEAT = 0x44
    REQUEST = 0x48
    REQUEST_ARGUMENT = 0x4C
    RESCUES = 0xE0
    FAULTS = 0xE4
    REFUSALS = 0xE8
    REPAIRS = 0xEC
    HOST = 0xF0
    RESCUE_REPORT_PA = 0xF4


def map_ram(run: Path) -> mmap.mmap:
    """The memory of a run, read-only."""
    with open(run / "ram", "rb") as file:
        return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)


class Lab:
    """A detached lab: keys in, and a look at its memory from outside."""

    def __init__(self, run: Path) -> None:
        self.shell = SerialShell(run / "serial.sock")
        self.monitor = Monitor(run / "qmp.sock")
        self._ram = map_ram(run)

    def close(self) -> None:
        self.shell.__exit__()
        self.monitor.__exit__()
        self._ram.close()

    def ok(self, line: str) -> str:
        """What the commands of the line print, all of which must succeed."""
        return "".join(self.shell.ok(command.strip()) for command in line.split(";"))

    def word(self, pa: int) -> int:
        return int(struct.unpack_from("<I", self._ram, pa)[0])

    def lab_page(self, offset: int) -> int:
        return self.word(LAB_PAGE + offset)

    def register(self, name: str) -> int:
        match = re.search(rf"\b{name}=([0-9a-f]+)", self.monitor.hmp("info registers"))
        assert match is not None
        return int(match[1], 16)

    def pde(self, va: int, cr3: int | None = None) -> int:
        return self.word((self.register("CR3") if cr3 is None else cr3) + (va >> 22) * 4)

    def pte(self, va: int, cr3: int | None = None) -> int:
        pde = self.pde(va, cr3)
        return self.word((pde & ~0xFFF) + (va >> 12 & 1023) * 4) if pde & P else 0

    def space(self, number: int) -> int:
        """The directory of a space."""
        records = [json.loads(line) for line in self.ok("space list --json").splitlines()]
        return next(int(record["cr3"], 16) for record in records if record["number"] == number)

    def entries(self, cr3: int) -> dict[int, int]:
        """The user entries of a directory and its tables, without A and D, by where they stand."""
        found = {}
        for pdi in range(768):
            pde = self.word(cr3 + pdi * 4)
            if pde != 0:
                found[cr3 + pdi * 4] = pde & ~(A | D)
            if pde & P and not pde & PS:
                for at in range(pde & ~0xFFF, (pde & ~0xFFF) + PAGE, 4):
                    if self.word(at) != 0:
                        found[at] = self.word(at) & ~(A | D)
        return found

    def state(self) -> tuple[object, ...]:
        """All that a command can change and undo brings back."""
        numbers = [json.loads(line)["number"] for line in self.ok("space list --json").splitlines()]
        spaces = {number: self.entries(self.space(number)) for number in numbers}
        registers = tuple(self.register(name) for name in ("CR0", "CR3", "CR4"))
        return spaces, registers, self.lab_page(0x24)


@pytest.fixture(name="base", scope="module")
def fixture_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pl")


@pytest.fixture(name="lab")
def fixture_lab(base: Path) -> Iterator[Lab]:
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    kernel = os.fspath(BUILD / "kernel" / "pagelab.elf")
    launcher = Launcher(base, [program, "run", "--kernel", kernel], [program, "stop"])
    done = launcher.run("--detach", "--name", "effects")
    assert done.status == 0, done.err
    lab = Lab(Path(done.out.strip().splitlines()[-1]))
    yield lab
    lab.close()
    assert launcher.stop("effects").status == 0
    assert launcher.left() == []
