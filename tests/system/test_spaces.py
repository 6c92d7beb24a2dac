"""Address spaces, checkpoints and strategies on the real kernel, seen from outside: guest RAM and QEMU's monitor."""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faces import Monitor, SerialShell, info_tlb
from launcher import ROOT, Launcher

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
STRATEGIES = ["recursive", "table", "upper-half", "window", "direct"]
PAGE = 4096
PRESENT, WRITABLE, LARGE = 1, 2, 0x80
ACCESSED_DIRTY = 0x60
USER_SLOTS = 768
KERNEL = 0xC0000000


@dataclass
class Lab:
    """A running lab: its shell, and what can be seen of it without the shell."""

    shell: SerialShell
    monitor: Monitor
    ram: Path

    def ok(self, *commands: str) -> str:
        return "".join(self.shell.ok(command) for command in commands)

    def records(self, command: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ok(f"{command} --json").splitlines()]

    def spaces(self) -> dict[int, dict[str, Any]]:
        return {space["number"]: space for space in self.records("space")}

    def directory(self, space: int) -> int:
        return int(self.spaces()[space]["cr3"], 16)

    def frames(self) -> dict[str, int]:
        (record,) = self.records("frames")
        return {key: record[key] for key in ("free", "kernel", "directory", "table", "data")}

    # --- from outside ---
    def bytes(self, pa: int, count: int) -> bytes:
        with self.ram.open("rb") as memory:
            memory.seek(pa)
            return memory.read(count)

    def word(self, pa: int) -> int:
        return int.from_bytes(self.bytes(pa, 4), "little")

    def words(self, frame: int) -> list[int]:
        page = self.bytes(frame, PAGE)
        return [int.from_bytes(page[i : i + 4], "little") for i in range(0, PAGE, 4)]

    def pages(self, directory: int) -> dict[int, int]:
        """The user's leaves by address, as they lie in memory."""
        leaves = {}
        for pdi, pde in enumerate(self.words(directory)[:USER_SLOTS]):
            if pde & PRESENT and pde & LARGE:
                leaves[pdi << 22] = pde
            elif pde & PRESENT:
                for pti, pte in enumerate(self.words(pde & ~0xFFF)):
                    if pte & PRESENT:
                        leaves[pdi << 22 | pti << 12] = pte
        return leaves

    def entries(self, directory: int) -> dict[tuple[str, int], int]:
        """Every nonzero entry of the user's slots, without A and D where it is present."""
        found = {}
        for pdi, pde in enumerate(self.words(directory)[:USER_SLOTS]):
            found["pde", pdi << 22] = pde
            if pde & PRESENT and not pde & LARGE:
                for pti, pte in enumerate(self.words(pde & ~0xFFF)):
                    found["pte", pdi << 22 | pti << 12] = pte
        return {
            key: raw & ~ACCESSED_DIRTY if raw & PRESENT else raw
            for key, raw in found.items()
            if raw
        }

    def cr3(self) -> int:
        match = re.search(r"CR3=([0-9a-f]+)", self.monitor.hmp("info registers"))
        assert match is not None
        return int(match[1], 16)

    def tlb(self) -> dict[int, int]:
        """What QEMU says of the user's half of the loaded directory: physical page by virtual one."""
        pages = info_tlb(self.monitor.hmp("info tlb"))
        return {va: page.pa for va, page in pages.items() if va < KERNEL}


@pytest.fixture(name="launcher")
def fixture_launcher() -> Iterator[Launcher]:
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    kernel = os.fspath(BUILD / "kernel" / "pagelab.elf")
    with tempfile.TemporaryDirectory(prefix="pagelab-") as base:
        launcher = Launcher(Path(base), [program, "run", "--kernel", kernel], [program, "stop"])
        yield launcher
        launcher.stop("--all")
        assert launcher.left() == []


