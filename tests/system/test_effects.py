"""What each changing command does, seen from outside: guest RAM, decoded by hand, and QEMU's registers.

Nothing of what the shell says is believed but the addresses that it names.
"""

from __future__ import annotations

import json
import re

import pytest
from faces import info_tlb
from outside import PAGE, PS, RW, US, VA, A, D, Lab, P, fixture_base, fixture_lab

__all__ = ["fixture_base", "fixture_lab"]


def test_map_protect_unmap_and_free_tables(lab: Lab) -> None:
    free = lab.lab_page(0x24)
    lab.ok(f"map {VA:#x} rwu 3")
    assert [lab.pte(VA + i * PAGE) & 0xFFF for i in range(4)] == [P | RW | US] * 3 + [0]
    assert lab.lab_page(0x24) == free - 4
    pages = info_tlb(lab.monitor.hmp("info tlb"))
    assert [pages[VA + i * PAGE].pa for i in range(3)] == [
        lab.pte(VA + i * PAGE) & ~0xFFF for i in range(3)
    ]
    lab.ok(f"protect {VA:#x} -w 2")
    assert [lab.pte(VA + i * PAGE) & RW for i in range(3)] == [0, 0, RW]
    lab.ok(f"protect {VA:#x} r")
    assert lab.pte(VA) & (RW | US) == 0
    lab.ok(f"unmap {VA:#x} 3")
    assert [lab.pte(VA + i * PAGE) for i in range(3)] == [0, 0, 0] and lab.pde(VA) & P
    lab.ok("free tables")
    assert lab.pde(VA) == 0 and lab.lab_page(0x24) == free
    lab.ok(f"map {VA:#x} p:0x00800000 big,rw")
    assert lab.pde(VA) & ~(A | D) == 0x00800000 | PS | RW | P


def test_force_and_noflush(lab: Lab) -> None:
    lab.ok(f"map {VA:#x}")
    old = lab.pte(VA)
    assert lab.shell.run(f"map {VA:#x} p:0x00800000")[0] == 1
    assert lab.pte(VA) == old
    lab.ok(f"force map {VA:#x} p:0x00800000")
    assert lab.pte(VA) & ~0xFFF == 0x00800000
    # What the CPU still believes only the guest can tell.
    lab.ok(f"map {VA + PAGE:#x}; poke {VA + PAGE:#x} 0x1111; peek {VA + PAGE:#x}")
    lab.ok(f"noflush unmap {VA + PAGE:#x}")
    assert lab.pte(VA + PAGE) == 0
    assert "0x00001111" in lab.ok(f"peek {VA + PAGE:#x}")
    lab.ok(f"invlpg {VA + PAGE:#x}")
    assert lab.shell.run(f"peek {VA + PAGE:#x}")[0] == 2
    lab.ok("map 0x40002000; peek 0x40002000; noflush unmap 0x40002000; flush")
    assert lab.shell.run("peek 0x40002000")[0] == 2


def test_raw_entries(lab: Lab) -> None:
    lab.ok(f"map {VA:#x}")
    lab.ok(f"setpte {VA + PAGE:#x} p:0x00800000|P|US")
    assert lab.pte(VA + PAGE) == 0x00800000 | P | US
    lab.ok("setpde 300 0x12345000")
    assert lab.pde(300 << 22) == 0x12345000
    lab.ok("setpde 300 0")
    assert lab.pde(300 << 22) == 0


def test_memory(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} 2")
    frame = lab.pte(VA) & ~0xFFF
    lab.ok(f"poke {VA:#x} 0x11223344; poke b {VA + 5:#x} 0xaa; poke h {VA + 8:#x} 0xbbcc")
    assert [lab.word(frame + i) for i in (0, 4, 8)] == [0x11223344, 0xAA00, 0xBBCC]
    lab.ok(f"fill {VA + 16:#x} 0xcafe 3")
    assert [lab.word(frame + 12 + i * 4) for i in range(5)] == [0, 0xCAFE, 0xCAFE, 0xCAFE, 0]
    lab.ok(f"poke p:{frame + 64:#010x} 7")
    assert lab.word(frame + 64) == 7
    assert "0x00000007" in lab.ok(f"peek {VA + 64:#x}")
    # A fault in the middle leaves what was there, in all of it.
    status, _ = lab.shell.run(f"fill {VA:#x} 0x55 {3 * 1024}")
    assert status == 2 and lab.word(frame) == 0x11223344


