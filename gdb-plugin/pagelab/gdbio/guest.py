"""The guest behind the debugger: whether it can be asked at all, and how its stub is spoken to."""

from __future__ import annotations

import gdb

from .. import PagelabError
from ..ram import RamMap, parse_mtree

_ram_maps: dict[tuple[int, str], RamMap | None] = {}


def require_stopped() -> None:
    """Raises unless there is a stopped guest: a packet to a running one stops it unseen."""
    thread = gdb.selected_thread()
    if thread is None or not thread.is_valid():
        raise PagelabError(
            "there is no guest: attach to one first, with scripts/gdb or `target remote SOCKET`"
        )
    if thread.is_running() and not _has_frame():
        raise PagelabError("the guest is running: stop it first, with Ctrl-C or `interrupt`")


def _has_frame() -> bool:
    """While GDB tries the condition of a breakpoint it calls the thread running, but it stands."""
    try:
        gdb.newest_frame()
    except gdb.error:
        return False
    return True


def remote():  # type: ignore[no-untyped-def]
    """The connection that takes raw packets, or None (a core file, a native process)."""
    connection = gdb.selected_inferior().connection
    return connection if hasattr(connection, "send_packet") else None


def address() -> str:
    """Where the guest's stub is, to keep what the user asked to remember of it by."""
    connection = remote()
    return "" if connection is None else str(connection.details)


def has_kvm() -> bool:
    """Whether the CPU's own debug registers do the watching."""
    try:
        return "enabled" in gdb.execute("monitor info kvm", to_string=True)
    except gdb.error:
        return False


def ram_map() -> RamMap | None:
    """Where the guest has memory, asked once per connection; None when the stub can't tell."""
    connection = remote()
    if connection is None:
        return None
    key = (connection.num, str(connection.details))
    if key not in _ram_maps:
        try:
            _ram_maps[key] = parse_mtree(gdb.execute("monitor info mtree -f", to_string=True))
        except gdb.error:
            _ram_maps[key] = None
    return _ram_maps[key]


def forget(_event: object = None) -> None:
    """Another guest may answer under the same number."""
    _ram_maps.clear()


if hasattr(gdb.events, "connection_removed"):
    gdb.events.connection_removed.connect(forget)


class PhysicalMode:
    """QEMU's switch that makes the stub read physical memory; a scope that puts it back.

    The switch is thrown by the first read that needs it, and thrown back by leaving the scope, to
    what was found: nearly always off. While it is on, every read of GDB would be physical: no
    command of GDB may run inside such a stretch.
    """

    CHUNK = 2048  # bytes; the most that QEMU answers at once

    def __init__(self) -> None:
        self._remote = remote()
        self._found = False
        self._on = False
        self.available = False

    def __enter__(self) -> PhysicalMode:
        if self._remote is not None:
            reply = self._remote.send_packet("qqemu.PhyMemMode")
            self.available = reply in (b"0", b"1")
            self._found = self._on = reply == b"1"
        return self

    def __exit__(self, *_: object) -> None:
        self._switch(self._found)

    def read(self, pa: int, size: int) -> bytes | None:
        """Exactly `size` bytes, or None when the stub refuses or has no such mode."""
        if not self.available:
            return None
        self._switch(True)
        data = b""
        while len(data) < size:
            part = min(self.CHUNK, size - len(data))
            reply = self._remote.send_packet(f"m{pa + len(data):x},{part:x}")
            if len(reply) != 2 * part:
                return None
            data += bytes.fromhex(reply.decode("ascii"))
        return data

    def write(self, pa: int, data: bytes) -> bool:
        """False when the stub refuses or has no such mode. Not cut: QEMU takes what fits in a packet."""
        if not self.available:
            return False
        self._switch(True)
        reply = self._remote.send_packet(f"M{pa:x},{len(data):x}:{data.hex()}")
        return bool(reply == b"OK")

    def off(self) -> None:
        """From here on reads are virtual."""
        self._switch(False)

    def _switch(self, on: bool) -> None:
        """Tries again after a Ctrl-C that comes in between, and hands it on when it is done."""
        interrupted: KeyboardInterrupt | None = None
        for _ in range(8):
            if self._on == on:
                break
            try:
                self._on = True  # until the stub has said that it is off
                reply = self._remote.send_packet(f"Qqemu.PhyMemMode:{int(on)}")
                if reply != b"OK":
                    raise PagelabError(f"the stub refuses its physical mode: {reply!r}")
                self._on = on
                break
            except KeyboardInterrupt as error:
                interrupted = error
            except gdb.error:
                self._on = False  # the connection is gone, and the mode with it
                raise
        if interrupted is not None:
            raise interrupted
