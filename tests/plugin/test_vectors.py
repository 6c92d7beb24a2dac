"""The Python walk meets every vector that the C++ walk meets, byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys

from conftest import ROOT
from pagelab.memory import SparseMemory
from pagelab.records import walk_record
from pagelab.space import space_of
from pagelab.walk import walk

VECTORS = ROOT / "tests/vectors/walk-32bit.jsonl"


GENERATOR = ROOT / "tests/vectors/generate.py"
# As many pairs of entries, with as many registers, as the kernel's access matrix lets the CPU try.
COMBINATIONS = 49_408


def difference(line: str) -> str:
    """What is wrong with the walk of a vector; empty if nothing is."""
    vector = json.loads(line)
    expected = line[line.index('"expect":') + len('"expect":') : -1]
    control = (int(vector[name], 16) for name in ("cr0", "cr3", "cr4"))
    space = space_of(*control, 0, vector["maxphyaddr"])
    words = {int(pa, 16): int(word, 16) for pa, word in vector["memory"].items()}
    found = walk_record(walk(space, SparseMemory(words, vector["ram"]), int(vector["va"], 16)))
    return "" if found == expected else f"  want {expected}\n  got  {found}"


def differences(lines: list[str]) -> str:
    found = ((number, difference(line)) for number, line in enumerate(lines, 1))
    return "\n".join([f"line {number}\n{wrong}" for number, wrong in found if wrong][:5])


def test_every_vector_is_met() -> None:
    lines = VECTORS.read_text(encoding="ascii").splitlines()
    assert len(lines) > 1000
    assert not differences(lines)


def test_every_combination_of_the_access_matrix_is_met() -> None:
    done = subprocess.run(
        [sys.executable, GENERATOR, "--exhaustive"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(set(lines)) == COMBINATIONS
    assert not differences(lines)


def test_the_file_is_what_the_generator_writes() -> None:
    assert subprocess.run([sys.executable, GENERATOR, "--check"], check=False).returncode == 0
