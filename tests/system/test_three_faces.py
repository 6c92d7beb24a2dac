"""One lab, three faces, one answer: shell, GDB plugin and console library against each other and QEMU's monitor."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faces import ROOT, Monitor, SerialShell, gdb_walks, info_mem, info_tlb

ADDRESSES = 1000
SEED = 20260101
PAGE = 4096

# 4 KiB and 4 MiB, read-only, user, global, cache bits, aliases; maps, protects, unmaps.
COMMANDS = [
    "map 0x40000000 rwu 16",
    "map 0x40100000 r 8",
    "map 0x50000000 big,rw,u",
    "map 0x50800000 p:0x00400000 big,r",
    "map 0x60000000 rw,g 4",
    "map 0x60005000 p:0x00800000 rwu 3",
    "map 0x60009000 p:0x00800000 r",
    "map 0x7ffff000 rw,wt,nc",
    "map 0xbffff000 rwu",
    "protect 0x40000000 -w 4",
    "protect 0x40004000 -u 2",
    "protect 0x50000000 r",
    "unmap 0x40008000 2",
    "unmap 0x60001000",
    "map 0x60001000 r,u",
    "setpde 700 0x40000000",
]


@pytest.fixture(name="run", scope="module")
def fixture_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A detached lab of its own; its run directory."""
    base = tmp_path_factory.mktemp("pl")
    environment = {**os.environ, "PAGELAB_DIR": os.fspath(base)}
    command = [ROOT / "scripts" / "run", "--detach", "--name", "faces"]
    started = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert started.returncode == 0, started.stderr
    yield Path(started.stdout.strip())
    subprocess.run([ROOT / "scripts" / "stop", "faces"], env=environment, timeout=60, check=True)
    assert not (base / "faces").exists()


@pytest.fixture(name="addresses", scope="module")
def fixture_addresses(run: Path) -> list[int]:
    """Edges and random addresses, most of them where something is mapped."""
    with SerialShell(run / "serial.sock") as shell:
        for command in COMMANDS:
            shell.ok(command)
        regions = [json.loads(line) for line in shell.ok("maps --json").splitlines()]
    edges = {
        0,
        4,
        PAGE - 1,
        0xFFFFFFFF,
        0xFFFFFFFC,
        0xFFFFF000,
        0xFFC00000,
        0xFFBFFFFF,
        0xBFFFFFFF,
        700 << 22,
    }
    for region in regions:
        first = int(region["va"], 16)
        end = first + region["size"]
        edges |= {va & 0xFFFFFFFF for va in (first - 1, first, end - 1, end)}
    generator = random.Random(SEED)
    chosen = sorted(edges)
    while len(chosen) < ADDRESSES:
        if generator.random() < 0.7:
            region = generator.choice(regions)
            chosen.append(int(region["va"], 16) + generator.randrange(region["size"]))
        else:
            chosen.append(generator.randrange(1 << 32))
    return chosen[:ADDRESSES]


def shell_walks(run: Path, addresses: list[int]) -> list[str]:
    """Each address walked inside the guest. The first pass lets the A and D bits settle that looking sets."""
    with SerialShell(run / "serial.sock") as shell:
        for va in addresses:
            shell.ok(f"walk {va:#x} --json")
        return [shell.ok(f"walk {va:#x} --json").strip() for va in addresses]


def console_walks(run: Path, addresses: list[int]) -> list[str]:
    """Each address walked by the console's library over the shared RAM, from outside."""
    program = Path(os.environ["PAGELAB_CONSOLE_WALK"])
    text = "".join(f"{va:#x}\n" for va in addresses)
    done = subprocess.run(
        [program, run], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


@pytest.fixture(name="walks", scope="module")
def fixture_walks(
    run: Path, addresses: list[int], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """The records of the three faces."""
    return {
        "shell": shell_walks(run, addresses),
        "gdb": gdb_walks(run / "gdb.sock", addresses, tmp_path_factory.mktemp("gdb")),
        "console": console_walks(run, addresses),
    }


def differences(first: list[str], second: list[str]) -> list[tuple[str, str]]:
    return [(a, b) for a, b in zip(first, second, strict=True) if a != b]


def test_the_three_faces_print_the_same_bytes(walks: dict[str, list[str]]) -> None:
    assert len(walks["shell"]) == ADDRESSES
    assert differences(walks["shell"], walks["gdb"])[:3] == []
    assert differences(walks["shell"], walks["console"])[:3] == []


def test_the_walks_are_of_every_kind(walks: dict[str, list[str]]) -> None:
    records = [json.loads(line) for line in walks["shell"]]
    outcomes = {record["outcome"] for record in records}
    assert {"page-4k", "page-4m", "not-present"} <= outcomes
    assert {record["user"] for record in records} >= {"rwx", "r-x", "---"}
    assert any(record["self_map"] for record in records)
    assert any(record["global"] for record in records)


def leaf(record: dict[str, Any]) -> dict[str, Any]:
    return dict(record["steps"][-1])


def test_qemus_monitor_agrees(run: Path, walks: dict[str, list[str]]) -> None:
    """gva2gpa on every address; info tlb on every leaf; info mem on the rights of both levels."""
    with Monitor(run / "qmp.sock") as monitor:
        tlb = info_tlb(monitor.hmp("info tlb"))
        mem = info_mem(monitor.hmp("info mem"))
        answers = {
            record: monitor.hmp(f"gva2gpa {json.loads(record)['va']}") for record in walks["shell"]
        }
    assert tlb and mem
    for text, answer in answers.items():
        record = json.loads(text)
        va = int(record["va"], 16)
        ranges = [rights for first, end, rights in mem if first <= va < end]
        if record["pa"] is None:
            assert "Unmapped" in answer, (record, answer)
            assert not ranges, record
            continue
        assert int(answer.split()[-1], 16) == int(record["pa"], 16), (record, answer)
        line = tlb[va & -record["page_size"]]
        assert line.pa == int(record["pa"], 16) & -record["page_size"], record
        flags = set(leaf(record)["flags"])
        letters = {"G": "G", "D": "D", "A": "A", "C": "PCD", "T": "PWT", "U": "US", "W": "RW"}
        assert {name for letter, name in letters.items() if letter in line.flags} == flags & set(
            letters.values()
        )
        # info mem knows no CR0.WP: its w is the AND of both R/W bits, which is what the kernel gets with WP = 1.
        assert len(ranges) == 1, (record, ranges)
        assert ("w" in ranges[0]) == ("w" in record["kernel"]), (record, ranges)
        assert ("u" in ranges[0]) == ("r" in record["user"]), (record, ranges)
