"""Pictures without a terminal: of a fresh lab after commands, of a running one, of somebody else's guest."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign import ForeignQemu, build
from launcher import Launcher
from outside import BUILD

PROGRAM = os.fspath(BUILD / "serial-console" / "pagelab-console")
KERNEL = os.fspath(BUILD / "kernel" / "pagelab.elf")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(name="launcher")
def fixture_launcher(tmp_path: Path) -> Iterator[Launcher]:
    launcher = Launcher(tmp_path / "pl", [PROGRAM, "run", "--kernel", KERNEL], [PROGRAM, "stop"])
    yield launcher
    launcher.stop("--all")
    assert launcher.left() == []


def facts(file: Path) -> tuple[str, str]:
    """Title and description of a drawing, which must be well-formed."""
    root = ET.parse(file).getroot()
    return root.findtext(f"{SVG}title") or "", root.findtext(f"{SVG}desc") or ""


def test_a_fresh_lab_after_some_commands(launcher: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "space.svg"
    done = launcher.run("--exec", "map 0x40000000 rwu 4; maps", "--picture", os.fspath(file))
    assert done.status == 0, done.err
    title, description = facts(file)
    assert title == "The address space of lab"
    # The same facts as `maps` printed.
    assert done.out.split("\n", 1)[1].strip() in description
    assert "0x40000000-0x40004000" in description


def test_a_picture_alone_boots_and_ends(launcher: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "space.txt"
    assert launcher.run("--picture", os.fspath(file)).status == 0
    text = file.read_text(encoding="utf-8")
    assert "The address space of lab" in text and "self-map of p:0x" in text


def test_a_running_lab_goes_on_undisturbed(launcher: Launcher, tmp_path: Path) -> None:
    assert launcher.run("--detach", "--name", "sits").status == 0
    poster = tmp_path / "walk.svg"
    done = launcher.run("--attach", "sits", "--picture", os.fspath(poster), "--walk", "0xc0100234")
    assert done.status == 0, done.err
    title, description = facts(poster)
    assert title == "Where 0xc0100234 leads"
    assert "PTE 768:256" in description and "4 KiB page  kernel r-x" in description
    assert "sits" in launcher.run("--list").out


def test_bad_requests_are_one_line_and_write_nothing(launcher: Launcher, tmp_path: Path) -> None:
    for arguments, words in (
        (["--picture", "space.png"], ".svg or .txt"),
        (["--walk", "0"], "--picture"),
        (["--plain", "--picture", "x.svg"], "--p"),
        (["--exec", "maps", "--record", "x"], "--"),
    ):
        done = launcher.run(*arguments)
        assert done.status == 2 and done.err.count("\n") == 1, arguments
        assert words in done.err
    file = tmp_path / "x.svg"
    done = launcher.run("--exec", "echo", "--picture", os.fspath(file), "--walk", "zork")
    assert done.status == 1 and "'zork' is not an address" in done.err and not file.exists()
    done = launcher.run("--exec", "echo", "--picture", "/nonexistent/x.svg")
    assert done.status == 1 and "can't write /nonexistent/x.svg" in done.err


def test_somebody_elses_guest(tmp_path: Path, launcher: Launcher) -> None:
    qemu = ForeignQemu(tmp_path, build(tmp_path, "selfmap"))
    try:
        qemu.boots()
        file = tmp_path / "foreign.svg"
        done = launcher.console("watch", *qemu.where, "--picture", os.fspath(file))
        assert done.status == 0, done.err
        assert "self-map in slot 1023" in facts(file)[1]
        assert qemu.monitor.execute("query-status")["running"]
    finally:
        qemu.close()
