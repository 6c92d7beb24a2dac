"""Sessions recorded, looked at again and asked; reports."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from launcher import Launcher
from outside import BUILD
from test_console_pty import PREFIX, Screen

PROGRAM = os.fspath(BUILD / "serial-console" / "pagelab-console")
KERNEL = os.fspath(BUILD / "kernel" / "pagelab.elf")


def console(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name="recorded", scope="module")
def fixture_recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A session in which pages were mapped, recorded in both ways."""
    base = tmp_path_factory.mktemp("pl")
    files = {"record": base / "session.pagelab", "cast": base / "session.cast"}
    options = [word for name, file in files.items() for word in (f"--{name}", os.fspath(file))]
    screen = Screen(base, "--kernel", KERNEL, *options, program=(PROGRAM, "run"))
    try:
        screen.at_prompt()
        screen.types("map 0x40000000 rwu 4")
        screen.types("peek 0")
        screen.send(PREFIX + "q")
        assert screen.status() == 0
        screen.assert_terminal_is_as_before()
    finally:
        screen.close()
    return files


def test_what_is_in_a_recording_is_told(recorded: dict[str, Path]) -> None:
    code, text, _ = console("play", os.fspath(recorded["record"]), "--contents")
    assert code == 0
    assert "name          lab\n" in text and "journal" in text and "cut off" not in text


def test_its_end_answers_as_the_lab_did(recorded: dict[str, Path]) -> None:
    where = ["ask", "--replay", os.fspath(recorded["record"])]
    code, text, _ = console(*where, "maps", "--user", "--json")
    assert code == 0
    record = json.loads(text)
    assert (record["va"], record["size"], record["user"]) == ("0x40000000", 0x4000, "rwx")
    assert "vector 14" in console(*where, "log")[1]
    assert console(*where, "check")[1].endswith("notes\n")
    assert "not present" in console(*where, "fault")[1]


def test_it_plays_stops_and_goes_back(recorded: dict[str, Path], tmp_path: Path) -> None:
    screen = Screen(
        tmp_path, "play", os.fspath(recorded["record"]), program=(PROGRAM,), columns=100
    )
    try:
        screen.shows("page fault")
        screen.shows("end")
        screen.send("[")
        screen.hides("page fault")
        screen.send(" ")
        screen.shows("stopped")
        screen.send("]]]]")
        screen.shows("page fault")
        screen.send(PREFIX + "q")
        assert screen.status() == 0
        screen.assert_terminal_is_as_before()
    finally:
        screen.close()


def test_a_cast_is_valid_and_shows_the_session(recorded: dict[str, Path], tmp_path: Path) -> None:
    made = tmp_path / "made.cast"
    code, _, complaint = console(
        "play", os.fspath(recorded["record"]), "--cast", os.fspath(made), "--size", "100x30"
    )
    assert (code, complaint) == (0, "")
    for file, size in ((recorded["cast"], (80, 24)), (made, (100, 30))):
        head, *events = [json.loads(line) for line in file.read_text().splitlines()]
        assert (head["version"], head["width"], head["height"]) == (2, *size)
        times = [event[0] for event in events]
        assert (
            times == sorted(times) and len(times) > 1
        ), "a session takes a tenth of a second or more"
        assert "40000000" in "".join(event[2] for event in events if event[1] == "o")


def test_its_end_can_be_drawn(recorded: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "end.txt"
    assert console("play", os.fspath(recorded["record"]), "--picture", os.fspath(file))[0] == 0
    assert "0x40000000-0x40004000" in file.read_text()


def test_a_recording_that_was_cut_off_still_plays(
    recorded: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "cut.pagelab"
    whole = recorded["record"].read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3])
    code, text, _ = console("play", os.fspath(file), "--contents")
    assert code == 0 and "cut off" in text
    assert console("ask", "--replay", os.fspath(file), "maps")[0] == 0


def test_what_is_no_recording_is_refused_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_text("hello")
    for arguments in (["play", os.fspath(file)], ["play", os.fspath(tmp_path / "none")]):
        code, text, complaint = console(*arguments)
        assert code == 2 and not text and complaint.count("\n") == 1
    assert console("ask", "--replay", os.fspath(file), "maps")[0] == 1


def test_a_report_is_shown_agreed_to_and_opens(tmp_path: Path) -> None:
    base = tmp_path / "pl"
    launcher = Launcher(base, [PROGRAM, "run", "--kernel", KERNEL], [PROGRAM, "stop"])
    assert launcher.run("--detach", "--name", "told").status == 0
    file = tmp_path / "told.pagelab"
    words = ["report", "told", "--output", os.fspath(file)]
    done = launcher.console(*words)
    assert done.status == 2 and not file.exists(), "without a terminal nobody agreed"
    assert "journal" in done.out and "--yes" in done.err
    assert launcher.console(*words, "--yes").status == 0
    assert launcher.stop("told").status == 0
    code, text, _ = console("play", os.fspath(file), "--contents")
    assert code == 0 and "kernel        pagelab" in text and "commands" in text
    assert console("ask", "--replay", os.fspath(file), "check")[0] == 0
