"""Undo of a whole machine and the snapshots that it needs: from the key to the next prompt, and what each command pays.

The console is driven in a pseudo-terminal as a user drives it; medians over the runs.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

DEADLINE = 20.0
PROMPT = re.compile(rb"pagelab> $")


class Console:
    """The plain console on a terminal of its own."""

    def __init__(self, program: Path, kernel: Path, base: str, memory: str) -> None:
        self.master, slave = pty.openpty()
        command = [program, "run", "--plain", "--kernel", kernel, "--memory", memory]
        environment = {**os.environ, "PAGELAB_DIR": base, "TERM": "linux"}
        self.child = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.await_prompt()

    def await_prompt(self) -> None:
        """Until the shell waits and has said so last."""
        until = time.monotonic() + DEADLINE
        seen = b""
        while not PROMPT.search(seen):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise SystemExit(f"bench: no prompt within {DEADLINE:.0f} s; last read: {seen!r}")
            seen += os.read(self.master, 65536)

    def seconds(self, keys: bytes) -> float:
        """From the keys to the next prompt."""
        start = time.monotonic()
        os.write(self.master, keys)
        self.await_prompt()
        return time.monotonic() - start

    def quit(self) -> None:
        """Leaves as a user would."""
        os.write(self.master, b"\x1dq")
        self.child.wait(DEADLINE)
        os.close(self.master)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench undo", description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=15, help="commands (default %(default)s)")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs takes a number from 1 up")
    program = options.kernel.parents[1] / "serial-console" / "pagelab-console"
    for memory in ("16M", "64M"):
        with tempfile.TemporaryDirectory(prefix="pagelab-") as base:
            console = Console(program, options.kernel, base, memory)
            console.seconds(b"map 0x40000000\r")
            kept, undone = [], []
            for number in range(options.runs):
                kept.append(console.seconds(b"poke 0x40000000 %d\r" % number))
                undone.append(console.seconds(b"\x1du"))
            console.quit()
            bare = Console(program, options.kernel, base, "65M")  # has no snapshots
            bare.seconds(b"map 0x40000000\r")
            plain = [bare.seconds(b"poke 0x40000000 1\r") for _ in range(options.runs)]
            bare.quit()
        with_snapshot, without = statistics.median(kept), statistics.median(plain)
        print(f"RAM {memory}")
        print(
            f"  undo of the machine      {statistics.median(undone) * 1000:7.1f} ms  (target 100)"
        )
        print(f"  a command, with snapshot {with_snapshot * 1000:7.1f} ms")
        print(f"  a command, without       {without * 1000:7.1f} ms")


if __name__ == "__main__":
    main()
