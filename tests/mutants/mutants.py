"""Breaks a rule at a time (mutants.toml) and shows which test notices.

A mutant is a copy of one file with one change, in a folder that the compiler looks in first: the tree itself is
never touched, and the folder goes with the run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.fspath(ROOT / "tests" / "proof"))

import records  # noqa: E402

TABLE = Path(__file__).parent / "mutants.toml"
FLAGS = ["-std=gnu++23", "-O1", "-w"]
LIBRARIES = ["-lgtest", "-lgtest_main", "-lrapidcheck", "-lpthread"]
# A broken rule may also hang a test.
COMPILE_SECONDS, TEST_SECONDS = 600.0, 300.0
FAILED = re.compile(r"^\[  FAILED  \] ([\w./]+)", re.MULTILINE)


class TableError(Exception):
    """The table does not fit the tree."""


@dataclass(frozen=True)
class Mutant:
    """A rule and the change that breaks it."""

    group: str
    rule: str
    file: str
    old: str
    new: str
    suites: tuple[str, ...]

    def text(self) -> str:
        """The file with the change."""
        source = (ROOT / self.file).read_text(encoding="utf-8")
        found = source.count(self.old)
        if found != 1 or self.old == self.new:
            raise TableError(f"{self.rule}: {self.file} has its text {found} times")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Verdict:
    """Which test noticed, or none; and how long it took."""

    mutant: Mutant
    killer: str | None
    seconds: float


class Suites:
    """The test programs."""

    def __init__(self, table: dict[str, dict[str, dict[str, list[str]]]], folder: Path) -> None:
        self.sources = {name: suite["sources"] for name, suite in table["suite"].items()}
        self.folder = folder

    def killer(self, name: str, suite: str, overlay: Path) -> str | None:
        """The first test of a suite that fails, built with the files of `overlay` before those of the tree."""
        program = self._build(name, suite, overlay)
        try:
            done = subprocess.run(
                [program, "--gtest_fail_fast", "--gtest_brief=1"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TEST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{suite}: no end after {TEST_SECONDS:.0f} s"
        finally:
            program.unlink()
        if done.returncode == 0:
            return None
        failed = FAILED.search(done.stdout)
        return failed[1] if failed else f"{suite}: ended with status {done.returncode}"

    def _build(self, name: str, suite: str, overlay: Path) -> Path:
        compiler = (["ccache"] if shutil.which("ccache") else []) + ["g++"]
        objects = []
        for number, source in enumerate(self.sources[suite]):
            path = overlay / source if (overlay / source).exists() else ROOT / source
            objects.append(self.folder / f"{name}-{suite}-{number}.o")
            include = ["-I", overlay, "-I", ROOT]
            self._run([*compiler, *FLAGS, *include, "-c", path, "-o", objects[-1]], name)
        program = self.folder / f"{name}-{suite}"
        self._run(["g++", *objects, *LIBRARIES, "-o", program], name)
        for item in objects:
            item.unlink()
        return program

    @staticmethod
    def _run(command: list[str | Path], name: str) -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
        )
        if done.returncode != 0:
            raise TableError(f"{name} does not compile:\n{done.stderr[-2000:]}")


def examine(number: int, mutant: Mutant, suites: Suites) -> Verdict:
    started = time.monotonic()
    overlay = suites.folder / f"overlay-{number}"
    path = overlay / mutant.file
    path.parent.mkdir(parents=True)
    path.write_text(mutant.text(), encoding="utf-8")
    killer = None
    for suite in mutant.suites:
        killer = suites.killer(f"mutant-{number}", suite, overlay)
        if killer is not None:
            break
    shutil.rmtree(overlay)
    return Verdict(mutant, killer, time.monotonic() - started)


def check_unbroken(suites: Suites, mutants: list[Mutant], pool: ThreadPoolExecutor) -> None:
    """Without a mutant every suite must pass, or its failures would mean nothing."""
    none = suites.folder / "overlay-none"
    none.mkdir()
    names = sorted({suite for mutant in mutants for suite in mutant.suites})
    killers = pool.map(lambda suite: suites.killer("unbroken", suite, none), names)
    for suite, killer in zip(names, killers):
        if killer is not None:
            raise TableError(f"the suite {suite} fails without a mutant: {killer}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def tell(verdict: Verdict, place: str) -> None:
    """In a line, and in a record that outlives a run that is stopped."""
    mutant = verdict.mutant
    told = f"killed by {verdict.killer}" if verdict.killer else "SURVIVED"
    print(f"{place} {mutant.group}: {mutant.rule}: {told} ({verdict.seconds:.0f} s)", flush=True)
    records.record(
        "mutant",
        f"{mutant.group} {mutant.rule}",
        group=mutant.group,
        rule=mutant.rule,
        killer=verdict.killer,
    )


def run(mutants: list[Mutant], jobs: int, folder: Path) -> list[Verdict]:
    suites = Suites(tomllib.loads(TABLE.read_text(encoding="utf-8")), folder)
    for mutant in mutants:
        mutant.text()
    verdicts = []
    with ThreadPoolExecutor(jobs) as pool:
        say("mutants: the suites without one")
        check_unbroken(suites, mutants, pool)
        work = [
            pool.submit(examine, number, mutant, suites) for number, mutant in enumerate(mutants)
        ]
        try:
            for done in as_completed(work):
                verdict = done.result()
                verdicts.append(verdict)
                tell(verdict, f"[{len(verdicts)}/{len(mutants)}]")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return verdicts


def table() -> list[Mutant]:
    text = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    mutants = [
        Mutant(**{"suites": tuple(text["group"][row["group"]]["suites"]), **row})
        for row in text["mutant"]
    ]
    names = Counter((mutant.group, mutant.rule) for mutant in mutants)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise TableError(f"twice in the table: {twice}")
    return mutants


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=["model", "flush", "check"])
    parser.add_argument("--only", default="", help="rules that contain this text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    mutants = [
        mutant
        for mutant in table()
        if options.group in (None, mutant.group) and options.only in mutant.rule
    ]
    if not mutants:
        parser.error("no rule is named so; --list lists them")
    if options.list:
        for mutant in mutants:
            print(f"{mutant.group}: {mutant.rule}")
        return 0
    with tempfile.TemporaryDirectory(prefix="pagelab-mutants.") as folder:
        try:
            verdicts = run(mutants, max(1, options.jobs), Path(folder))
        except TableError as error:
            say(f"error: {error}")
            return 2
        except KeyboardInterrupt:
            say("stopped; nothing is left behind")
            return 130
    killed = sum(verdict.killer is not None for verdict in verdicts)
    print(f"mutants: {killed} of {len(verdicts)} killed")
    return 0 if killed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
