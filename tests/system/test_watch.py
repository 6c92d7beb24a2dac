"""Any 32-bit guest, watched from outside: its tables against what it declares, and the real program on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faces import ROOT
from foreign import MODES, PAGE, ForeignQemu, build, build_flat
from outside import BUILD
from test_console_pty import PREFIX, Screen

PROGRAM = os.fspath(BUILD / "serial-console" / "pagelab-console")
SIZES = {"4K": 1 << 12, "4M": 1 << 22}
Page = tuple[int, int, str, str]


@contextmanager
def guest(
    folder: Path, source: str, mode: str | None = None, **options: str
) -> Iterator[ForeignQemu]:
    qemu = ForeignQemu(folder, build(folder, source, mode), **options)
    try:
        yield qemu
    finally:
        qemu.close()


def ask(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [PROGRAM, "ask", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def declared(mode: str) -> set[Page]:
    """Each 4 KiB of each page that the guest's truth declares of its own space."""
    pages = set()
    for line in (MODES / f"{mode}.truth").read_text(encoding="ascii").splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["space"]:
            break
        if words and words[0] in ("map", "self", "data"):
            first, end = (int(word, 16) for word in words[1].split("-"))
            pa = int(words[2].removeprefix("p:"), 16)
            for offset in range(0, end - first, PAGE):
                pages.add((first + offset, pa + offset, words[4], words[5]))
    return pages


def told(text: str) -> set[Page]:
    """The same of the records of `maps --json`."""
    pages = set()
    for line in text.splitlines():
        region = json.loads(line)
        for offset in range(0, region["size"], PAGE):
            va, pa = int(region["va"], 16) + offset, int(region["pa"], 16) + offset
            pages.add((va, pa, region["kernel"], region["user"]))
    return pages


@pytest.mark.parametrize(
    "mode",
    ["selfmap-957", "selfmap-two", "pse-off", "pse-on", "rights", "smap", "foreign-window"],
)
def test_each_page_of_a_foreign_guest_is_as_declared(tmp_path: Path, mode: str) -> None:
    """With a self-map at any slot, several or none; by the shared file, and by the monitor alone."""
    with guest(tmp_path, "modes", mode) as qemu:
        qemu.boots()
        expected = declared(mode)
        assert expected
        by_file = ask(*qemu.where, "maps", "--json")
        assert (by_file[0], by_file[2]) == (0, "")
        assert told(by_file[1]) == expected
        assert ask("--qmp", str(qemu.qmp), "maps", "--json") == by_file
        assert qemu.monitor.execute("query-status")["running"]


@pytest.mark.parametrize(
    "mode, emulator, words",
    [
        ("off", "qemu-system-i386", "paging off"),
        ("pae", "qemu-system-i386", "PAE"),
        ("4-level", "qemu-system-x86_64", "long mode"),
    ],
)
def test_a_guest_without_two_level_tables_is_one_clear_line(
    tmp_path: Path, mode: str, emulator: str, words: str
) -> None:
    with guest(tmp_path, "modes", mode, emulator=emulator) as qemu:
        if mode != "off":
            qemu.boots()
        code, text, complaint = ask(*qemu.where, "maps")
        assert (code, text) == (1, "")
        assert complaint.startswith("error: the guest ") and words in complaint
        assert complaint.count("\n") == 1


def test_ram_around_the_hole_below_4_gib_is_found(tmp_path: Path) -> None:
    """q35 with 3.5 GiB keeps 2 GiB below the hole; the file is sparse."""
    options = {"emulator": "qemu-system-x86_64", "memory": "3584M", "machine": "q35"}
    with guest(tmp_path, "selfmap", **options) as qemu:
        qemu.boots()
        code, text, _ = ask(*qemu.where, "check")
        assert code == 1
        assert "PTE 64:1023 maps p:0x7ffff000" not in text, "that is RAM here"
        assert "error table-beyond-ram" not in text, "PDE 3 leads to RAM here"


def test_ram_that_is_not_shared_is_refused(tmp_path: Path) -> None:
    with guest(tmp_path, "selfmap", share="off") as qemu:
        qemu.boots()
        code, text, complaint = ask(*qemu.where, "maps")
        assert (code, text) == (1, "")
        assert "does not hold what the guest has" in complaint and "share=on" in complaint


