"""What a loader finds in the kernel's file, what the unpacker makes of it, and what GDB still sees of it."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from launcher import DEADLINE, ROOT, Launcher, wait_until

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
KERNELS = [
    directory / "kernel" / "pagelab.elf"
    for directory in (BUILD, ROOT / "build-run")
    if directory == BUILD or (directory / "kernel" / "pagelab.elf").exists()
]
LIMIT = 128 * 1024
BOOT_CODE = 0x00100000
EXECUTABLE, WRITABLE = 1, 2


@dataclass
class Segment:
    """A PT_LOAD."""

    offset: int
    virtual: int
    physical: int
    file_bytes: int
    memory_bytes: int
    flags: int


class Image:
    """The kernel's file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        self.entry, headers = struct.unpack_from("<II", self.data, 24)
        size, count = struct.unpack_from("<HH", self.data, 42)
        fields = [struct.unpack_from("<8I", self.data, headers + i * size) for i in range(count)]
        self.segments = [Segment(*f[1:7]) for f in fields if f[0] == 1]
        self.packed = max(self.segments, key=lambda segment: segment.physical)

    def block(self) -> bytes:
        """The packed bytes."""
        return self.data[self.packed.offset : self.packed.offset + self.packed.file_bytes]

    def unpacked(self) -> bytes:
        """The same, unpacked by the program `lz4`: its legacy frame around the block."""
        frame = struct.pack("<II", 0x184C2102, len(self.block())) + self.block()
        done = subprocess.run(["lz4", "-d", "-c"], input=frame, capture_output=True, check=True)
        return done.stdout


