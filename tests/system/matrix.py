"""Runs the kernel's examinations of the CPU on an engine, and holds what they count against engines.toml."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path

import bochs
from launcher import ROOT, Launcher

sys.path.insert(0, os.fspath(ROOT / "tests" / "proof"))

import records  # noqa: E402

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
KERNEL = BUILD / "kernel" / "pagelab.elf"
PINS = tomllib.loads((Path(__file__).parent / "engines.toml").read_text(encoding="utf-8"))["engine"]
TOTAL = re.compile(r"^# matrix (\w+): (\d+) combinations, differences:((?: [a-z-]+ \d+)+)$")
FACT = re.compile(r"^(ok|not ok) \d+ (.+): stale (\d+) of 1000$")
# Where the manual leaves no choice, or an engine that keeps what it may.
KEPT, GONE = 1000, 0


@dataclass(frozen=True)
class Run:
    """One engine with one CPU model, and what its kernel wrote."""

    engine: str
    version: str
    model: str
    text: str

    def totals(self) -> dict[str, dict[str, int]]:
        """By set: the combinations, and the differences that are not 0."""
        found = {}
        for line in self.text.splitlines():
            if total := TOTAL.match(line):
                words = total[3].split()
                classes = {name: int(count) for name, count in zip(words[::2], words[1::2])}
                seen = {name: count for name, count in classes.items() if count}
                found[total[1]] = {"combinations": int(total[2]), **seen}
        return found

    def facts(self) -> dict[str, int]:
        """Of the TLB: how often of 1,000 an old translation answered."""
        found = (FACT.match(line) for line in self.text.splitlines())
        return {fact[2]: int(fact[3]) for fact in found if fact}

    def pin(self) -> dict[str, dict[str, dict[str, int]]] | None:
        for pin in PINS:
            same = pin["name"] == self.engine and self.model in pin["models"]
            if same and self.version.startswith(pin["version"]):
                return dict(pin)
        return None

    def name(self) -> str:
        return f"{self.engine} {self.version} {self.model}"


def on_qemu(model: str, commands: list[str], timeout: float = 60.0) -> Run:
    said = subprocess.run(
        ["qemu-system-i386", "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = re.search(r"version (\S+)", said)
    assert version is not None
    program = os.fspath(BUILD / "serial-console" / "pagelab-console")
    with tempfile.TemporaryDirectory(prefix="pagelab-") as base:
        run = [program, "run", "--kernel", os.fspath(KERNEL), "--cpu", model]
        launcher = Launcher(Path(base), run, [program, "stop"])
        done = launcher.run("--exec", "; ".join(commands), timeout=timeout)
    assert done.status == 0, done.out[-2000:] + done.err
    return Run("QEMU", version[1], model, done.out)


def on_bochs(
    model: str, commands: list[str], folder: Path, deadline: float = bochs.DEADLINE
) -> Run:
    text = bochs.run(KERNEL, commands, folder, model, deadline).replace("\r\n", "\n")
    log = (folder / "log").read_text(encoding="utf-8", errors="replace")
    version = re.search(r"Bochs x86 Emulator (\S+)", log)
    assert version is not None, log[:500]
    return Run("Bochs", version[1], model, text)


def check_sets(run: Run, sets: list[str]) -> None:
    """Each set was run to its end, and found what is known of the engine and nothing else."""
    totals = run.totals()
    assert list(totals) == sets, run.text[-2000:]
    assert "not ok" not in run.text
    pin = run.pin()
    for name, total in totals.items():
        records.record(
            "matrix",
            f"{run.name()} {name}",
            engine=run.engine,
            version=run.version,
            model=run.model,
            set=name,
            **total,
        )
        assert "unexplained" not in total
        if pin is None:
            warnings.warn(f"{run.name()} is not in engines.toml; matrix {name}: {total}")
        else:
            assert total == pin["sets"][name], f"{run.name()} {name}"


def check_tlb(run: Run) -> None:
    """Old translations: always or never, as the manual says and as the engine does."""
    facts = run.facts()
    assert facts, run.text[-2000:]
    records.record("tlb", run.name(), engine=run.engine, model=run.model, facts=facts)
    for name, stale in facts.items():
        if "invlpg" in name or ("CR3 reload" in name and ", G" not in name):
            assert stale == GONE, name
    pin = run.pin()
    if pin is None:
        warnings.warn(f"{run.name()} is not in engines.toml; tlb: {facts}")
        return
    for name, stale in facts.items():
        if name.endswith("no flush"):
            assert stale == (GONE if " 0 to 1" in name else KEPT), name
    own = {name: stale for name, stale in facts.items() if ", G, CR3" in name}
    assert own == pin.get("tlb", {}), run.name()
