"""The plugin on the lab's own kernel: the same verbs, the same bytes as the shell; and what only a lab tells."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from system.faces import SerialShell

import live
from conftest import ROOT

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


SCENE = [
    "map 0x40000000 rwu 16",
    "map 0x40100000 r 8",
    "map 0x50000000 big,rw,u",
    "map 0x60005000 p:0x00800000 rwu 3",
    "map 0x60009000 p:0x00800000 r",
    "protect 0x40004000 -u 2",
    "force map 0x70000000 p:0x00101000 rwu",
    "setpde 700 0x40000000",
    "setpde 5 0x7f000003",
    "poke 0x00003000 1",
    "space new table",
    "in 1 map 0x40000000 rw 4",
]


class Lab:
    """A detached lab, its shell and a GDB that comes and goes."""

    def __init__(self, run: Path) -> None:
        self.run = run

    def shell(self, *commands: str) -> list[tuple[int, str]]:
        with SerialShell(self.run / "serial.sock") as shell:
            return [shell.run(command) for command in commands]

    def gdb(self, *commands: str) -> list[str]:
        """What each prints, errors included."""
        words = ["set pagination off", "set width 0", f"source {live.PLUGIN}"]
        words += [f"target remote {self.run}/gdb.sock", "echo --next--\\n"]
        for command in commands:
            words += [command, "echo --next--\\n"]
        return live.run_gdb(None, *words, "detach").split("--next--\n")[1:-1]


@pytest.fixture(name="lab", scope="module")
def fixture_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    environment = {**os.environ, "PAGELAB_DIR": os.fspath(tmp_path_factory.mktemp("pl"))}

    def script(name: str, *words: str) -> str:
        done = subprocess.run(
            [ROOT / "scripts" / name, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    lab = Lab(Path(script("run", "--detach", "--name", "verbs").splitlines()[-1]))
    lab.shell(*SCENE)
    yield lab
    script("stop", "verbs")


QUESTIONS = """
walk 0x40000000;walk 0x00003000;walk 768:256:0x10;walk 0xfff00400;walk 0xffffffff;split 0x40000123
window 0x40000123;maps;maps --tree;maps --ad;maps --writable --user;maps --exec
maps 0x40001000-0x40200000 --tree;maps --phys p:0x00800000+8K;find p:0x00101000;find 0x00800010
find p:0x7f000000;decode 0x00106023;decode pde 0x004000e3;decode p:0x00101000|P|RW|US;dumppd
dumppd 256;dumppd 700 1023;dumppt 256;dumppt 0xc0100000;check;fault 0xc0100000 7;fault 0x40000000 7
fault 0 2;fault 0x00003000 6;fault;log;log 100;log 3
""".replace(
    "\n", ";"
)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_the_verbs_say_what_the_shell_says(lab: Lab, as_json: bool) -> None:
    questions = [word for word in QUESTIONS.split(";") if word]
    if as_json:
        questions = [f"{word} --json" for word in questions if "--tree" not in word]
    lab.shell(*questions)  # looking sets A and D: now they are set
    theirs = lab.shell(*questions)
    mine = lab.gdb(*(f"pagelab {question}" for question in questions))
    for question, (status, shell), gdb in zip(questions, theirs, mine, strict=True):
        if question.startswith("check"):
            assert gdb.startswith(shell), question
            assert (status == 1) == ("check found" in gdb)
        else:
            assert gdb == shell, question


def test_another_space_by_its_directory(lab: Lab) -> None:
    directory = lab.shell("space list --json")[0][1].splitlines()[1].split('"cr3":"')[1][:10]
    assert lab.shell("in 1 maps")[0][1] == lab.gdb(f"pagelab maps --cr3 {directory}")[0]
    findings = lab.shell(f"check --cr3 p:{directory}")[0][1]
    assert lab.gdb(f"pagelab check --cr3 {directory}")[0].startswith(findings)


def test_set_leaves_a_stale_entry_or_flushes_it(lab: Lab) -> None:
    lab.shell("map 0x48000000 rw", "poke 0x48000000 1", "alloc 2")
    lab.gdb("pageset 0x48000000 p:0x00c00000 --no-flush")
    assert "stale: the CPU still reads another page" in lab.shell("stale 0x48000000")[0][1]
    lab.gdb("pageset 0x48000000 p:0x00c01000")
    assert "fresh" in lab.shell("stale 0x48000000")[0][1]


def test_preflight_of_a_space_and_of_a_page_that_is_none(lab: Lab) -> None:
    own, other = lab.gdb("pagelab preflight $cr3", "pagelab preflight p:0x00c00000")
    assert own.splitlines()[-1].endswith("the CPU would go on")
    told = [line for line in other.splitlines() if line.startswith("error ")]
    assert [line.split(":")[0].split()[1] for line in told] == ["eip", "esp", "gdt", "idt", "tss"]
    # The descriptor tables may lie in the lifeline's slot.
    assert all(re.search("PDE (768|1021) is not present", line) for line in told)
    assert "PDE 768 is not present" in told[0]


def typed_while_gdb_runs(lab: Lab, folder: Path, typed: str, *commands: str) -> list[str]:
    """GDB's lines; the shell gets `typed` when GDB has reached its `continue`."""
    ready = folder / "ready"
    before = [command for command in commands[: commands.index("continue")]]
    words = [*before, f"shell touch {ready}", *commands[len(before) :]]
    printed: list[str] = []
    asking = threading.Thread(target=lambda: printed.extend(lab.gdb(*words)))
    asking.start()
    try:
        live.wait_until(lambda: ready.exists() or not asking.is_alive())
        lab.shell(typed)
    finally:
        asking.join(live.DEADLINE)
    return "".join(printed).splitlines()


