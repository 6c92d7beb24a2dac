"""For every pytest suite: what the tests put aside is gone when they end."""

from __future__ import annotations

import atexit
import contextlib
import shutil
from pathlib import Path

import pytest

_folders: list[Path] = []


@pytest.fixture(scope="session", autouse=True)
def fixture_remember_the_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    _folders.append(tmp_path_factory.getbasetemp())


@atexit.register  # before pytest registers its own tidying, and so run after that
def _leave_nothing_in_tmp() -> None:
    """Other runs of pytest at the same time keep their folders."""
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)
        for link in folder.parent.glob("*current"):
            if link.is_symlink() and not link.exists():
                link.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()
