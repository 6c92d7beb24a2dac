"""docs/proof.md says what is pinned: every run of the access matrix with its counts, and every mutant with the test that
notices it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")


def table(name: str) -> list[list[str]]:
    """The rows of a table that scripts/proof wrote, cell by cell."""
    block = re.search(rf"<!-- {name}: [^\n]*-->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert block is not None, name
    lines = [line for line in block[1].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_pinned_run_of_the_matrix_stands_there_with_its_counts() -> None:
    pins = tomllib.loads((ROOT / "tests/system/engines.toml").read_text(encoding="utf-8"))["engine"]
    wanted = {}
    for pin in pins:
        for model in pin["models"]:
            for name, counts in pin["sets"].items():
                wanted[pin["name"], model, name] = dict(counts)
    said = {}
    for engine, _, model, name, combinations, differences in table("matrix"):
        counts = {"combinations": int(combinations.replace(",", ""))}
        for item in [] if differences == "none" else differences.split(", "):
            label, count = item.rsplit(" ", 1)
            counts[label] = int(count.replace(",", ""))
        said[engine, model, name] = counts
    assert said == wanted


def test_every_mutant_stands_there_and_was_noticed() -> None:
    mutants = tomllib.loads((ROOT / "tests/mutants/mutants.toml").read_text(encoding="utf-8"))
    wanted = [(row["group"], row["rule"]) for row in mutants["mutant"]]
    rows = table("mutants")
    assert [(group, rule) for group, rule, _ in rows] == wanted
    assert [rule for _, rule, killer in rows if "nobody" in killer] == []


def test_each_mutant_fits_the_tree() -> None:
    mutants = tomllib.loads((ROOT / "tests/mutants/mutants.toml").read_text(encoding="utf-8"))
    for row in mutants["mutant"]:
        source = (ROOT / row["file"]).read_text(encoding="utf-8")
        assert source.count(row["old"]) == 1, f"{row['rule']}: {row['file']}"
