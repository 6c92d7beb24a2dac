"""The GDB plugin on guests with 3, 16, 67 and 1,024 page tables, beside the raw transfer of the same bytes.

Times of commands are taken inside of GDB, printing included; the raw transfer in the same run, by the same
connection. A cold GDB is timed from outside, with and without plugin and dump in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "tests/guests"
DEADLINE = 120.0  # seconds
TARGETS = {3: 5.0, 16: 10.0, 67: 30.0}  # ms of a pagemap


class Guest:
    """QEMU with so many page tables; GDB's socket appears when paging is on."""

    def __init__(self, folder: Path, tables: int) -> None:
        image = folder / f"tables{tables}"
        command = ["nasm", "-f", "elf32", "-i", f"{GUESTS}/", f"-DTABLES={tables}"]
        command += ["-P", str(ROOT / "tests/bench/tables.inc")]
        subprocess.run([*command, GUESTS / "modes.asm", "-o", f"{image}.o"], check=True)
        link = ["ld", "-m", "elf_i386", "-T", GUESTS / "selfmap.ld", f"{image}.o", "-o", image]
        subprocess.run(link, check=True)
        console = folder / f"console{tables}"
        self.socket = folder / f"gdb{tables}.sock"
        command = ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-m", "16M"]
        command += ["-display", "none", "-nodefaults", "-no-user-config", "-kernel", str(image)]
        command += ["-chardev", f"file,path={console},id=c"]
        command += ["-device", "isa-debugcon,iobase=0xe9,chardev=c"]
        command += ["-chardev", f"socket,path={self.socket},server=on,wait=off,id=g"]
        self._child = subprocess.Popen([*command, "-gdb", "chardev:g"], stdin=subprocess.DEVNULL)
        end = time.monotonic() + DEADLINE
        while not (console.exists() and console.read_bytes()):
            if time.monotonic() > end or self._child.poll() is not None:
                self.stop()
                raise SystemExit(f"bench: the guest with {tables} tables did not boot")
            time.sleep(0.01)

    def stop(self) -> None:
        self._child.kill()
        self._child.wait()


def gdb(socket: Path, *commands: str, settings: dict[str, object] | None = None) -> str:
    line = ["gdb", "-nx", "-batch", "-ex", "set architecture i386"]
    for command in ("set width 0", "set pagination off", f"target remote {socket}", *commands):
        line += ["-ex", command]
    environment = os.environ | {"LC_ALL": "C", "HOME": "/nonexistent", "DEBUGINFOD_URLS": ""}
    environment["PAGELAB_BENCH"] = json.dumps(settings)
    return subprocess.run(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE,
        env=environment,
        check=False,
    ).stdout


def answer(output: str) -> object:
    for line in output.splitlines():
        if line.startswith("BENCH "):
            return json.loads(line.removeprefix("BENCH "))
    raise SystemExit(f"bench: GDB did not answer:\n{output}")


class Found(NamedTuple):
    """In ms; of walk and map the command's time and that of the raw transfer."""

    lines: int
    walk: tuple[float, float]
    map: tuple[float, float]


def inside(guest: Guest, plugin: Path, tables: int, runs: int, fragment: bool) -> Found:
    settings: dict[str, object] = {"tables": tables, "runs": runs, "fragment": fragment}
    script = ROOT / "tests/bench/inside_gdb.py"
    found = answer(gdb(guest.socket, f"source {plugin}", f"source {script}", settings=settings))
    assert isinstance(found, dict)
    return Found(found["lines"], tuple(found["walk"]), tuple(found["map"]))


def load(guest: Guest, plugin: Path, runs: int) -> float:
    """Median in ms, each in a fresh GDB."""
    taken = []
    for _ in range(runs):
        began = "python import time; began = time.perf_counter()"
        ended = "python print('BENCH', (time.perf_counter() - began) * 1000)"
        value = answer(gdb(guest.socket, began, f"source {plugin}", ended))
        assert isinstance(value, float)
        taken.append(value)
    return statistics.median(taken)


def cold(guest: Guest, plugin: Path, runs: int) -> tuple[float, float]:
    """Medians in ms: a GDB that only attaches, and one that loads the plugin and dumps as well."""
    bare, full = [], []
    for _ in range(runs):
        for taken, commands in ((bare, ()), (full, (f"source {plugin}", "pagemap"))):
            start = time.monotonic()
            gdb(guest.socket, *commands)
            taken.append((time.monotonic() - start) * 1000)
    return statistics.median(bare), statistics.median(full)


def row(what: str, took: tuple[float, float], target: str) -> None:
    mine, raw = took
    print(f"{what:<28}{mine:9.2f} ms   raw {raw:8.2f} ms   ratio {mine / raw:6.2f}   ({target})")


def measure(folder: Path, plugin: Path, runs: int) -> None:
    for tables in (3, 16, 67, 1024):
        guest = Guest(folder, tables)
        try:
            found = inside(guest, plugin, tables, runs, False)
            if tables == 3:
                row("pagewalk, printed", found.walk, "target 1 ms")
            limit = f"target {TARGETS[tables]:.0f} ms" if tables in TARGETS else "target ratio 3"
            row(f"pagemap, {tables} tables", found.map, limit)
            if tables == 16:
                print(
                    f"{'loading the plugin':<28}{load(guest, plugin, runs):9.2f} ms   (target 30 ms)"
                )
                bare, full = cold(guest, plugin, runs)
                print(f"{'cold GDB, attach':<28}{bare:9.2f} ms")
                ratio = f"ratio {full / bare:.2f}   (target 1.60)"
                print(f"{'cold GDB, plugin and dump':<28}{full:9.2f} ms   {ratio}")
            if tables in TARGETS:
                found = inside(guest, plugin, tables, runs, True)
                row(f"  in {found.lines - 1} lines", found.map, "target ratio 3")
        finally:
            guest.stop()


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="scripts/bench gdb", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="runs of each (default %(default)s)")
    parser.add_argument(
        "--plugin", type=Path, default=ROOT / "gdb-plugin/pagelab.py", help="another copy"
    )
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs takes a number from 1 up")
    with tempfile.TemporaryDirectory(prefix="pagelab-bench.") as folder:
        measure(Path(folder), options.plugin.resolve(), options.runs)


if __name__ == "__main__":
    main()
