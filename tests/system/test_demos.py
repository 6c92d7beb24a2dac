"""Every demo on the real kernel: what it shows is there, and the lab is afterwards as it was.

What the lab is comes from outside: QEMU's own walk of the tables, its registers, and the frame records in the
guest's RAM.
"""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import bochs
from detached import Keyboard, Monitor
from launcher import DEADLINE, ROOT, Launcher, scripts_launcher

# A line, or a part of one, that the script's effect is; each must come, in this order.
EFFECTS = {
    "stale": ["0x00001111", "still reads another page", "Cure", "0x00002222"],
    "wrong-invlpg": ["0x58568000  0x00002222", "0x58168000  0x00001111", "0x58168000  0x00002222"],
    "window": ["0x58168000  0x00004444", "1 of 1024 entries", "Cure", "2 of 1024 entries"],
    "foreign": [
        "0x58568000  0x00003333",
        "0x58569000  0x00002222",
        "Cure",
        "0x58569000  0x00003333",
    ],
    "self-map": ["left out", "0x585605a0  0x00", "#PF", "Cure", "0x585605a0  0x00"],
    "user-window": [
        "user    write  allowed",
        "error self-map-user-writable",
        "Cure",
        "CPU fault 0x5",
    ],
    "copied": ["error self-map-copied", "#PF", "PDE 352 is not present", "Cure", "0 errors"],
    "pde-read-only": [
        "#PF",
        "error code 0x3",
        "shows PTE 352:360",
        "CR0.WP = 0",
        "Cure",
        "wrote 1",
    ],
    "pde-rights": ["P RW US", "kernel r-x  user ---", "CPU fault 0x7", "Cure", "CPU allowed"],
    "big": ["0xffd61000  0x0000cafe", "0x58400000  0x00100003", "Cure", "P RW A D PS"],
    "bit7": ["pde  P RW D PS G", "pte  P RW D PAT G", "pde  P RW  -> table", "Cure"],
    "accessed": ["007  P RW US  ->", "027  P RW US A", "067  P RW US A", "Cure"],
    "global": [
        "QEMU ignores G",
        "0x00000000",
        "now in space 1",
        "fresh",
        "Cure",
        "pages flushed too",
    ],
    "no-table": [
        "#PF",
        "0xffd605a0",
        "shows PTE 352:360 of 0x58168000",
        "Cure",
        "0xffd605a0  0x00",
    ],
    "freed-table": ["gave back 1 frame", "0xffd605a0  0x00", "Cure", "#PF"],
    "truth": ["CPU fault 0x5", "Cure", "CPU allowed"],
    "end": ["0xfffffffc  0x00", "Cure", "0xfffff000-0x100000000"],
    "pointer": ["can't be read", "error table-virtual", "Cure", "0x58568000  0x00001111"],
    "two-owners": [
        "0x58569000  0x00001111",
        "stale: nothing is mapped",
        "#PF",
        "Cure",
        "table in PDE 353",
    ],
    "own-slot": ["353:361", "gave back 1 frame", "0x585695a4  0x00000000", "Cure"],
    "temp-window": [
        "0x58168000  0x00000000",
        "0x58169000  0x00001111",
        "Cure",
        "0x58168000  0x00002222",
    ],
    "cow": ["0x58169000  0x00002222", "#PF", "error code 0x3", "0x58169000  0x00004444", "Cure"],
}

STATE_BITS = 0x60  # A and D
FRAME_TABLE_WORDS = 1024
# The frames that hold the frame records come with the first use of high memory, and stay.
RECORDS_SLOT = 769


def must_come(text: str, effects: list[str]) -> None:
    """Each of them, in this order."""
    at = 0
    for effect in effects:
        found = text.find(effect, at)
        assert found >= 0, f"{effect!r} after\n{text[:at]}\nin\n{text[at:]}"
        at = found + len(effect)


@dataclass
class Lab:
    """A detached run, seen from both sides."""

    keyboard: Keyboard
    monitor: Monitor
    ram: Path

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """Words of the guest's RAM."""
        with self.ram.open("rb") as file:
            file.seek(address)
            return struct.unpack(f"<{count}I", file.read(4 * count))

    def registers(self) -> dict[str, int]:
        """CR0, CR3 and CR4."""
        text = self.monitor.say("info registers")
        return {name: int(value, 16) for name, value in re.findall(r"(CR[034])=([0-9a-f]+)", text)}

    def tables(self) -> dict[int, tuple[int, ...]]:
        """The words of the directory and of its tables, by frame, without A and D."""
        directory = self.registers()["CR3"] & ~0xFFF
        frames = {directory}
        for slot, word in enumerate(self.words(directory, FRAME_TABLE_WORDS)):
            if word & 0x81 == 1 and slot != RECORDS_SLOT:
                frames.add(word & ~0xFFF)
        return {
            frame: tuple(
                word & ~STATE_BITS if word & 1 else word
                for word in self.words(frame, FRAME_TABLE_WORDS)
            )
            for frame in frames
        }

    def mappings(self) -> list[str]:
        """What QEMU says is mapped, without A and D."""
        lines = self.monitor.say("info tlb").splitlines()
        return [
            re.sub(r"[AD](?=[-A-Z]{0,6}$)", "-", line)
            for line in lines
            if int(line.split(":")[0], 16) >> 22 != RECORDS_SLOT
        ]

    def state(self) -> dict[str, object]:
        """All that a demo must leave as it was."""
        frames = self.keyboard.type(b"frames\r").splitlines()[1:-1]
        return {
            "registers": self.registers(),
            "tables": self.tables(),
            "mappings": self.mappings(),
            "frames": frames,
        }


