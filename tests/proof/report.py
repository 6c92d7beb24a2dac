"""Says what the tests counted: in docs/proof.md (scripts/proof), or in a few lines (scripts/test).

The tables of docs/proof.md stand between two comments each and are written anew as a whole: only if nothing is missing.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import records
from records import ROOT

DOCUMENT = ROOT / "docs" / "proof.md"
ENGINES = ROOT / "tests" / "system" / "engines.toml"
MUTANTS = ROOT / "tests" / "mutants" / "mutants.toml"
NOT_A_CLASS = {"kind", "name", "engine", "version", "model", "set", "combinations"}
SETS = ["quick", "full", "cache", "reserved"]


class Missing(Exception):
    """A table can't be written: a test has not been run."""


def thousands(number: int) -> str:
    return f"{number:,}"


def differences(record: dict[str, Any]) -> str:
    seen = [f"{name} {thousands(record[name])}" for name in record if name not in NOT_A_CLASS]
    return ", ".join(seen) or "none"


def pinned_runs() -> Iterator[tuple[str, str, str]]:
    """Engine, CPU model and set of all that engines.toml knows."""
    for pin in tomllib.loads(ENGINES.read_text(encoding="utf-8"))["engine"]:
        for model in pin["models"]:
            for name in pin["sets"]:
                yield pin["name"], model, name


def matrix_table() -> list[str]:
    found = {(one["engine"], one["model"], one["set"]): one for one in records.read("matrix")}
    missing = [run for run in pinned_runs() if run not in found]
    if missing:
        raise Missing("matrix: no record of " + ", ".join(" ".join(run) for run in missing))
    rows = ["| engine | version | CPU model | set | combinations | differences |"]
    rows.append("| --- | --- | --- | --- | ---: | --- |")
    total = 0
    order = sorted(found, key=lambda run: (run[0] != "QEMU", run[1], SETS.index(run[2])))
    for run in order:
        one = found[run]
        total += one["combinations"]
        rows.append(
            f"| {one['engine']} | {one['version']} | {one['model']} | {one['set']} "
            f"| {thousands(one['combinations'])} | {differences(one)} |"
        )
    return [*rows, "", f"{thousands(total)} combinations in all, none of them unexplained."]


def tlb_table() -> list[str]:
    found = records.read("tlb")
    engines = sorted({one["engine"] for one in found}, reverse=True)
    if engines != ["QEMU", "Bochs"]:
        raise Missing(f"tlb: records of {engines or 'no engine'} only")
    facts = {one["engine"]: one["facts"] for one in found}
    rows = ["| change, what follows | QEMU | Bochs |", "| --- | ---: | ---: |"]
    for name in facts["QEMU"]:
        rows.append(f"| {name} | {facts['QEMU'][name]} | {facts['Bochs'].get(name, '')} |")
    return [*rows, "", "Old translations that answered, of 1,000."]


def mutants_table() -> list[str]:
    wanted = tomllib.loads(MUTANTS.read_text(encoding="utf-8"))["mutant"]
    found = {(one["group"], one["rule"]): one["killer"] for one in records.read("mutant")}
    missing = [row["rule"] for row in wanted if (row["group"], row["rule"]) not in found]
    if missing:
        raise Missing(f"mutants: no record of {len(missing)}, the first: {missing[0]}")
    rows = ["| | the rule that is broken | noticed by |", "| --- | --- | --- |"]
    killers = [found[row["group"], row["rule"]] for row in wanted]
    for row, killer in zip(wanted, killers):
        rows.append(f"| {row['group']} | {row['rule']} | {killer or '**nobody**'} |")
    killed = sum(killer is not None for killer in killers)
    return [*rows, "", f"{killed} of {len(wanted)} noticed."]


TABLES = {"matrix": matrix_table, "tlb": tlb_table, "mutants": mutants_table}


def block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)


def write() -> int:
    text = DOCUMENT.read_text(encoding="utf-8")
    status = 0
    for name, table in TABLES.items():
        try:
            rows = "\n".join(table())
        except Missing as missing:
            print(f"error: {missing}; run scripts/test --full", file=sys.stderr)
            status = 1
            continue
        text = block(name).sub(lambda found: f"{found[1]}{rows}\n{found[2]}", text)
    DOCUMENT.write_text(text, encoding="utf-8")
    return status


def summary(since: float) -> None:
    """What the records say that are not older than `since`, seconds of the epoch."""
    matrix = records.read("matrix", since)
    for engine in sorted({one["engine"] for one in matrix}, reverse=True):
        runs = [one for one in matrix if one["engine"] == engine]
        classes: dict[str, int] = {}
        for one in runs:
            for name in one.keys() - NOT_A_CLASS:
                classes[name] = classes.get(name, 0) + one[name]
        counted = ", ".join(f"{name} {thousands(classes[name])}" for name in sorted(classes))
        total = thousands(sum(one["combinations"] for one in runs))
        print(f"access matrix on {engine}: {total} combinations, differences: {counted or 'none'}")
    for one in records.read("tlb", since):
        print(f"TLB on {one['name']}: {len(one['facts'])} facts, 1,000 rounds each")
    if mutants := records.read("mutant", since):
        killed = sum(one["killer"] is not None for one in mutants)
        print(f"mutants: {killed} of {len(mutants)} noticed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary-since", type=float, metavar="SECONDS")
    options = parser.parse_args()
    if options.summary_since is None:
        return write()
    summary(options.summary_since)
    return 0


if __name__ == "__main__":
    sys.exit(main())
