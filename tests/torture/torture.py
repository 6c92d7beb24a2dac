"""Drives `torture` from outside, a fresh machine for each seed, and keeps what tells of a death.

The verdict is the outside's: the machine must come back to its prompt, the command must end with status 0, and
`selftest invariants` must find the kernel's books in order afterwards.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

import bochs  # noqa: E402

AFTERWARDS = "selftest invariants"
# A dead or hanging machine is noticed by the console; this is for a console that hangs itself.
SECONDS_A_COMMAND = 0.05
SECONDS_AT_LEAST = 120.0
FULL_QEMU = ("100-199", 10_000)
FULL_BOCHS = ("200-219", 5_000)


@dataclass
class Run:
    """What is run: enough to run it again."""

    engine: str
    seed: int
    commands: int
    hang: bool

    def lines(self) -> list[str]:
        kind = " hang" if self.hang else ""
        return [f"torture {self.seed} {self.commands}{kind}", AFTERWARDS]


@dataclass
class Result:
    """What came of it, as the kernel told."""

    survived: bool = False
    commands: int = 0
    refused: int = 0
    changed: int = 0
    rescued: int = 0
    said: str = ""
    seconds: float = 0.0


def on_qemu(run: Run, build: Path) -> tuple[bool, str]:
    console = build / "serial-console" / "pagelab-console"
    command = [console, "run", "--kernel", build / "kernel" / "pagelab.elf", "--exec"]
    patience = SECONDS_AT_LEAST + SECONDS_A_COMMAND * run.commands
    try:
        done = subprocess.run(
            [*command, "; ".join(run.lines())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        text = late.stdout if isinstance(late.stdout, str) else ""
        return False, f"{text}\nno end after {patience:.0f} s"
    return done.returncode == 0, done.stdout


def on_bochs(run: Run, build: Path) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory(prefix="pagelab-torture-") as folder:
        patience = SECONDS_AT_LEAST + SECONDS_A_COMMAND * run.commands
        try:
            said = bochs.run(
                build / "kernel" / "pagelab.elf", run.lines(), Path(folder), deadline=patience
            )
        except AssertionError as death:
            return False, str(death)
    return "\nnot ok" not in said, said


def read(said: str, ended_well: bool) -> Result:
    result = Result(said=said)
    head = re.search(r"(\d+) of (\d+) commands survived: .* (\d+) rescued", said)
    counts = re.search(r"refused (\d+) \(.*changed a table (\d+) \(", said)
    if head and counts:
        result.commands = int(head[1])
        result.rescued = int(head[3])
        result.refused = int(counts[1])
        result.changed = int(counts[2])
        whole = (
            "witness pages are as they were" in said
            and "\nnot ok" not in said
            and said.count("\nok ") >= 6
        )
        result.survived = ended_well and whole and head[1] == head[2]
    return result


def perform(run: Run, build: Path) -> Result:
    began = time.monotonic()
    ended_well, said = (on_bochs if run.engine == "bochs" else on_qemu)(run, build)
    result = read(said.replace("\r\n", "\n"), ended_well)
    result.seconds = time.monotonic() - began
    return result


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def tell(run: Run, result: Result) -> None:
    verdict = "survived" if result.survived else "DIED"
    print(
        f"{run.engine} seed {run.seed}: {verdict}, {result.commands} of {run.commands} commands,"
        f" {result.rescued} rescued, refused {share(result.refused, result.commands)},"
        f" changed a table {share(result.changed, result.commands)}, {result.seconds:.0f} s",
        flush=True,
    )


def keep(run: Run, result: Result, folder: Path) -> Path:
    """The log of a death: the first line says how to get there again."""
    path = folder / f"torture-{run.engine}-{run.seed}.log"
    path.write_text(json.dumps(asdict(run)) + "\n" + result.said + "\n", encoding="utf-8")
    return path


def seeds_of(text: str) -> range:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise argparse.ArgumentTypeError(f"'{text}' is no seed; write 7 or 7-12")
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of commands; write 1 or more")
    return int(text)


def planned(options: argparse.Namespace) -> list[Run]:
    if options.replay:
        first = options.replay.read_text(encoding="utf-8").split("\n", 1)[0]
        return [Run(**json.loads(first))]
    if options.full:
        qemu = [Run("qemu", seed, FULL_QEMU[1], True) for seed in seeds_of(FULL_QEMU[0])]
        return qemu + [Run("bochs", seed, FULL_BOCHS[1], False) for seed in seeds_of(FULL_BOCHS[0])]
    return [Run(options.emulator, seed, options.commands, options.hang) for seed in options.seeds]


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/torture", add_help=False)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seeds", type=seeds_of, default=range(1, 2))
    parser.add_argument("--commands", type=positive, default=10_000)
    parser.add_argument("--emulator", choices=["qemu", "bochs"], default="qemu")
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("."))
    parser.add_argument("--replay", type=Path)
    options = parser.parse_args(words)
    if options.hang and options.emulator == "bochs":
        parser.error(
            "--hang needs an NMI from outside, which Bochs has not; leave one of the two out"
        )
    if not options.out.is_dir():
        parser.error(f"{options.out} is no folder")
    return options


def main() -> int:
    options = parse()
    try:
        runs = planned(options)
    except (OSError, ValueError, TypeError) as problem:
        print(f"error: {options.replay} is no log of a death: {problem}", file=sys.stderr)
        return 2
    total = Result(survived=True)
    for number, run in enumerate(runs, 1):
        print(f"[{number}/{len(runs)}] {run.engine}: {run.lines()[0]}", file=sys.stderr, flush=True)
        result = perform(run, options.build)
        tell(run, result)
        if not result.survived:
            total.survived = False
            path = keep(run, result, options.out)
            print(
                f"its log is {path}; scripts/torture --replay {path}", file=sys.stderr, flush=True
            )
        total.commands += result.commands
        total.refused += result.refused
        total.changed += result.changed
    print(
        f"{total.commands} commands: {'all survived' if total.survived else 'NOT all survived'},"
        f" refused {share(total.refused, total.commands)},"
        f" changed a table {share(total.changed, total.commands)}"
    )
    return 0 if total.survived else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
