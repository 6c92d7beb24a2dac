"""Runs the launcher in tests: each with a base directory of its own, and nothing left behind."""

from __future__ import annotations

import os
import pty
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Looks again and again until it holds; fails after the deadline."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s in vain: {what}"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Does the process run? One that ended and was not reaped yet does not, once its threads are gone too."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX" or threads > 1


@dataclass
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass
class Launcher:
    """A command with a PAGELAB_DIR of its own: the console program or scripts/run."""

    base: Path
    run_command: list[str]
    stop_command: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {**os.environ, "PAGELAB_DIR": os.fspath(self.base), "TERM": "linux"}

    def run(self, *options: str, stdin: str | None = None, timeout: float = DEADLINE) -> Done:
        """Runs to the end."""
        done = subprocess.run(
            [*self.run_command, *options],
            env=self.environment,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def console(self, *words: str) -> Done:
        """The console program itself, without a terminal."""
        done = subprocess.run(
            [self.stop_command[0], *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Starts and does not wait."""
        return subprocess.Popen(
            [*self.run_command, *options],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop(self, *options: str) -> Done:
        """scripts/stop, or the program's own word for it."""
        done = subprocess.run(
            [*self.stop_command, *options],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def left(self) -> list[str]:
        """What lies in the base."""
        return sorted(os.listdir(self.base)) if self.base.exists() else []

    def only_run(self) -> Path:
        """Waits for the directory of the one run that was started, until its QEMU is there."""
        wait_until(
            lambda: any((self.base / name / "pid").exists() for name in self.left()), "a run"
        )
        (name,) = self.left()
        return self.base / name


@contextmanager
def scripts_launcher() -> Iterator[Launcher]:
    """scripts/run and scripts/stop with a base of their own; nothing may be left at the end."""
    with tempfile.TemporaryDirectory(prefix="pagelab-") as base:
        scripts = ROOT / "scripts"
        launcher = Launcher(Path(base), [os.fspath(scripts / "run")], [os.fspath(scripts / "stop")])
        yield launcher
        launcher.stop("--all")
        assert launcher.left() == []


def qemu_of(run: Path) -> int:
    """The process number of a run's QEMU."""
    pid_file = run / "pid"
    wait_until(lambda: bool(pid_file.read_text(encoding="utf-8")), "a process number")
    return int(pid_file.read_text(encoding="utf-8").split()[0])


class Terminal:
    """A pseudo-terminal with a program on it."""

    def __init__(self, launcher: Launcher, *options: str) -> None:
        self.master, slave = pty.openpty()
        self.slave = slave
        self.child = subprocess.Popen(
            [*launcher.run_command, *options],
            env=launcher.environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        self.seen = b""

    def type(self, text: bytes) -> None:
        """As a user would."""
        os.write(self.master, text)

    def read_until(self, wanted: bytes) -> bytes:
        """Reads on until `wanted` has come; what was read since the last call."""
        return self.read_until_any(wanted)

    def read_until_any(self, *wanted: bytes) -> bytes:
        """The same until one of them has come, the first that does."""
        import select

        until = time.monotonic() + DEADLINE
        while not any(words in self.seen for words in wanted):
            left = until - time.monotonic()
            ready = select.select([self.master], [], [], max(left, 0))[0]
            assert ready, f"no {wanted!r} in {self.seen[-500:]!r}"
            self.seen += os.read(self.master, 65536)
        end = min(self.seen.index(words) + len(words) for words in wanted if words in self.seen)
        read, self.seen = self.seen[:end], self.seen[end:]
        return read

    def wait(self) -> int:
        """The exit status."""
        return self.child.wait(DEADLINE)

    def close(self) -> None:
        """Ends what still runs."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.slave)
        os.close(self.master)