@contextmanager
def qemu(kernel: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """QEMU with the kernel and its serial port on a pipe."""
    child = subprocess.Popen(
        ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-m", "16M", "-nodefaults"]
        + ["-display", "none", "-serial", "stdio", "-kernel", os.fspath(kernel), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def read_until(child: subprocess.Popen[bytes], wanted: bytes) -> None:
    """Reads the serial port until `wanted` has come."""
    assert child.stdout is not None
    until = time.monotonic() + DEADLINE
    seen = b""
    while wanted not in seen:
        left = max(until - time.monotonic(), 0)
        assert select.select([child.stdout], [], [], left)[0], f"no {wanted!r} in {seen!r}"
        piece = os.read(child.stdout.fileno(), 4096)
        assert piece, f"QEMU ended after {seen!r}"
        seen += piece


@pytest.fixture(name="lab")
def fixture_lab() -> Iterator[Launcher]:
    with tempfile.TemporaryDirectory(prefix="pagelab-") as base:
        program = os.fspath(BUILD / "serial-console" / "pagelab-console")
        launcher = Launcher(Path(base), [program, "run"], [program, "stop"])
        yield launcher
        launcher.stop("--all")
        assert launcher.left() == []


@pytest.fixture(name="image", params=KERNELS, ids=lambda path: path.parent.parent.name)
def fixture_image(request: pytest.FixtureRequest) -> Image:
    return Image(request.param)


def test_the_loader_brings_at_most_128_kib(image: Image) -> None:
    loaded = sum(segment.file_bytes for segment in image.segments)
    assert len(image.block()) < loaded <= LIMIT


def test_loaders_find_header_and_entry(image: Image) -> None:
    # Multiboot: the header is 4-byte aligned in the file's first 8 KiB.
    at = image.data[:8192].index(struct.pack("<I", 0x1BADB002))
    assert at % 4 == 0
    assert sum(struct.unpack_from("<3I", image.data, at)) % 2**32 == 0
    # GRUB seeks the entry among virtual addresses and jumps to the physical one, QEMU jumps to it as it is.
    (boot,) = (s for s in image.segments if s.virtual <= image.entry < s.virtual + s.file_bytes)
    assert boot.physical == boot.virtual == BOOT_CODE


def test_the_packed_block_lies_behind_all_that_it_fills(image: Image) -> None:
    others = [segment for segment in image.segments if segment is not image.packed]
    assert max(s.physical + s.memory_bytes for s in others) <= image.packed.physical


def test_memory_holds_what_was_packed(image: Image, lab: Launcher) -> None:
    done = lab.run("--kernel", os.fspath(image.path), "--memory", "2M", "--detach")
    assert done.status == 0, done.err
    ram = (Path(done.out.strip()) / "ram").read_bytes()
    assert len(ram) == 2 * 1024 * 1024
    code, rescue = (s for s in image.segments if s.flags & EXECUTABLE and s.physical != BOOT_CODE)
    (constants,) = (
        s
        for s in image.segments
        if not s.flags & (WRITABLE | EXECUTABLE) and s.file_bytes == 0 and s is not image.packed
    )
    unpacked = image.unpacked()
    for segment in (code, constants, rescue):
        assert segment.file_bytes == 0
        first = segment.physical - code.physical
        expected = unpacked[first : first + segment.memory_bytes]
        assert len(expected) == segment.memory_bytes and any(expected)
        assert ram[segment.physical : segment.physical + segment.memory_bytes] == expected
    # Where the block was there is the copy that the rescue repairs code and constants from.
    text = slice(0, rescue.physical + rescue.memory_bytes - code.physical)
    assert ram[image.packed.physical :][text] == unpacked[text]


def test_names_have_the_addresses_of_the_unpacked_code(image: Image) -> None:
    def names(path: Path) -> set[tuple[str, str]]:
        listing = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        fields = [line.split(maxsplit=2) for line in listing.splitlines()]
        return {(f[0], f[2]) for f in fields if not f[2].startswith("packed_")}

    assert names(image.path) == names(image.path.parent / "unpacked.elf") != set()


@pytest.mark.parametrize(
    ("first", "end", "filler"),
    [
        pytest.param(0, 1, b"\x0f", id="a match before the image"),
        pytest.param(0, 4096, b"\xff", id="literals beyond the block"),
        pytest.param(1000, 4000, b"\x1f\0\1\0\xff\xff\xff\xff\xff", id="matches beyond the image"),
        pytest.param(-5000, None, b"\0", id="an end that is not there"),
    ],
)
def test_a_damaged_image_stops_the_boot_with_a_sentence(
    first: int, end: int | None, filler: bytes, tmp_path: Path
) -> None:
    image = Image(KERNELS[0])
    block = bytearray(image.block())
    length = len(block[first:end])
    block[first:end] = (filler * length)[:length]
    damaged = tmp_path / "damaged.elf"
    data = bytearray(image.data)
    data[image.packed.offset : image.packed.offset + len(block)] = block
    damaged.write_bytes(data)
    with qemu(damaged) as child:
        read_until(child, b"panic: the kernel's image is damaged: it does not unpack\r\n")


def test_gdb_stops_in_code_that_was_unpacked(image: Image, tmp_path: Path) -> None:
    socket = tmp_path / "gdb.sock"
    with qemu(image.path, "-S", "-gdb", f"unix:{socket},server=on,wait=off"):
        wait_until(socket.exists, "QEMU's gdb.sock")
        commands = [f"target remote {socket}", "break kernel_main", "continue", "backtrace"]
        commands += ["info symbol $eip", "list", "x/i $eip", "kill"]
        gdb = ["gdb", "-nx", "-q", "--batch", *(f"-ex={command}" for command in commands)]
        done = subprocess.run(
            [*gdb, image.path], capture_output=True, text=True, timeout=DEADLINE, check=False
        )
    said = done.stdout + done.stderr
    assert "#0  kernel_main (magic=732803074, information=" in said, said  # 0x2badb002
    assert "#2" not in said, said
    assert "kernel_main in section .text" in said, said
    assert "std::uint32_t magic, std::uint32_t information) {" in said, said
    assert "=> 0xc0" in said and "add    %al,(%eax)" not in said, said
