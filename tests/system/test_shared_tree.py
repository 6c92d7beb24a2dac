"""A tree that somebody else owns and built: students on one server run it, and never write into it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import ROOT

NOBODY = 65534
SCRIPT = """
source "$ROOT/scripts/lib/common.sh"
source "$ROOT/scripts/lib/build.sh"
build release build-run all
echo went on
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")


@pytest.fixture(name="tree")
def fixture_tree() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pagelab-") as folder:
        tree = Path(folder)
        tree.chmod(0o755)
        shutil.copytree(ROOT / "scripts" / "lib", tree / "scripts" / "lib")
        yield tree


def build_as_another(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", "--clear-groups", "bash", "-c", SCRIPT],
        env={"PATH": os.environ["PATH"], "ROOT": os.fspath(tree)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_root
def test_what_the_owner_built_is_taken_as_it_is(tree: Path) -> None:
    (tree / "build-run").mkdir()
    (tree / "build-run" / "build.ninja").touch()
    done = build_as_another(tree)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")


@needs_root
def test_a_tree_that_was_not_built_is_refused_in_one_line(tree: Path) -> None:
    done = build_as_another(tree)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {tree}/build-run can't be written")
    assert len(done.stderr.splitlines()) == 1
