"""Random destructive commands in QEMU: the lab survives them, and nothing is lost that no command named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "torture"))

import survival  # noqa: E402

COMMANDS = 10_000


@pytest.mark.parametrize("seed", range(401, 411))
def test_qemu_survives(seed: int) -> None:
    survival.expect("qemu", seed, COMMANDS, hang=False)


def test_endless_loops_are_ended_and_counted_as_rescued() -> None:
    """With `hang` the console's NMI brings the machine back."""
    survival.expect("qemu", 11, 1000, hang=True)