@pytest.fixture(name="lab")
def fixture_lab(launcher: Launcher) -> Iterator[Lab]:
    done = launcher.run("--detach", "--name", "spaces")
    assert done.status == 0, done.err
    run = Path(done.out.strip())
    with SerialShell(run / "serial.sock") as shell, Monitor(run / "qmp.sock") as monitor:
        yield Lab(shell, monitor, run / "ram")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_space_of_each_kind_is_made_filled_loaded_and_deleted(lab: Lab, strategy: str) -> None:
    before = lab.frames()
    lab.ok(f"space new {strategy}")
    directory = lab.directory(1)
    assert lab.spaces()[1]["strategy"] == strategy
    assert lab.frames()["directory"] == before["directory"] + 1
    assert lab.pages(directory) == {}
    # Edited from another space, it is that one's tables in memory that change, and no others.
    lab.ok("in 1 map 0x40000000 rwu 3", "in 1 map 0x10000000 r", "in 1 map 0x7fc00000 big")
    lab.ok("in 1 protect 0x40001000 r", "in 1 unmap 0x40002000", "in 1 poke 0x40000010 0x600df00d")
    pages = lab.pages(directory)
    assert sorted(pages) == [0x10000000, 0x40000000, 0x40001000, 0x7FC00000]
    assert pages[0x40000000] & 7 == 7 and pages[0x40001000] & 7 == 1
    assert pages[0x7FC00000] & LARGE
    assert lab.word((pages[0x40000000] & ~0xFFF) + 0x10) == 0x600DF00D
    assert lab.pages(lab.directory(0)) == {} and lab.tlb() == {}
    assert lab.cr3() == lab.directory(0)
    # Loaded, QEMU sees those pages, and the CPU uses them.
    lab.ok("space use 1")
    assert lab.cr3() == directory
    assert {va: leaf & ~0xFFF for va, leaf in pages.items()} == {
        va: pa & ~0xFFF for va, pa in lab.tlb().items()
    }
    assert lab.ok("peek 0x40000010").split()[1] == "0x600df00d"
    lab.ok("map 0x50000000 rw 2", "poke 0x50001000 0x12345678", "unmap 0x10000000", "undo")
    frame = lab.pages(directory)[0x50001000] & ~0xFFF
    assert lab.word(frame) == 0x12345678 and lab.tlb()[0x50001000] == frame
    assert lab.pages(directory)[0x10000000] == pages[0x10000000]
    assert lab.shell.run("check")[0] == 0
    # Deleted, every frame is free again.
    lab.ok("space use 0")
    assert lab.cr3() == lab.directory(0)
    lab.ok("space delete 1")
    assert lab.frames() == before
    assert list(lab.spaces()) == [0]


def test_a_clone_has_pages_of_its_own_with_the_same_bytes(lab: Lab) -> None:
    lab.ok(
        "map 0x40000000 rwu 3", "fill 0x40001000 0xfeedface 1024", "map 0x40008000 p:0x00101000 r"
    )
    first = lab.pages(lab.directory(0))
    lab.ok("space clone")
    second = lab.pages(lab.directory(1))
    assert first.keys() == second.keys()
    assert (
        second[0x40008000] & ~0xFFF == 0x00101000
    ), "a page that map did not take stays what it is"
    for va in (0x40000000, 0x40001000, 0x40002000):
        old, new = first[va] & ~0xFFF, second[va] & ~0xFFF
        assert old != new and lab.bytes(old, PAGE) == lab.bytes(new, PAGE)
        assert second[va] & 7 == 7
    lab.ok("space use 1", "poke 0x40001000 1")
    assert lab.word(first[0x40001000] & ~0xFFF) == 0xFEEDFACE
    assert lab.word(second[0x40001000] & ~0xFFF) == 1


