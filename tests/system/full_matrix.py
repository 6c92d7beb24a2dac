"""The long sets of the access matrix, and all CPU models: over 12 million combinations on each engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from matrix import check_sets, on_bochs, on_qemu

LONG = ["full", "cache", "reserved"]
MINUTES = 60.0


def commands(sets: list[str]) -> list[str]:
    return [f"selftest matrix {name}" for name in sets]


def test_all_sets_on_qemu() -> None:
    check_sets(on_qemu("max", commands(LONG), timeout=10 * MINUTES), LONG)


@pytest.mark.parametrize("model", ["486", "pentium", "pentium3", "qemu32", "qemu64"])
def test_the_models_of_qemu(model: str) -> None:
    sets = ["quick", "full", "reserved"]
    check_sets(on_qemu(model, commands(sets), timeout=5 * MINUTES), sets)


@pytest.mark.parametrize("name", LONG)
def test_each_set_on_bochs(name: str, tmp_path: Path) -> None:
    run = on_bochs("corei7_skylake_x", commands([name]), tmp_path, deadline=30 * MINUTES)
    check_sets(run, [name])


@pytest.mark.parametrize("model", ["corei7_haswell_4770", "p3_katmai", "pentium"])
def test_the_models_of_bochs(model: str, tmp_path: Path) -> None:
    sets = ["quick", "full", "reserved"]
    check_sets(on_bochs(model, commands(sets), tmp_path, deadline=10 * MINUTES), sets)
