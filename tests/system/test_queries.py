"""What each query says of the tables, against guest RAM read from outside and QEMU's monitor.

`walk` and `maps` have tests of their own (test_three_faces, test_maps), `check` as well, spaces in test_spaces.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from outside import LAB_PAGE, PAGE, RW, US, VA, D, G, Lab, P, fixture_base, fixture_lab

__all__ = ["fixture_base", "fixture_lab"]

FLAG_BITS = {"P": 0, "RW": 1, "US": 2, "PWT": 3, "PCD": 4, "A": 5}
COMMANDS = [
    f"map {VA:#x} rwu 3",
    f"map {VA + 8 * PAGE:#x} p:0x00800000 r,nc 2",
    "map 0x50000000 p:0x00800000 rwu",
    "map 0x60000000 p:0x00800000 big,rw",
    "setpde 300 0x12345000",
    f"setpte {VA + 20 * PAGE:#x} 0xabcde000",
]


def records(lab: Lab, command: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lab.ok(f"{command} --json").splitlines()]


@pytest.fixture(name="filled")
def fixture_filled(lab: Lab) -> Iterator[Lab]:
    for command in COMMANDS:
        lab.ok(command)
    yield lab


def test_dumppd_and_dumppt_show_the_words_that_lie_in_ram(filled: Lab) -> None:
    cr3 = filled.register("CR3")
    shown = {slot["index"]: int(slot["raw"], 16) for slot in records(filled, "dumppd")}
    assert shown == {i: filled.word(cr3 + i * 4) for i in range(1024) if filled.word(cr3 + i * 4)}
    table = filled.pde(VA) & ~0xFFF
    slots = records(filled, "dumppt 256")
    words = {i: filled.word(table + i * 4) for i in range(1024) if filled.word(table + i * 4)}
    assert {slot["index"]: int(slot["raw"], 16) for slot in slots} == words
    for slot in slots:
        raw = int(slot["raw"], 16)
        low = [flag for flag, bit in FLAG_BITS.items() if raw & P and raw >> bit & 1]
        assert (
            slot["flags"][: len(low)] == low and slot["va"] == f"{VA + slot['index'] * PAGE:#010x}"
        )


def test_find_names_every_page_and_every_table(filled: Lab) -> None:
    cr3, wanted = filled.register("CR3"), 0x00800000
    pages = []
    for pdi in range(1024):
        pde = filled.word(cr3 + pdi * 4)
        if pde & P and pde & 0x80:
            if pde >> 22 == wanted >> 22:
                pages.append(pdi << 22 | wanted & 0x3FFFFF)
        elif pde & P:
            for pti in range(1024):
                pte = filled.word((pde & ~0xFFF) + pti * 4)
                if pte & P and pte >> 12 == wanted >> 12:
                    pages.append(pdi << 22 | pti << 12)
    found = records(filled, f"find p:{wanted:#x}")
    assert sorted(int(alias["va"], 16) for alias in found if alias["use"] == "page") == pages
    assert len(pages) >= 3
    uses = records(filled, f"find p:{filled.pde(VA) & ~0xFFF:#010x}")
    assert ("table", 256) in [(alias["use"], alias["pdi"]) for alias in uses]


def test_window_addresses_lead_to_the_entries(filled: Lab) -> None:
    for va in (VA, VA + 9 * PAGE, 0xC0101000):
        window = records(filled, f"window {va:#x}")[0]
        for key, entry in (
            ("pde_va", filled.register("CR3") + (va >> 22) * 4),
            ("pte_va", (filled.pde(va) & ~0xFFF) + (va >> 12 & 1023) * 4),
        ):
            answer = filled.monitor.hmp(f"gva2gpa {int(window[key], 16):#x}")
            assert int(answer.split()[-1], 16) == entry


def test_split_and_decode_of_random_values(lab: Lab) -> None:
    generator = random.Random(3)
    for _ in range(40):
        va = generator.getrandbits(32)
        split = records(lab, f"split {va:#x}")[0]
        assert (split["pdi"], split["pti"], int(split["offset"], 16)) == (
            va >> 22,
            va >> 12 & 1023,
            va & 0xFFF,
        )
        raw = generator.getrandbits(32)
        entry = records(lab, f"decode {raw:#x}")[0]
        assert entry["kind"] == ("page" if raw & P else "not-present")
        assert ("G" in entry["flags"]) == bool(raw & P and raw & G)
        assert ("D" in entry["flags"]) == bool(raw & P and raw & D)
        assert entry["pa"] == (f"{raw & ~0xFFF:#010x}" if raw & P else None)


def test_log_is_the_ring_that_lies_in_ram(filled: Lab) -> None:
    ring, capacity = filled.lab_page(0x30), filled.lab_page(0x34)
    events = records(filled, "log 20")
    assert len(events) == 20
    for event in events:
        at = ring + 32 + event["seq"] % capacity * 32
        sequence, _, _, kind, space, _, _, _, _, _, count = struct.unpack(
            "<IIIBBbbIIII",
            b"".join(struct.pack("<I", filled.word(at + i)) for i in range(0, 32, 4)),
        )
        assert (sequence, space) == (event["seq"], event["space"]) and kind != 0
        if event["kind"] in ("pde", "pte", "frame-take"):
            assert count == event["count"]
    # Every kind that has happened is there: a change, a flush, a fault, a switch.
    filled.ok(
        f"unmap {VA:#x}; space new; space use 1; space use 0; space delete 1; cr0 wp off; undo"
    )
    filled.shell.run("peek 0")
    kinds = {event["kind"] for event in records(filled, "log 60")}
    assert {
        "begin",
        "commit",
        "pde",
        "pte",
        "frame-take",
        "frame-free",
        "flush-page",
        "fault",
        "rollback",
        "control",
        "undo",
        "space",
        "space-new",
        "space-delete",
    } <= kinds
    filled.shell.run("crash recursion")
    (rescue,) = (record for record in records(filled, "log 100") if record["kind"] == "rescue")
    assert rescue["text"].startswith("the kernel was brought back: vector 8, EIP 0xc01")


def test_fault_names_the_entry_that_denies_and_what_would_allow(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} r")
    told = records(lab, f"fault {VA:#x} 7")[0]
    assert told["blame"] == "PTE 256:0" and lab.pte(VA) & (RW | US) == 0
    lab.ok(f"protect {VA:#x} rwu")
    assert lab.pte(VA) & (RW | US) == RW | US
    assert lab.shell.run(f"touch {VA:#x} w user")[0] == 0


def test_repeat_runs_so_often_and_time_measures(lab: Lab) -> None:
    before = lab.lab_page(0x3C)
    lab.ok("repeat 7 invlpg 0")
    assert lab.lab_page(0x3C) == before + 7
    few, many = (
        json.loads(lab.ok(f"time repeat {count} walk 0xc0100000 --json").splitlines()[-1])["ticks"]
        for count in (1, 300)
    )
    assert 0 < few < many


def test_symbols_name_what_lies_there(lab: Lab) -> None:
    assert f"p:{LAB_PAGE:#010x}" in lab.ok("walk lab_page")
    assert "0x45474150" in lab.ok("peek lab_page"), "the magic PAGELAB1 begins with PAGE"
    assert f"p:{lab.lab_page(0x30):#010x}" in lab.ok("walk journal_ring")
