"""Who gets packages installed, and who gets the line to paste: with an apt-get that only writes down."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from launcher import ROOT

NOBODY = 65534
TOOLS = ("bash", "dirname", "readlink", "mktemp", "tail", "env", "rm", "touch", "cat", "setpriv")
APT_GET = """#!/bin/bash
echo "apt-get $*" >>"$FAKE/log"
if [[ " $* " == *" install "* ]]; then touch "$FAKE/gizmo.h"; fi
"""
APT_CACHE = """#!/bin/bash
[[ -e $FAKE/lists ]]
"""
SUDO = """#!/bin/bash
echo "sudo $*" >>"$FAKE/log"
"$@"
"""
SCRIPT = """
source "$ROOT/scripts/lib/common.sh"
source "$ROOT/scripts/lib/packages.sh"
need_packages "$1" "gizmo-dev $FAKE/gizmo.h"
echo went on
"""


@dataclass
class FakeDebian:
    """A PATH with nothing but the tools and a package manager that obeys."""

    folder: Path

    def need(self, *, yes: bool, root: bool) -> subprocess.CompletedProcess[str]:
        """Asks for a package that is missing, without a terminal."""
        command = ["bash", "-c", SCRIPT, "bash", "1" if yes else "0"]
        if not root and os.geteuid() == 0:
            command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", *command]
        tools = self.folder / "bin"
        return subprocess.run(
            [tools / command[0], *command[1:]],
            env={
                "PATH": os.fspath(tools),
                "FAKE": os.fspath(self.folder),
                "ROOT": os.fspath(self.folder),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def log(self) -> list[str]:
        """What the package manager was told."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture(name="debian")
def fixture_debian() -> Iterator[FakeDebian]:
    """A machine of its own, open to whoever the test becomes."""
    folder = Path(tempfile.mkdtemp(prefix="pagelab-"))
    tools = folder / "bin"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (tools / name).symlink_to(found)
    for name, text in (("apt-get", APT_GET), ("apt-cache", APT_CACHE), ("sudo", SUDO)):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    shutil.copytree(
        ROOT / "scripts" / "lib", folder / "scripts" / "lib"
    )  # where nobody may read it
    folder.chmod(0o777)
    yield FakeDebian(folder)
    shutil.rmtree(folder)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="asks as root")


@needs_root
def test_root_without_a_terminal_gets_it_installed_without_recommends(debian: FakeDebian) -> None:
    (debian.folder / "lists").touch()
    done = debian.need(yes=False, root=True)
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
    assert debian.log() == ["apt-get -q install --no-install-recommends -y gizmo-dev"]
    assert "gizmo-dev" in done.stderr


@needs_root
def test_the_lists_are_fetched_only_where_they_are_missing(debian: FakeDebian) -> None:
    assert debian.need(yes=False, root=True).returncode == 0
    assert [line.split()[2] for line in debian.log()] == ["update", "install"]


def test_a_user_without_a_terminal_gets_the_line_to_paste(debian: FakeDebian) -> None:
    done = debian.need(yes=False, root=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "sudo apt-get install --no-install-recommends -y gizmo-dev" in done.stderr
    assert done.stderr.count("\n") == 1
    assert debian.log() == [], "sudo is never called unseen"


def test_a_user_who_says_yes_gets_it_installed_by_sudo(debian: FakeDebian) -> None:
    (debian.folder / "lists").touch()
    done = debian.need(yes=True, root=False)
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
    assert debian.log()[0].startswith("sudo env ")
    assert debian.log()[0].endswith(" install --no-install-recommends -y gizmo-dev")


def test_nothing_is_done_where_nothing_is_missing(debian: FakeDebian) -> None:
    (debian.folder / "gizmo.h").touch()
    done = debian.need(yes=False, root=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on\n", "")
    assert debian.log() == []
