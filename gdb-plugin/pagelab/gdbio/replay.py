"""A replay of a recorded run in QEMU: how far it is, on to an instruction or a store, back to its start.

It is driven by raw packets. GDB's own `continue` would stop at the user's breakpoints, print each stop and
call every other plugin's hooks; and it knows no deadline. Backwards is a snapshot of the start and forward from
there: QEMU's own reverse execution does not always come back.
"""

from __future__ import annotations

import re
import time

import gdb

from .. import PagelabError
from . import guest

# Instructions between two looks at the clock; a fraction of a second.
SLICE = 2_000_000
# What scripts/gdb sets: how many instructions were recorded.
RECORDED = "pagelab_recorded"
# A slice on a machine that is busy with other things; GDB's own patience with a packet is 2 s.
PATIENCE = 60


def position() -> int | None:
    """How many instructions were replayed; None if this guest is no replay."""
    try:
        text = gdb.execute("monitor info replay", to_string=True)
    except gdb.error:
        return None
    match = re.search(r"Replaying execution .*instruction count = (\d+)", text)
    return None if match is None else int(match[1])


def last_position() -> int | None:
    """Before the last instruction, if the length is known. From behind it QEMU does not go back."""
    recorded = gdb.convenience_variable(RECORDED)
    return int(recorded) - 1 if recorded is not None and int(recorded) > 0 else None


def is_over() -> bool:
    """Has it run beyond its end?"""
    return "shutdown" in gdb.execute("monitor info status", to_string=True)


def at_end() -> bool:
    last = last_position()
    return is_over() or (last is not None and (position() or 0) >= last)


class Ended(Exception):
    """The recording is over, and perhaps QEMU with it."""


class TimedOut(Exception):
    """The deadline passed; the replay stands somewhere."""


class Replay:
    """A scope in which the replay is moved. It leaves no watchpoint behind, and GDB with what is true then."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._traps: list[tuple[int, int]] = []
        self._patience = gdb.parameter("remotetimeout")
        self.gone = False

    def __enter__(self) -> Replay:
        gdb.execute(f"set remotetimeout {PATIENCE}", to_string=True)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self.gone:
                self.watch([])
                _break_before_end()
                _forget_registers()
        except gdb.error:
            pass  # the connection is lost, and all of this with it
        finally:
            gdb.execute(f"set remotetimeout {self._patience}", to_string=True)

    def watch(self, traps: list[tuple[int, int]]) -> None:
        """Stop at stores to these: pairs of address and size in bytes. They take the place of the former."""
        for address, size in self._traps:
            guest.remote().send_packet(f"z2,{address:x},{size}")
        self._traps = []
        for address, size in traps:
            if guest.remote().send_packet(f"Z2,{address:x},{size}") == b"OK":
                self._traps.append((address, size))

    def slice(self, until: int | None) -> int | None:
        """Runs on for a while, not beyond `until`. The watched address that was written, if one was."""
        if time.monotonic() > self._deadline:
            raise TimedOut
        here = position() or 0
        goal = here + SLICE if until is None else min(here + SLICE, until)
        gdb.execute(f"monitor replay_break {goal}", to_string=True)
        try:
            reply = guest.remote().send_packet("c") or b""
        except gdb.error:
            reply = b""  # QEMU ended before it could say so
        if reply[:1] not in (b"T", b"S"):
            self._leave()
            raise Ended
        _forget_registers()
        hit = re.search(rb"watch:([0-9a-f]+);", reply)
        if hit is not None:
            return int(hit[1], 16)
        if is_over():
            raise Ended
        if position() == here:
            raise PagelabError(f"the replay does not go on from instruction {here}")
        return None

    def run_to(self, count: int) -> None:
        """Forward to this instruction, past all stores.

        A watched store must not be the last instruction: QEMU 7.2 then takes its hit for one of the next
        run's, and dies of it.
        """
        self.watch([])
        while (position() or 0) < count:
            self.slice(count)

    def go_to_start(self) -> None:
        moment = start_moment()
        # QEMU 7.2 dies of a snapshot that is loaded while such a break is pending.
        gdb.execute("monitor replay_delete_break", to_string=True)
        gdb.execute(f"monitor loadvm {moment}", to_string=True)
        _forget_registers()

    def _leave(self) -> None:
        """QEMU has ended with the recording: GDB must hear of it."""
        self.gone = True
        try:
            gdb.execute("disconnect", to_string=True)
        except gdb.error:
            pass


def start_moment() -> str:
    """The tag of QEMU's snapshot of the first instruction. It takes one when GDB comes, if it has an image."""
    if is_over():
        raise PagelabError(
            "QEMU does not go back from the end of a recording: start the replay again"
        )
    listed = gdb.execute("monitor info snapshots", to_string=True)
    for line in listed.splitlines():
        words = line.split()
        if len(words) > 2 and words[-1] == "0" and words[0] != "ID":
            return words[1]
    raise PagelabError(
        "this replay has no snapshot of its start to go back to: scripts/gdb --replay keeps one, and QEMU "
        "with -drive file=EMPTY.qcow2,if=none; else start it again and ask there"
    )


def _break_before_end() -> None:
    last = last_position()
    if last is not None and (position() or 0) < last:
        gdb.execute(f"monitor replay_break {last}", to_string=True)


def _forget_registers() -> None:
    """GDB has not seen that the guest ran."""
    gdb.execute("maintenance flush register-cache", to_string=True)
