"""Random destructive commands, on both engines: the lab survives them, and nothing is lost that no command named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "torture"))

import torture  # noqa: E402

BUILD = Path(os.environ["PAGELAB_BUILD"])
QEMU_SEEDS = (401, 403, 404, 405)
QEMU_COMMANDS = 2500
BOCHS_SEEDS = (1,)
BOCHS_COMMANDS = 500


def expect_survival(run: torture.Run) -> None:
    result = torture.perform(run, BUILD)
    assert result.survived, result.said[-3000:]
    # Survival must not be bought by refusing.
    assert result.refused <= 0.10 * result.commands, result.said
    assert result.rescued > 0, "nothing was destroyed"


@pytest.mark.parametrize("seed", QEMU_SEEDS)
def test_qemu_survives(seed: int) -> None:
    expect_survival(torture.Run("qemu", seed, QEMU_COMMANDS, False))


@pytest.mark.parametrize("seed", BOCHS_SEEDS)
def test_bochs_survives(seed: int) -> None:
    expect_survival(torture.Run("bochs", seed, BOCHS_COMMANDS, False))


def test_endless_loops_are_ended_and_counted_as_rescued() -> None:
    """With `hang` the console's NMI brings the machine back."""
    expect_survival(torture.Run("qemu", 11, 1000, True))
