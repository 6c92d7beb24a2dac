"""What the tests expect of a torture: all survived, and survival was not bought by refusing."""

from __future__ import annotations

import os
from pathlib import Path

import torture

MOST_REFUSED = 0.10
LEAST_CHANGED = 0.50


def expect(engine: str, seed: int, commands: int, hang: bool) -> None:
    run = torture.Run(engine, seed, commands, hang)
    result = torture.perform(run, Path(os.environ["PAGELAB_BUILD"]))
    assert result.survived, result.said[-3000:]
    assert result.refused <= MOST_REFUSED * result.commands, result.said
    assert result.changed >= LEAST_CHANGED * result.commands, result.said
    assert result.rescued > 0, "nothing was destroyed"
