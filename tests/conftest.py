"""For every pytest suite: what the tests put aside is gone when they end."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def fixture_leave_nothing_in_tmp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up first and so torn down last. Other runs of pytest at the same time keep their folders."""
    yield
    folder = tmp_path_factory.getbasetemp()
    shutil.rmtree(folder, ignore_errors=True)
    for link in folder.parent.glob("*current"):
        if link.is_symlink() and not link.exists():
            link.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()
