"""`maps --ad` and `--tree` on the real kernel, beside what QEMU says of the same pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from detached import Keyboard, Monitor
from launcher import scripts_launcher

PAGES = 6


@pytest.fixture(name="sides")
def fixture_sides() -> Iterator[tuple[Keyboard, Monitor]]:
    with scripts_launcher() as launcher:
        done = launcher.run("--detach", "--name", "maps", timeout=600)
        assert done.status == 0, done.err
        run = Path(done.out.strip().splitlines()[-1])
        keyboard, monitor = Keyboard(run), Monitor(run)
        keyboard.type(
            b"map 0x40000000 rw 6; poke 0x40001000 1; peek 0x40002000; poke 0x40003000 1\r"
        )
        yield keyboard, monitor
        keyboard.port.close()
        monitor.port.close()


def test_accessed_and_dirty_are_what_qemu_says(sides: tuple[Keyboard, Monitor]) -> None:
    keyboard, monitor = sides
    text = keyboard.type(b"maps 0x40000000+24K --ad --json\r")
    told = {}
    for line in text.splitlines():
        if line.startswith("{"):
            region = json.loads(line)
            for page in range(region["size"] // 4096):
                told[int(region["va"], 16) + page * 4096] = set(region["flags"]) & {"A", "D"}
    # 0000000040001000: 0000000000150000 ---DA---W
    seen = {
        int(address, 16): set(flags) & {"A", "D"}
        for address, flags in re.findall(
            r"^0*(4000[0-9a-f]{4}): [0-9a-f]+ (\S+)$", monitor.say("info tlb"), re.MULTILINE
        )
    }
    assert told == seen
    assert [told[0x40000000 + page * 4096] for page in range(PAGES)] == [
        set(),
        {"A", "D"},
        {"A"},
        {"A", "D"},
        set(),
        set(),
    ]
    plain = keyboard.type(b"maps 0x40000000+24K\r")
    assert "1 region, 24 KiB mapped" in plain


def test_a_tree_shows_each_slot_of_the_directory(sides: tuple[Keyboard, Monitor]) -> None:
    keyboard, monitor = sides
    tree = keyboard.type(b"maps --tree\r").splitlines()
    dumped = keyboard.type(b"dumppd\r").splitlines()
    slots = [line for line in tree if line.startswith("PDE ")]
    assert slots == [line for line in dumped if line.startswith("PDE ")]
    assert (
        f"directory p:0x{int(re.findall('CR3=([0-9a-f]+)', monitor.say('info registers'))[0], 16):08x}"
        in tree
    )
    # Every region of the list stands in the tree, below its slot.
    for line in keyboard.type(b"maps\r").splitlines():
        if re.match("0x[0-9a-f]{8}-", line):
            assert f"|- {line}" in tree or f"`- {line}" in tree
