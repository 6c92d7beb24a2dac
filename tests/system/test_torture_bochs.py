"""Random destructive commands in Bochs, whose CPU and TLB are no relatives of QEMU's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "torture"))

import survival  # noqa: E402

COMMANDS = 1000


@pytest.mark.parametrize("seed", range(1, 6))
def test_bochs_survives(seed: int) -> None:
    survival.expect("bochs", seed, COMMANDS, hang=False)
