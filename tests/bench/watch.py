"""What watching costs a foreign guest: how fast it counts with and without the console, in pairs of short windows.

The console is stopped and continued by signals; each pair is a ratio, and the median of the pairs is the figure.
"""

from __future__ import annotations

import argparse
import mmap
import os
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[1] / "system"))
from foreign import GUESTS, ForeignQemu  # noqa: E402

COUNTER = 0x00400000
WINDOW = 0.4  # seconds
SETTLE = 0.1


def build(folder: Path, tables: int) -> Path:
    image = folder / f"counting-{tables}"
    source = Path(__file__).with_name("counting.asm")
    subprocess.run(
        ["nasm", "-f", "elf32", f"-DTABLES={tables}", source, "-o", f"{image}.o"], check=True
    )
    linker = ["ld", "-m", "elf_i386", "-T", GUESTS / "selfmap.ld", f"{image}.o", "-o", image]
    subprocess.run(linker, check=True)
    return image


class Watcher:
    """The console on a terminal of its own, which somebody reads."""

    def __init__(self, program: Path, arguments: list[str]) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (40, 120))
        self.child = subprocess.Popen(
            [program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "linux"},
            start_new_session=True,
        )
        os.close(slave)
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        try:
            while os.read(self.master, 65536):
                pass
        except OSError:
            pass

    def run(self, on: bool) -> None:
        self.child.send_signal(signal.SIGCONT if on else signal.SIGSTOP)

    def close(self) -> None:
        self.run(True)
        self.child.kill()
        self.child.wait()
        os.close(self.master)


def busy_seconds(process: int, thread: int | None = None) -> float:
    """CPU time that a process, or one thread of it, has used."""
    place = Path(f"/proc/{process}/task")
    threads = [place / str(thread)] if thread else list(place.iterdir())
    return sum(int((t / "schedstat").read_text(encoding="ascii").split()[0]) for t in threads) / 1e9


class Speed(NamedTuple):
    """Turns of the guest in a second by the clock, and in a second of CPU time of its virtual CPU."""

    wall: float
    own: float


class Guest:
    """The counting guest, and how fast it counts."""

    def __init__(self, folder: Path, tables: int) -> None:
        self.qemu = ForeignQemu(folder, build(folder, tables))
        self.qemu.boots()
        with open(self.qemu.ram, "rb") as file:
            self._ram = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._cpu = int(self.qemu.monitor.execute("query-cpus-fast")[0]["thread-id"])

    def _now(self) -> tuple[int, float, float]:
        process = self.qemu.process.pid
        turns = struct.unpack_from("<I", self._ram, COUNTER)[0]
        return turns, time.monotonic(), busy_seconds(process, self._cpu)

    def speed(self) -> Speed:
        """Over one window."""
        time.sleep(SETTLE)
        first = self._now()
        time.sleep(WINDOW)
        last = self._now()
        turns = max((last[0] - first[0]) & 0xFFFFFFFF, 1)
        return Speed(turns / (last[1] - first[1]), turns / max(last[2] - first[2], 1e-9))

    def monitor_seconds(self) -> float:
        """CPU time of all but the virtual CPU."""
        process = self.qemu.process.pid
        return busy_seconds(process) - busy_seconds(process, self._cpu)

    def close(self) -> None:
        self._ram.close()
        self.qemu.close()


def percent(ratios: list[float]) -> str:
    """By how much it is slower: the median and the quartiles."""
    low, _, high = (f"{(1 - ratio) * 100:.1f}" for ratio in reversed(statistics.quantiles(ratios)))
    return f"{(1 - statistics.median(ratios)) * 100:5.1f} % ({low} to {high})"


def measure(program: Path, tables: int, by_file: bool, pairs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="pagelab-bench-") as name:
        guest = Guest(Path(name), tables)
        where = guest.qemu.where if by_file else ["--qmp", str(guest.qemu.qmp)]
        watcher = Watcher(program, where)
        time.sleep(1)
        wall, own = [], []
        begun = busy_seconds(watcher.child.pid), guest.monitor_seconds()
        for pair in range(pairs):
            # Which of the two comes first alternates: a machine that gets slower favours neither.
            speeds = {}
            for on in (pair % 2 == 0, pair % 2 != 0):
                watcher.run(on)
                speeds[on] = guest.speed()
            wall.append(speeds[True].wall / speeds[False].wall)
            own.append(speeds[True].own / speeds[False].own)
        watched = pairs * (WINDOW + SETTLE)
        console = (busy_seconds(watcher.child.pid) - begun[0]) / watched
        monitor = (guest.monitor_seconds() - begun[1]) / watched
        watcher.close()
        guest.close()
    way = "shared file" if by_file else "monitor"
    print(
        f"{tables:5} tables by {way:11}  guest slower by {percent(own)} in CPU time of its own, "
        f"{percent(wall)} by the clock; console {console * 100:.1f} %, QEMU's monitor "
        f"{monitor * 100:.1f} % of a core"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--console", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=12, help="pairs")
    arguments = parser.parse_args()
    for tables in (3, 67, 1023):
        measure(arguments.console, tables, True, arguments.runs)
    measure(arguments.console, 67, False, arguments.runs)


if __name__ == "__main__":
    main()