def test_a_word_across_two_pages_is_written_whole_or_not_at_all(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} 2; map {VA + 3 * PAGE:#x} r; space new; in 1 map {VA:#x}")
    ends = [lab.pte(VA + i * PAGE) & ~0xFFF for i in (0, 1)] + [lab.pte(VA, lab.space(1)) & ~0xFFF]
    lab.ok(f"poke {VA + PAGE - 2:#x} 0x11223344")
    assert lab.word(ends[0] + PAGE - 4) == 0x33440000 and lab.word(ends[1]) == 0x1122
    assert lab.shell.run(f"poke {VA + 2 * PAGE - 2:#x} 0x11223344")[0] == 2, "no page follows"
    assert lab.word(ends[1] + PAGE - 4) == 0
    lab.ok(f"map {VA + 2 * PAGE:#x}")
    beside = lab.pte(VA + 2 * PAGE) & ~0xFFF
    assert (
        lab.shell.run(f"poke {VA + 3 * PAGE - 1:#x} 0x55667788")[0] == 2
    ), "a read-only page follows"
    assert lab.word(beside + PAGE - 4) == 0
    assert lab.shell.run(f"in 1 poke {VA + PAGE - 2:#x} 0x11223344")[0] == 1
    assert lab.word(ends[2] + PAGE - 4) == 0


def test_frames(lab: Lab) -> None:
    free = lab.lab_page(0x24)
    first = int(re.search(r"p:(0x[0-9a-f]+)", lab.ok("alloc 4"))[1], 16)  # type: ignore[index]
    assert lab.lab_page(0x24) == free - 4
    assert all(lab.word(first + i * PAGE) == 0 for i in range(4))
    lab.ok(f"free p:{first:#010x} 4")
    assert lab.lab_page(0x24) == free
    counts = json.loads(lab.ok("frames --json"))
    assert counts["free"] == free and counts["total"] == lab.lab_page(0x20)
    roles = [counts[role] for role in ("free", "kernel", "directory", "table", "data", "reserved")]
    assert sum(roles) == counts["total"]


def test_accesses_leave_a_and_d_and_nothing_else(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} rwu; poke {VA:#x} 0x1234")
    lab.ok(f"setpte {VA:#x} p:{lab.pte(VA) & ~0xFFF:#010x}|P|RW|US")
    frame = lab.pte(VA) & ~0xFFF
    assert lab.pte(VA) & (A | D) == 0
    lab.ok(f"touch {VA:#x} r")
    assert lab.pte(VA) & (A | D) == A
    lab.ok(f"touch {VA:#x} w user")
    assert lab.pte(VA) & (A | D) == A | D
    before = lab.entries(lab.register("CR3"))
    lab.ok(f"probe {VA:#x}; touch {VA:#x} x; touch {VA:#x} x user")
    assert lab.entries(lab.register("CR3")) == before
    assert lab.word(frame) == 0x1234


def test_control_registers(lab: Lab) -> None:
    for command, register, bit in (
        ("cr0 wp", "CR0", 1 << 16),
        ("cr4 pse", "CR4", 1 << 4),
        ("cr4 pge", "CR4", 1 << 7),
    ):
        lab.ok(f"{command} off")
        assert lab.register(register) & bit == 0
        lab.ok(f"{command} on")
        assert lab.register(register) & bit
    assert f"{lab.register('CR3'):#010x}" in lab.ok("regs")


STRATEGIES = ("recursive", "table", "upper-half", "window", "direct")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_space_of_each_strategy(lab: Lab, strategy: str) -> None:
    before = lab.state()
    lab.ok(f"space new {strategy}")
    directory = lab.space(1)
    lab.ok(f"in 1 map {VA:#x} rwu 2; in 1 poke {VA:#x} 0x1234")
    assert lab.pde(VA) == 0 and lab.pde(1022 << 22) == 0
    page = lab.pte(VA, directory)
    assert page & 0xF87 == P | RW | US and lab.word(page & ~0xFFF) == 0x1234
    lab.ok("space use 1")
    assert lab.register("CR3") == directory == lab.lab_page(0x14) and lab.lab_page(0x1C) == 1
    assert info_tlb(lab.monitor.hmp("info tlb"))[VA].pa == page & ~0xFFF
    lab.ok(f"map 0x10000000 p:0x00800000; protect {VA + PAGE:#x} r; poke {VA:#x} 0x5678")
    assert lab.pte(0x10000000) & ~0xFFF == 0x00800000
    assert lab.pte(VA + PAGE) & (RW | US) == 0 and lab.word(page & ~0xFFF) == 0x5678
    if strategy == "upper-half":
        # Slot 64's word, and slot 256's, which the kernel's PDE displaces.
        assert lab.pde((512 + 64) << 22) & 0xFFF == 0 and lab.pde((512 + 64) << 22) != 0
        assert lab.pde(768 << 22) & P
    lab.ok("unmap 0x10000000; space use 0; space delete 1")
    assert lab.state() == before


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_clone_copies_and_cow_copies_on_write(lab: Lab, strategy: str) -> None:
    before = lab.state()
    lab.ok(f"space new {strategy}; space use 1; map {VA:#x} rw 2; poke {VA:#x} 1")
    lab.ok("space clone; space cow")
    frames = [lab.pte(VA, lab.space(number)) for number in (1, 2, 3)]
    assert frames[0] >> 12 == frames[2] >> 12 != frames[1] >> 12
    assert frames[0] & RW == frames[2] & RW == 0 and frames[1] & RW
    assert lab.word(frames[1] & ~0xFFF) == 1
    lab.ok(f"poke {VA:#x} 2")  # by a page fault
    mine = lab.pte(VA)
    assert mine & RW and mine >> 12 != frames[2] >> 12
    assert lab.word(mine & ~0xFFF) == 2 and lab.word(frames[2] & ~0xFFF) == 1
    lab.ok(f"in 3 poke {VA:#x} 3")  # from outside, alone with the frame by now
    assert lab.pte(VA, lab.space(3)) >> 12 == frames[2] >> 12
    assert lab.word(frames[2] & ~0xFFF) == 3 and lab.word(mine & ~0xFFF) == 2
    lab.ok("space use 0; space delete 1; space delete 2; space delete 3")
    assert lab.state() == before


def test_undo_and_restore_bring_back_each_command(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} rwu 4; space new table; in 1 map {VA:#x} 2")
    commands = [
        "map 0x50000000 8",
        f"map {VA + 0x10000:#x} p:0x00800000",
        "map 0x60000000 p:0x00400000 big",
        f"unmap {VA:#x} 2",
        f"protect {VA:#x} r 4",
        "setpde 300 0x12345000",
        f"setpte {VA:#x} 0",
        "alloc 3",
        f"unmap {VA:#x} 4; free tables",
        "cr0 wp off",
        "cr4 pge off",
        "space new direct",
        "space clone",
        "space cow",
        "space use 1",
        "space delete 1",
        f"in 1 unmap {VA:#x}",
        f"in 1 protect {VA:#x} +u 2",
        "space cow; space use 2; unmap 0x40000000 4; space use 0; space delete 2",
    ]
    before = lab.state()
    for command in commands:
        lab.ok("checkpoint")
        lab.ok(command)
        assert lab.state() != before, command
        if ";" in command:
            lab.ok("restore")
        else:
            lab.ok("undo")
        assert lab.state() == before, command


def test_a_command_that_fails_changes_nothing(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} 4; space new window; space cow")
    before = lab.state()
    for command in (
        f"map {VA + PAGE:#x} 8",
        f"map {VA - 2 * PAGE:#x} 4",
        f"unmap {VA + 2 * PAGE:#x} 4",
        f"protect {VA + 2 * PAGE:#x} r 4",
        "map 0x50000000 4000",
        "map 0x50000000 big 5",
        "alloc 4000",
        "setpde 1021 0",
        "space use 9",
        "space delete 0",
        "in 9 map 0x50000000",
        f"in 1 unmap {VA:#x}",
        "cr4 pse maybe",
        "free p:0x00101000",
        "undo 99",
    ):
        status, text = lab.shell.run(command)
        assert status == 1 and text.startswith("error: "), command
        assert lab.state() == before, command


def test_a_full_pool_in_the_middle_of_a_clone_changes_nothing(lab: Lab) -> None:
    free = lab.lab_page(0x24)
    lab.ok(f"map {VA:#x} {free // 2 + 20}")
    before = lab.state()
    assert lab.shell.run("space clone")[0] == 1
    assert lab.state() == before
    lab.ok("space cow")
    lab.ok(f"map 0x60000000 {lab.lab_page(0x24) - 2}")
    assert lab.lab_page(0x24) == 0, "two tables took the last frames"
    before = lab.state()
    assert lab.shell.run(f"poke {VA:#x} 1")[0] == 2, "no frame for the copy: the fault stands"
    assert lab.state() == before


def test_bench_leaves_nothing(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} 4")
    before = lab.state()
    records = [json.loads(line) for line in lab.ok("strategy bench 256 --json").splitlines()]
    assert len(records) == 10
    assert lab.state() == before
    for record in records:
        window = record["strategy"] == "window"
        invlpgs = [record[f"{what}_invlpgs"] for what in ("map", "walk", "unmap")]
        assert invlpgs == ([256, 256, 512] if window else [0, 0, 256])


def test_the_kernel_finds_its_own_books_in_order(lab: Lab) -> None:
    for strategy in STRATEGIES:
        lab.ok(f"space new {strategy}")
    for number in range(1, 6):
        lab.ok(f"in {number} map {VA:#x} rwu 5; in {number} map 0x10000000")
    lab.ok(f"space use 3; space cow; poke {VA:#x} 1; map 0x50000000 p:0x00800000 big; undo")
    lines = lab.ok("selftest invariants").splitlines()
    assert lines[:2] == ["KTAP version 1", "1..6"]
    assert [line.split()[0] for line in lines[2:]] == ["ok"] * 6
    status, text = lab.shell.run("selftest nonsense")
    assert status == 1 and "did you mean selftest invariants?" in text
