"""The same kernel on two engines: counts of instructions and flushes are equal on QEMU and on Bochs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import bochs
from launcher import ROOT, Launcher

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
KERNEL = BUILD / "kernel" / "pagelab.elf"
BENCH = "strategy bench 1024 --json"
# Instructions for each page, at most: the map with its table present, the walk, the unmap.
LIMITS = {
    "recursive": (24, 28, 20),
    "table": (32, 32, 32),
    "upper-half": (32, 32, 32),
    "direct": (32, 32, 32),
    "window": (36, 40, 40),
}


def records(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"record":"bench"')]


def on_qemu(base: Path) -> str:
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    launcher = Launcher(base, [program, "run", "--kernel", os.fspath(KERNEL)], [program, "stop"])
    done = launcher.run("--memory", "128M", "--icount", "--exec", BENCH)
    assert done.status == 0, done.err
    return done.out


def test_the_bench_counts_the_same_on_both_engines_and_meets_its_limits(tmp_path: Path) -> None:
    first, second = on_qemu(tmp_path / "a"), on_qemu(tmp_path / "b")
    assert first == second
    (tmp_path / "bochs").mkdir()
    here, there = records(first), records(bochs.run(KERNEL, [BENCH], tmp_path / "bochs"))
    assert len(here) == len(there) == 10
    for mine, other in zip(here, there):
        assert {**mine, "guarded_map_ticks": 0} == {**other, "guarded_map_ticks": 0}
        ticks = [int(str(mine[f"{what}_ticks"])) for what in ("map", "walk", "unmap")]
        limits = LIMITS[str(mine["strategy"])]
        assert all(0 < count <= limit * 1024 for count, limit in zip(ticks, limits)), mine
        invlpgs = [mine[f"{what}_invlpgs"] for what in ("map", "walk", "unmap")]
        window = mine["strategy"] == "window"
        assert invlpgs == ([1024, 1024, 2048] if window else [0, 0, 1024])
