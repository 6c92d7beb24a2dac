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


def test_every_vector_is_met() -> None:
    lines = VECTORS.read_text(encoding="ascii").splitlines()
    assert len(lines) > 1000
    wrong = []
    for number, line in enumerate(lines, 1):
        vector = json.loads(line)
        expected = line[line.index('"expect":') + len('"expect":') : -1]
        control = (int(vector[name], 16) for name in ("cr0", "cr3", "cr4"))
        space = space_of(*control, 0, vector["maxphyaddr"])
        words = {int(pa, 16): int(word, 16) for pa, word in vector["memory"].items()}
        found = walk(space, SparseMemory(words, vector["ram"]), int(vector["va"], 16))
        if walk_record(found) != expected:
            wrong.append(f"line {number}\n  want {expected}\n  got  {walk_record(found)}")
    assert not wrong, "\n".join(wrong[:5])


def test_the_file_is_what_the_generator_writes() -> None:
    generator = ROOT / "tests/vectors/generate.py"
    assert subprocess.run([sys.executable, generator, "--check"], check=False).returncode == 0