@pytest.mark.parametrize(
    "typed, change",
    [
        ("protect 0x4c000000 r", "PTE 304:0  0x"),
        ("noflush unmap 0x4c000000", "PTE 304:0  0x"),
        ("setpde 304 0", "PDE 304  0x"),
    ],
)
def test_watch_stops_at_the_store(lab: Lab, tmp_path: Path, typed: str, change: str) -> None:
    lab.shell("unmap 0x4c000000", "map 0x4c000000 rw")
    watch = ("pagewatch 0x4c000000", "continue", "pagewatch --delete")
    lines = typed_while_gdb_runs(lab, tmp_path, f"force {typed}", *watch)
    told = [line for line in lines if line.startswith("the translation of 0x4c000000 changed: ")]
    assert len(told) == 1 and change in told[0], lines
    assert "by the instruction before 0xc01" in told[0] and "through 0x" in told[0]
    assert "1 of 1 watched addresses forgotten" in lines


def test_stale_asks_the_guest_itself(lab: Lab, tmp_path: Path) -> None:
    """Stopped in running code: the old entries of a frame, a right and a mapping; and nothing is left behind.

    The pages are such that no page of the kernel takes their place in QEMU's TLB.
    """
    for command in (
        "map 0x4d0a0000 rw 4",
        "map 0x4d100000 rw",
        "poke 0x4d0a0000 1; poke 0x4d0a1000 1; poke 0x4d0a2000 1",
        "noflush protect 0x4d0a0000 r",
        "noflush unmap 0x4d0a1000",
    ):
        lab.shell(*(part.strip() for part in command.split(";")))
    lab.gdb("pageset 0x4d0a2000 p:0x00c00000 --no-flush")
    registers = "info registers eip eax esp eflags cs cr2"
    questions = [f"pagestale 0x4d0a{page}000" for page in (0, 1, 2, 3, 4, 0, 1, 2)]
    lines = typed_while_gdb_runs(
        lab,
        tmp_path,
        "unmap 0x4d100000",
        f'file "{ROOT}/build-run/kernel/pagelab.elf"',
        "hbreak pagelab::shell::handlers::unmap",
        "continue",
        registers,
        *questions,
        registers,
        "delete",
    )
    answers = [line.split("; invlpg")[0] for line in lines if re.match("0x4d0a.000 ", line)]
    stale = [
        "0x4d0a0000  stale: the CPU still lets the kernel write, the tables no longer do",
        "0x4d0a1000  stale: nothing is mapped there any more, but the CPU still reads a page",
        "0x4d0a2000  stale: the CPU still reads another page than the one that the tables name",
    ]
    fresh = [f"0x4d0a{page}000  fresh: the CPU uses what the tables say" for page in (3, 4)]
    assert answers == stale + fresh + stale, lines
    shown = [line for line in lines if re.match("eip|eax|esp|eflags|cs|cr2", line)]
    assert shown[: len(shown) // 2] == shown[len(shown) // 2 :] and len(shown) >= 10
    assert lab.shell("check")[0][0] in (0, 1)
    assert "stale" in lab.shell("stale 0x4d0a2000")[0][1]


def test_stale_is_not_asked_of_a_cpu_that_waits(lab: Lab) -> None:
    assert lab.gdb("pagestale 0x4d0a0000")[0].startswith("the CPU waits in hlt")