@pytest.mark.parametrize("writer", [0, 1], ids=["the old one", "the new one"])
@pytest.mark.parametrize("by", ["the CPU", "in"])
def test_a_shared_page_is_copied_by_the_first_write(lab: Lab, writer: int, by: str) -> None:
    lab.ok("map 0x40000000 rw 4", "fill 0x40000000 0xfeedface 4096")
    before = lab.pages(lab.directory(0))
    data = lab.frames()["data"]
    lab.ok("space cow")
    directories = [lab.directory(0), lab.directory(1)]
    for directory in directories:
        shared = lab.pages(directory)
        assert {va: leaf & ~0xFFF for va, leaf in shared.items()} == {
            va: leaf & ~0xFFF for va, leaf in before.items()
        }
        assert not any(leaf & WRITABLE for leaf in shared.values())
    assert lab.frames()["data"] == data
    assert [space["shared_pages"] for space in lab.spaces().values()] == [4, 4]
    if by == "in":
        lab.ok(f"space use {1 - writer}", f"in {writer} poke 0x40001004 7")
    else:
        lab.ok(f"space use {writer}", "poke 0x40001004 7")
    mine = lab.pages(directories[writer])[0x40001000]
    theirs = lab.pages(directories[1 - writer])[0x40001000]
    assert mine & ~0xFFF != theirs & ~0xFFF and mine & WRITABLE
    assert theirs & ~0xFFF == before[0x40001000] & ~0xFFF
    words = lab.words(mine & ~0xFFF)
    assert words == [0xFEEDFACE, 7] + [0xFEEDFACE] * 1022
    assert lab.words(theirs & ~0xFFF) == [0xFEEDFACE] * 1024
    assert lab.frames()["data"] == data + 1
    assert [space["shared_pages"] for space in lab.spaces().values()] == [3, 3]
    # QEMU walks the loaded directory to the same places.
    for space in (0, 1):
        lab.ok(f"space use {space}")
        leaves = lab.pages(directories[space])
        assert lab.tlb() == {va: leaf & ~0xFFF for va, leaf in leaves.items()}
        expected = "0x00000007" if space == writer else "0xfeedface"
        assert lab.ok("peek 0x40001004").split()[1] == expected
    # The other side owns its page alone now: a write to it copies nothing.
    lab.ok(f"space use {1 - writer}", "poke 0x40001004 8")
    assert lab.pages(directories[1 - writer])[0x40001000] & ~0xFFF == theirs & ~0xFFF
    assert lab.frames()["data"] == data + 1


def test_an_upper_half_directory_holds_addresses_that_lead_to_its_tables(lab: Lab) -> None:
    lab.ok(
        "space new upper-half", "in 1 map 0x16000000", "in 1 map 0x40000000", "in 1 map 0x00400000"
    )
    words = lab.words(lab.directory(1))
    arena = lab.words(words[771] & ~0xFFF)
    for slot in (88, 1):
        address = words[512 + slot]
        assert address >> 22 == 771 and address & 0xFFF == 0, "page-aligned: the CPU sees P = 0"
        assert arena[address >> 12 & 1023] & ~0xFFF == words[slot] & ~0xFFF
    assert words[768] & PRESENT, "the kernel's PDE stands where slot 256's word would"
    text = lab.ok("in 1 dumppd")
    line = f"{words[600]:#010x}  -  -> the table of slot 88 is at {words[600]:#010x}"
    assert line in text
    displaced = re.search(
        r"^displaced: slot 256's word (0x[0-9a-f]{8}) is kept", text, re.MULTILINE
    )
    assert displaced is not None
    page = int(displaced[1], 16)
    assert page >> 22 == 771 and arena[page >> 12 & 1023] & ~0xFFF == words[256] & ~0xFFF
    assert text.count("displaced:") == 1
    status, error = lab.shell.run("in 1 map 0x90000000")
    assert status == 1 and error.startswith("error: "), "user space ends at 2 GiB"


def test_in_leaves_the_machine_where_it_is(lab: Lab) -> None:
    lab.ok("map 0x40000000 rw 2", "space new window", "space new direct")
    tables, tlb, cr3 = lab.entries(lab.directory(0)), lab.tlb(), lab.cr3()
    for space in (1, 2):
        for command in ("map 0x40000000 rw 8", "protect 0x40000000 r 4", "unmap 0x40004000 2"):
            lab.ok(f"in {space} {command}")
            assert lab.cr3() == cr3 and lab.tlb() == tlb
        for command in ("walk 0x40000000", "maps", "dumppd", "dumppt 256", "find p:0x00101000"):
            lab.ok(f"in {space} {command}")
        assert len(lab.pages(lab.directory(space))) == 6
    assert lab.entries(lab.directory(0)) == tables
    status, text = lab.shell.run("in 1 probe 0")
    assert (status, text) == (
        1,
        "error: probe works in the current space only; did you mean space use 1?\n",
    )


def test_what_is_wrong_changes_nothing(lab: Lab) -> None:
    lab.ok("map 0x40000000", "space new table", "space use 1")
    before = (lab.spaces(), lab.frames(), lab.cr3(), lab.entries(lab.directory(0)))
    for command in (
        "space delete 1",
        "space delete 0",
        "space use 5",
        "space new mmurtl",
        "in 0 map 0x40000000",
        "in 0 map 0x50000000 rw 1000000",
        "in 7 unmap 0",
        "in 0 poke 0x50000000 1",
        "restore",
        "diff",
    ):
        status, text = lab.shell.run(command)
        assert status == 1 and text.startswith("error: ") and text.count("\n") == 1, (command, text)
    assert (lab.spaces(), lab.frames(), lab.cr3(), lab.entries(lab.directory(0))) == before