@pytest.fixture(name="launcher", scope="module")
def fixture_launcher() -> Iterator[Launcher]:
    with scripts_launcher() as launcher:
        yield launcher


@pytest.fixture(name="lab", scope="module")
def fixture_lab(launcher: Launcher) -> Iterator[Lab]:
    done = launcher.run("--detach", "--name", "demos", timeout=600)
    assert done.status == 0, done.err
    run = Path(done.out.strip().splitlines()[-1])
    lab = Lab(Keyboard(run), Monitor(run), run / "ram")
    # A lab that is in use: the demos must find their way around it.
    lab.keyboard.type(b"map 0x40000000 rwu 4; map 0x50000000 rw,big; alloc 2; cr4 pge off\r")
    yield lab
    lab.keyboard.port.close()
    lab.monitor.port.close()


def test_the_list_names_every_demo(lab: Lab) -> None:
    listed = lab.keyboard.type(b"demo\r").splitlines()[1:-1]
    assert [line.split()[0] for line in listed] == list(EFFECTS)


@pytest.mark.parametrize("name", list(EFFECTS))
def test_a_demo_shows_its_pitfall_and_leaves_the_lab_as_it_was(lab: Lab, name: str) -> None:
    before = lab.state()
    text = lab.keyboard.type(f"demo {name}\r".encode())
    assert "\nerror: " not in text
    assert text.endswith("\nall of it is taken back\npagelab> ")
    must_come(text, EFFECTS[name])
    after = lab.state()
    for key, value in before.items():
        assert after[key] == value, key
    # The user's last command is still the one that undo takes back.
    assert "took back" in lab.keyboard.type(b"map 0x60000000; undo\r")


def test_typed_by_hand_the_commands_do_the_same(lab: Lab) -> None:
    text = lab.keyboard.type(b"demo stale\r")
    commands = re.findall(r"^pagelab> (.+)$", text.split("demo stale\n", 1)[1], re.MULTILINE)
    assert len(commands) == 8
    typed = lab.keyboard.type(("; ".join(commands) + "\r").encode())
    assert "still reads another page" in typed
    assert "took back" in lab.keyboard.type(b"undo 2\r")
    lab.keyboard.type(b"flush global\r")


def test_ctrl_c_in_a_demo_takes_it_back(lab: Lab) -> None:
    before = lab.state()
    deadline = time.monotonic() + DEADLINE
    seen = ""
    # Each is over in milliseconds; between two of them there is nothing to be taken back.
    while "\ninterrupted\nall of it is taken back\n" not in seen:
        assert time.monotonic() < deadline, seen
        lab.keyboard.type(b"repeat 100000 demo foreign\r", re.compile(b"wrote 1024 words"))
        seen = lab.keyboard.type(b"\x03")
    after = lab.state()
    for key, value in before.items():
        assert after[key] == value, key


def test_with_too_little_memory_it_says_so_and_leaves_nothing(launcher: Launcher) -> None:
    done = launcher.run("--memory", "2M", "--exec", "frames; demo big; frames; demo stale")
    assert done.status == 1
    before, after = [
        part.strip() for part in re.findall(r"total(.*?)reserved", done.out, re.DOTALL)
    ]
    assert before == after
    assert (
        "error: 'map 353:0 rw,big' did not end as the demo expects; all was taken back" in done.out
    )
    assert "still reads another page" in done.out


def test_bochs_shows_the_same_and_what_becomes_of_global_pages(tmp_path: Path) -> None:
    kernel = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build")) / "kernel" / "pagelab.elf"
    state = ["frames", "dumppd 0 1023"]  # no demo asks for these
    text = bochs.run(kernel, [*state, *(f"demo {name}" for name in EFFECTS), *state], tmp_path)
    said: dict[str, str] = {}
    command = ""
    for line in text.splitlines():
        typed = re.fullmatch(r"pagelab> (frames|dumppd 0 1023|demo [\w-]+|halt)", line)
        if typed:
            command = typed[1] + (" again" if typed[1] in said else "")
        said[command] = said.get(command, "") + ("" if typed else line + "\n")
    effects = EFFECTS | {
        "global": ["still reads a page", "still reads a page", "Cure", "pages flushed too", "fresh"]
    }
    for name in EFFECTS:
        must_come(said[f"demo {name}"], [*effects[name], "all of it is taken back"])
    for query in state:
        assert said[f"{query} again"] == said[query]
