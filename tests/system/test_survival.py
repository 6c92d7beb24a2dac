"""Random commands at hostile addresses, refusals included: the lab outlives them all, and where nothing was left
stale the CPU does what the tables predict."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import Launcher, scripts_launcher

COMMANDS = 700
SLOTS = [0, 1, 256, 257, 300, 767, 768, 769, 770, 771, 1021, 1022, 1023]
PAGES = [0, 1, 2, 255, 256, 258, 511, 768, 1022, 1023]
FRAMES = [0, 0x100, 0x101, 0x12F, 0x145, 0x150, 0x400, 0xFFFFF]
RIGHTS = ["r", "rw", "ru", "rwu", "rwg", "rw,big", "rwu,big", "rw,nc"]
LEAF_BITS = [0, 1, 3, 7, 0x83, 0x87, 0x103]
COUNTS = ["", "", " 2", " 5", " 100", " 1025"]


@pytest.fixture(name="lab")
def fixture_lab() -> Iterator[Launcher]:
    with scripts_launcher() as launcher:
        yield launcher


class Commands:
    """A source of commands; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def page(self) -> int:
        slot = self.random.choice([*SLOTS, self.random.randrange(1024)])
        return slot << 22 | self.random.choice([*PAGES, self.random.randrange(1024)]) << 12

    def address(self) -> int:
        return self.page() + self.random.choice(
            [0, 0, 4, 0xFFE, 0xFFF, self.random.randrange(4096)]
        )

    def frame(self) -> int:
        return self.random.choice([*FRAMES, self.random.randrange(4096)])

    def value(self) -> int:
        return self.frame() << 12 | self.random.choice([*LEAF_BITS, self.random.randrange(4096)])

    def coherent(self) -> str:
        """One that flushes what it changes."""
        pick = self.random.choice
        return pick(
            [
                f"map {self.page():#010x} {pick(RIGHTS)}{pick(COUNTS)}",
                f"map {self.page():#010x} p:{self.frame() << 12:#010x} {pick(RIGHTS)}{pick(COUNTS)}",
                f"unmap {self.page():#010x}{pick(COUNTS)}",
                f"protect {self.page():#010x} {pick(['r', 'rwu', '+u', '-w'])}{pick(COUNTS)}",
                f"setpde {self.random.randrange(1024)} {self.value():#010x}",
                f"setpte {self.page():#010x} {self.value():#010x}",
                f"touch {self.address():#010x} {pick('rwx')}{pick(['', ' user'])}",
                f"touch {self.address():#010x} {pick('rwx')}{pick(['', ' user'])}",
                f"peek {self.address():#010x} {self.random.randrange(1, 40)}",
                pick(["undo", "undo 2", "free tables", "flush", "flush global", "frames"]),
                f"alloc {pick([1, 2, 5, 1000])}",
                f"free p:{self.frame() << 12:#010x}",
                f"cr0 wp {pick(['on', 'off'])}",
                f"cr4 {pick(['pse', 'pge'])} {pick(['on', 'off'])}",
            ]
        )

    def any(self) -> str:
        """One that may leave a stale translation, too."""
        pick = self.random.choice
        unit = pick(["", "b ", "h "])
        return pick(
            [
                self.coherent(),
                "noflush " + f"unmap {self.page():#010x}{pick(COUNTS)}",
                "noflush " + f"map {self.page():#010x} rwu{pick(COUNTS)}",
                f"poke {unit}{self.address():#010x} {self.value() & 0xFF:#x}",
                f"poke {self.page():#010x} {self.value():#010x}",
                f"poke p:{self.address():#010x} {self.value():#010x}",
                f"fill {self.address():#010x} {self.value():#010x} {self.random.randrange(1, 3000)}",
            ]
        )


def run_script(lab: Launcher, path: Path, commands: list[str], *options: str) -> str:
    """Runs the commands and asserts that the lab lives at the end."""
    path.write_text("\n".join([*commands, "echo still alive"]) + "\n", encoding="utf-8")
    done = lab.run("--script", str(path), *options, timeout=600)
    assert done.status in (0, 1), done.out[-2000:] + done.err
    assert done.out.endswith("still alive\n"), done.out[-2000:] + done.err
    return done.out


@pytest.mark.parametrize("cpu", ["486", "max"])
def test_the_cpu_does_what_the_tables_predict(lab: Launcher, tmp_path: Path, cpu: str) -> None:
    source = Commands(1)
    commands = [source.coherent() for _ in range(COMMANDS)]
    out = run_script(lab, tmp_path / "script", commands, "--cpu", cpu)
    answers = [line for line in out.splitlines() if " predicted " in line]
    assert len(answers) > COMMANDS / 20
    assert [line for line in answers if "they agree" not in line] == []


@pytest.mark.parametrize("seed", [2, 3])
def test_the_lab_outlives_random_commands(lab: Launcher, tmp_path: Path, seed: int) -> None:
    source = Commands(seed)
    run_script(lab, tmp_path / "script", [source.any() for _ in range(COMMANDS)])