def random_change(generator: random.Random, space: int) -> str:
    va = 0x40000000 + generator.randrange(24) * PAGE
    command = generator.choice(
        [
            f"map {va:#x} rw {generator.randrange(1, 5)}",
            f"map {va:#x} p:0x00101000 ru",
            f"unmap {va:#x} {generator.randrange(1, 3)}",
            f"protect {va:#x} {generator.choice(['r', 'rwu', '+u', '-w'])}",
            f"setpte {va:#x} {generator.randrange(1, 200) * 2:#x}",
            f"setpde {generator.randrange(300, 310)} {generator.randrange(2) * 0xABC0}",
            "free tables",
            "undo",
        ]
    )
    return command if command == "undo" else f"in {space} {command}"


def told_by_diff(lab: Lab) -> dict[tuple[int, str, int], tuple[int, int]]:
    """First entry of each run, and the rest of it by its address alone."""
    told: dict[tuple[int, str, int], tuple[int, int]] = {}
    for record in lab.records("diff"):
        step = 1 << (22 if record["level"] == "pde" else 12)
        first = int(record["va"], 16)
        for i in range(record["count"]):
            key = (record["space"], record["level"], first + i * step)
            assert key not in told
            told[key] = (int(record["old"], 16), int(record["new"], 16)) if i == 0 else (-1, -1)
    return told


@pytest.mark.parametrize("seed", range(3))
def test_diff_tells_what_memory_shows_and_restore_takes_all_of_it_back(lab: Lab, seed: int) -> None:
    generator = random.Random(seed)
    lab.ok("space new upper-half", "space new direct", "map 0x40000000 rw 3", "space clone")
    for space in (1, 2):
        lab.ok(f"in {space} map 0x40002000 rwu 6")
    numbers = list(lab.spaces())
    before = {space: lab.entries(lab.directory(space)) for space in numbers}
    frames = lab.frames()
    lab.ok("checkpoint")
    floor = len(lab.records("log 1000"))
    for _ in range(40):
        command = random_change(generator, generator.choice(numbers))
        # An undo that would go past the checkpoint is no part of this.
        if command != "undo" or len(lab.records("log 1000")) > floor + 20:
            lab.shell.run(command)
    after = {space: lab.entries(lab.directory(space)) for space in numbers}
    told = told_by_diff(lab)
    expected = {}
    for space in numbers:
        for key in before[space].keys() | after[space].keys():
            old, new = before[space].get(key, 0), after[space].get(key, 0)
            if old != new:
                expected[space, *key] = (old, new)
    assert len({space for space, _, _ in expected}) >= 3, "the changes reach several spaces"
    assert told.keys() == expected.keys()
    for entry, (old, new) in told.items():
        if (old, new) != (-1, -1):
            clean = tuple(raw & ~ACCESSED_DIRTY if raw & PRESENT else raw for raw in (old, new))
            assert clean == expected[entry], entry
    if lab.shell.run("restore")[0] == 0:
        assert {space: lab.entries(lab.directory(space)) for space in numbers} == before
        assert lab.frames() == frames
        assert lab.records("diff") == []
    else:
        assert expected == {}


def test_restore_brings_back_spaces_with_all_they_had(lab: Lab) -> None:
    lab.ok(
        "map 0x40000000 rw 4", "fill 0x40000000 0x11111111 4096", "space clone", "space new table"
    )
    lab.ok("in 2 map 0x40000000 rwu 5", "in 1 poke 0x40000000 2")
    spaces, frames = lab.spaces(), lab.frames()
    entries = {space: lab.entries(lab.directory(space)) for space in spaces}
    content = lab.bytes(lab.pages(lab.directory(1))[0x40000000] & ~0xFFF, PAGE)
    lab.ok("checkpoint", "space cow", "space use 3", "space delete 1")
    changes = lab.records("diff")
    assert {(c["space"], c["level"]) for c in changes} == {(1, "space"), (3, "space"), (0, "pte")}
    gone = next(c for c in changes if c["space"] == 1)
    assert (gone["old"], gone["new"]) == (spaces[1]["cr3"], "0x00000000")
    assert 1 not in lab.spaces() and lab.cr3() == lab.directory(3)
    lab.ok("restore")
    assert lab.spaces() == spaces and lab.frames() == frames
    assert lab.cr3() == lab.directory(0)
    assert {space: lab.entries(lab.directory(space)) for space in spaces} == entries
    assert lab.bytes(lab.pages(lab.directory(1))[0x40000000] & ~0xFFF, PAGE) == content


