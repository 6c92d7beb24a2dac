"""The rescue stands by itself: no instruction of it refers to the kernel but by the names of this list."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KERNEL = Path(os.environ.get("PAGELAB_KERNEL_BUILD", ROOT / "build" / "kernel"))
# Places that it repairs or looks at, and the two that it leaves to.
PLACES = {"bss_start", "data_end", "data_start", "first_stub", "image_end", "image_start"}
PLACES |= {"kernel_table", "lab_page", "main_stack_guard", "main_stack_top", "page_directory"}
PLACES |= {"record_table", "scratch_table", "tables_end", "tables_start", "text_start"}
PLACES |= {"unpacked_end"}
WAYS_OUT = {"rescued_entry", "restart_entry"}


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbols(path: Path) -> dict[str, tuple[int, str]]:
    lines = (line.split() for line in output("nm", path).splitlines())
    return {line[2]: (int(line[0], 16), line[1]) for line in lines if len(line) == 3}


def test_the_object_needs_only_what_is_named() -> None:
    needed = {line.split()[-1] for line in output("nm", "-u", KERNEL / "rescue.o").splitlines()}
    assert needed == PLACES | WAYS_OUT


def test_nothing_of_it_is_shared_by_a_name() -> None:
    kinds = {name: kind for name, (_, kind) in symbols(KERNEL / "rescue.o").items()}
    assert not [name for name, kind in kinds.items() if kind in "VWuvw"]
    assert {name for name, kind in kinds.items() if kind == "T"} == {
        "enter_double_fault",
        "enter_non_maskable",
        "enter_broken_segment",
        "enter_call",
    }


@pytest.mark.parametrize("image", ["unpacked.elf"])
def test_its_instructions_stay_in_the_region(image: str) -> None:
    names = symbols(KERNEL / image)
    places = {address for name, (address, _) in names.items() if name in PLACES | WAYS_OUT}
    code = output("objdump", "-d", "--no-show-raw-insn", "-j", ".rescue", KERNEL / image)
    instructions = re.findall(r"^(ff[0-9a-f]{6}):\s+(.*)$", code, re.MULTILINE)
    assert len(instructions) > 500
    first, last = (int(instructions[i][0], 16) for i in (0, -1))
    for address, text in instructions:
        jump = re.match(r"(?:call|j\w+)\s+([0-9a-f]{8})\b", text)
        if jump:
            assert first <= int(jump.group(1), 16) <= last, (address, text)
        for number in re.findall(r"\$?0x(c0[0-9a-f]{6})\b", text):
            value = int(number, 16)
            near = any(
                abs(value - place) <= 0x1000 or value == place + 0x40000000 for place in places
            )
            assert near or value & 0x3FFFFF == 0, (address, text)