def test_a_monitor_that_somebody_else_uses_is_said_and_not_waited_for(tmp_path: Path) -> None:
    with guest(tmp_path, "selfmap") as qemu:
        begun = time.monotonic()
        code, _, complaint = ask("--qmp", str(tmp_path / "own.sock"), "maps")
        assert code == 1 and "QEMU does not answer" in complaint
        assert time.monotonic() - begun < 20
        assert qemu.monitor.execute("query-status")["running"]


@contextmanager
def watching(tmp_path: Path, *arguments: str, **size: int) -> Iterator[Screen]:
    screen = Screen(tmp_path, *arguments, program=(PROGRAM,), **size)
    try:
        yield screen
    finally:
        screen.close()


def test_the_picture_outlives_the_guest_and_shows_the_next_one(tmp_path: Path) -> None:
    image = build(tmp_path, "selfmap")
    qemu = ForeignQemu(tmp_path, image)
    with watching(tmp_path, *qemu.where, rows=30, columns=100) as screen:
        screen.shows("-> table p:0x00201000")
        screen.send("g")
        screen.shows("go to:")
        screen.send("0x10001000\r")
        screen.shows("page p:0x00301000")
        assert qemu.monitor.execute("query-status")["running"]
        qemu.close()
        screen.shows("waiting for a guest")
        qemu = ForeignQemu(tmp_path, image)
        screen.shows("page p:0x00301000")
        os.truncate(qemu.ram, 0)  # which also ends that QEMU
        screen.send(PREFIX + "q")
        assert screen.status() == 0
        screen.assert_terminal_is_as_before()
    qemu.close()


def test_without_shared_ram_it_says_so_and_shows_the_same(tmp_path: Path) -> None:
    with guest(tmp_path, "selfmap") as qemu:
        with watching(tmp_path, "--qmp", str(qemu.qmp), rows=30, columns=100) as screen:
            screen.shows("-> table p:0x00201000")
            screen.shows("Without --ram QEMU is asked")
            screen.send(PREFIX + "q")
            assert screen.status() == 0


def test_views_answer_and_what_would_change_the_guest_is_refused(tmp_path: Path) -> None:
    with guest(tmp_path, "selfmap") as qemu:
        with watching(tmp_path, *qemu.where, rows=30, columns=100) as screen:
            screen.shows("-> table p:0x00201000")
            screen.send(":walk 0x10001000\r")
            screen.shows("0x00301")
            screen.send("7")
            screen.shows("PDE 768 shares the table p:0x00201000 with PDE 0")
            screen.send("8")
            screen.shows("eip")
            screen.send(PREFIX + "p")
            screen.shows("this guest is only watched")
            assert qemu.monitor.execute("query-status")["running"]
            screen.send(PREFIX + "q")
            assert screen.status() == 0


def test_its_serial_port_is_the_terminal(tmp_path: Path) -> None:
    """The launcher's echo guest talks on COM1; it has no paging, which is one line, and the terminal serves."""
    image = build_flat(tmp_path, "echo_shell")
    serial = tmp_path / "serial.sock"
    qemu = ForeignQemu(tmp_path, image, "-serial", f"unix:{serial},server=on,wait=off")
    try:
        with watching(
            tmp_path, *qemu.where, "--serial", str(serial), rows=30, columns=100
        ) as screen:
            screen.shows("the guest has paging off")
            screen.send("hello\r")
            screen.shows("hello")
            screen.send(PREFIX + "q")
            assert screen.status() == 0
    finally:
        qemu.close()


def test_without_a_terminal_watch_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "watch", "--qmp", str(tmp_path / "none")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2 and re.fullmatch(r"error: .*terminal.*\n", done.stderr)


def test_the_page_names_options_that_work() -> None:
    """docs/watching.md's QEMU options are those that these tests use."""
    page = (ROOT / "docs/watching.md").read_text(encoding="utf-8")
    for words in ("memory-backend-file,id=ram,share=on", "memory-backend=ram", "-qmp unix:"):
        assert words in page