def test_restore_and_undo_take_back_all_or_nothing(lab: Lab) -> None:
    lab.ok("space new", "in 1 map 0x40000000 rw 3", "checkpoint", "space delete 1")
    lab.ok("map 0x50000000 rw 3")  # into the frames of the deleted space, which can't come back
    before = (lab.entries(lab.directory(0)), lab.frames(), lab.spaces())
    error = "only 1 of 2 commands can be taken back at once; did you mean undo 1?"
    assert lab.shell.run("restore") == (1, f"error: {error}\n")
    error = "only 1 command can be taken back; did you mean undo 1?"
    assert lab.shell.run("undo 2") == (1, f"error: {error}\n")
    assert (lab.entries(lab.directory(0)), lab.frames(), lab.spaces()) == before
    lab.ok("undo 1")
    assert lab.pages(lab.directory(0)) == {}
    # A frame that was freed and taken again by what is taken back as well is no obstacle.
    lab.ok("map 0x60000000 rw 2", "checkpoint", "unmap 0x60000000 2", "map 0x61000000 rw 5")
    assert lab.shell.run("restore")[0] == 0
    assert sorted(lab.pages(lab.directory(0))) == [0x60000000, 0x60001000]
    # What a new space took is not in the journal: one by one it goes all the same.
    lab.ok("unmap 0x60000000 2", "space new table", "in 1 map 0x60000000")
    lab.shell.run("restore")
    while lab.shell.run("diff --json")[1]:
        lab.ok("undo")
    assert sorted(lab.pages(lab.directory(0))) == [0x60000000, 0x60001000]
    assert list(lab.spaces()) == [0]


def test_many_operations_leak_no_frame(lab: Lab) -> None:
    generator = random.Random(7)
    before = lab.frames()
    for _ in range(250):
        numbers = list(lab.spaces())
        space = generator.choice(numbers)
        lab.shell.run(
            generator.choice(
                [
                    f"space new {generator.choice(STRATEGIES)}",
                    "space clone",
                    "space cow",
                    f"space use {space}",
                    f"space delete {space}",
                    f"in {space} map {generator.randrange(0x40000, 0x40010) << 12:#x} rw 3",
                    f"in {space} unmap {generator.randrange(0x40000, 0x40010) << 12:#x}",
                    f"in {space} poke {generator.randrange(0x40000, 0x40010) << 12:#x} 1",
                    f"poke {generator.randrange(0x40000, 0x40010) << 12:#x} 1",
                    "undo",
                ]
            )
        )
    lab.ok("space use 0")
    for space in list(lab.spaces())[1:]:
        lab.ok(f"space delete {space}")
    for va in lab.pages(lab.directory(0)):
        lab.ok(f"unmap {va:#x}")
    lab.shell.run("free tables")
    assert lab.pages(lab.directory(0)) == {}
    assert lab.frames() == before
    assert lab.shell.run("check") == (0, "0 errors, 0 warnings, 0 notes\n")


def test_a_bench_counts_flushes_and_leaves_nothing(launcher: Launcher) -> None:
    commands = "frames; strategy bench 512 --json; frames; space"
    runs = [launcher.run("--icount", "--exec", commands).out for _ in range(2)]
    assert runs[0] == runs[1], "under --icount two runs print the same"
    lines = runs[0].splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    assert lines[:7] == lines[17:24] and len(lines) == 25
    assert [(r["strategy"], r["pattern"]) for r in records] == [
        (strategy, pattern) for strategy in STRATEGIES for pattern in ("sequential", "scattered")
    ]
    for record in records:
        window = record["strategy"] == "window"
        flushes = [record[f"{what}_invlpgs"] for what in ("map", "walk", "unmap")]
        assert flushes == ([512, 512, 1024] if window else [0, 0, 512]), record
        assert 5 * 512 < record["map_ticks"] < 40 * 512, record
        assert record["guarded_map_ticks"] > 4 * record["map_ticks"]
        assert record["tables"] >= (1 if record["pattern"] == "sequential" else 2)
