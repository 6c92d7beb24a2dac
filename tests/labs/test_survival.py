"""Student code that crashes, loops or overwrites the machine: the lab comes back and names the student's line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "labs"))
from checker import image  # noqa: E402
from checker.guest import KERNEL, PROGRAM, Guest  # noqa: E402

DEADLINE = 60.0
BUILD = Path(os.environ.get("PAGELAB_BUILD_RUN", ROOT / "build-run"))
SOURCE = """#include "lab.h"
void wild(void) {
    *(entry_t *)0x00001000 = 1; /* wild */
}
void loop(void) {
    for (;;) {
    } /* loop */
}
int deep(int n) {
    volatile char room[512];
    room[0] = 1;
    return deep(n + 1) + room[0]; /* deep */
}
void jump(void) {
    ((void (*)(void))0x00002000)(); /* jump */
}
void halt(void) {
    __asm__ volatile("cli; hlt"); /* halt */
}
void code(void) {
    *(entry_t *)0xC0103000 = 0; /* code */
}
void directory(void) {
    for (uint32_t i = 0; i < ENTRY_COUNT; ++i) {
        ((entry_t *)DIRECTORY_WINDOW)[i] = 0; /* directory */
    }
    load_cr3(0);
}
void data(uint32_t from, uint32_t words) {
    for (uint32_t i = 0; i < words; ++i) {
        ((entry_t *)from)[i] = 0x5A5A5A5A;
    }
}
int fine(void) { return 42; }
"""


def line_of(mark: str) -> int:
    """Where the source has this mark."""
    return next(n for n, text in enumerate(SOURCE.splitlines(), 1) if f"/* {mark} */" in text)


@pytest.fixture(name="exercise", scope="module")
def fixture_exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survival")
    source = folder / "mine.c"
    source.write_text(SOURCE, encoding="utf-8")
    out = folder / "mine.image"
    out.write_bytes(image.build(source).data)
    return out


def run(exercise: Path, commands: str, base: Path) -> subprocess.CompletedProcess[str]:
    """A batch with snapshots and the watchdog, as a student's console has them."""
    return subprocess.run(
        [BUILD / PROGRAM, "run", "--kernel", BUILD / KERNEL, "--exercise", exercise, "--keep-going"]
        + ["--exec", commands],
        env={**os.environ, "PAGELAB_DIR": os.fspath(base)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@pytest.mark.parametrize("name", ["wild", "loop", "deep", "jump", "halt", "code"])
def test_the_line_is_named_and_the_lab_goes_on(name: str, exercise: Path, tmp_path: Path) -> None:
    done = run(exercise, f"map 0x40000000; call {name}; walk 0x40000000; call fine", tmp_path)
    place = re.search(
        rf"^(?:in|called from) {name}, mine\.c line (\d+)$", done.stdout, re.MULTILINE
    )
    assert place, done.stdout
    assert abs(int(place[1]) - line_of(name)) <= 1
    assert "kernel rw" in done.stdout.split("mine.c line")[1], "the user's mapping lives on"
    assert "fine() = 0x0000002a" in done.stdout


@pytest.mark.parametrize("call", ["directory", "data 0xc0151000 4096", "data 0xff400000 1024"])
def test_whatever_it_overwrites_the_lab_comes_back(
    call: str, exercise: Path, tmp_path: Path
) -> None:
    done = run(exercise, f"call {call}; call fine; check", tmp_path)
    assert "fine() = 0x0000002a" in done.stdout, done.stdout + done.stderr
    assert "0 errors" in done.stdout


def test_two_runs_of_the_same_file_are_equal(exercise: Path) -> None:
    def memory() -> list[bytes]:
        with Guest(exercise.read_bytes()) as guest:
            for command in ("map 0x40000000 rw 3", "call fine", "call wild", "call fine"):
                guest.run(command)
            directory = guest.directory()
            table = guest.pde(0x40000000) & 0xFFFFF000
            return [guest.bytes_of(directory), guest.bytes_of(table), bytes(guest.last_call())]

    assert memory() == memory()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("int f(void) { return x; }", "mine.c:2:22: error: 'x' undeclared"),
        ("int puts(const char *); int f(void) { return puts(0); }", "defined nowhere: puts"),
        ("char room[3000000] = {1}; int f(void) { return room[0]; }", "may take 1024"),
    ],
)
def test_what_does_not_build_is_said_in_the_students_own_lines(
    text: str, complaint: str, tmp_path: Path
) -> None:
    assert complaint in complaint_of(text, tmp_path)


@pytest.mark.skipif(not image.sandbox_works(), reason="this system gives bubblewrap no root")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#include <stdio.h>", "mine.c:2:10: fatal error: stdio.h: No such file"),
        ('#include "/etc/passwd"', "No such file"),
        ('__asm__(".incbin \\"/etc/passwd\\"");', "file not found: /etc/passwd"),
    ],
)
def test_the_compiler_reaches_no_file_of_the_host(
    text: str, complaint: str, tmp_path: Path
) -> None:
    assert complaint in complaint_of(text, tmp_path)


def complaint_of(text: str, tmp_path: Path) -> str:
    source = tmp_path / "mine.c"
    source.write_text(f'#include "lab.h"\n{text}\n', encoding="utf-8")
    with pytest.raises(image.BuildError) as raised:
        image.build(source)
    message = str(raised.value).replace("‘", "'").replace("’", "'")
    assert str(ROOT) not in message and "/tmp/pagelab" not in message
    return message


def test_cpp_works_too(tmp_path: Path) -> None:
    source = tmp_path / "mine.cpp"
    source.write_text(
        '#include "lab.h"\nint twice(int x) { auto y = x; return y * 2; }\n', encoding="utf-8"
    )
    with Guest(image.build(source).data) as guest:
        assert guest.run("call twice 21").status == 0
        assert guest.last_call() == (1, 42)
