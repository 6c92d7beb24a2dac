"""What a loader finds in the kernel's file, what the unpacker makes of it, and what GDB still sees of it."""

from __future__ import annotations

import os
import random
import select
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from launcher import DEADLINE, ROOT, Launcher, wait_until
from packed import DISTANCE_SYMBOLS, HEADER, LITERALS, MAIN_SYMBOLS, Bits, Code, unpack

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
        """The same, unpacked."""
        return unpack(self.block())


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
    constants, names = (
        s for s in image.segments if not s.flags & (WRITABLE | EXECUTABLE) and s is not image.packed
    )
    unpacked = image.unpacked()
    for segment in (code, constants, rescue):
        assert segment.file_bytes == 0
        first = segment.physical - code.physical
        expected = unpacked[first : first + segment.memory_bytes]
        assert len(expected) == segment.memory_bytes and any(expected)
        assert ram[segment.physical : segment.physical + segment.memory_bytes] == expected
    # The names are packed behind the data, and lie behind all else.
    assert names.file_bytes == 0 and b"lab_page\0" in unpacked[-names.memory_bytes :]
    assert ram[names.physical :][: names.memory_bytes] == unpacked[-names.memory_bytes :]
    # Where the block was there is the copy that the rescue repairs code and constants from.
    text = slice(0, rescue.physical + rescue.memory_bytes - code.physical)
    assert ram[image.packed.physical :][text] == unpacked[text]


def test_names_have_the_addresses_of_the_unpacked_code(image: Image) -> None:
    def names(path: Path) -> set[tuple[str, str]]:
        listing = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        fields = [line.split(maxsplit=2) for line in listing.splitlines()]
        return {(f[0], f[2]) for f in fields if not f[2].startswith("packed_")}

    assert names(image.path) == names(image.path.parent / "unpacked.elf") != set()


def put_bits(block: bytearray, at: int, value: int, count: int) -> int:
    """Writes behind the header, from bit `at`; returns where it ended."""
    for i in range(count):
        bit = HEADER.size * 8 + at + i
        chosen = 0x80 >> bit % 8
        block[bit // 8] &= ~chosen
        block[bit // 8] |= chosen if value >> (count - 1 - i) & 1 else 0
    return at + count


def codes_of(
    block: bytearray,
) -> tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]], int]:
    """The first block's (code, length) by symbol: of main symbols, of distances; and where its tokens begin."""
    bits = Bits(bytes(block[HEADER.size :]))
    bits.take(24)
    main, distance = Code(bits, MAIN_SYMBOLS), Code(bits, DISTANCE_SYMBOLS)
    by_symbol = [{s: (key[1], key[0]) for key, s in c.symbols.items()} for c in (main, distance)]
    return by_symbol[0], by_symbol[1], bits.at


def match_before_the_image(block: bytearray) -> None:
    main, distance, at = codes_of(block)
    longest_distance = max(distance)
    assert longest_distance >= 4
    at = put_bits(block, at, *main[LITERALS])
    at = put_bits(block, at, *distance[longest_distance])
    put_bits(block, at, 0, longest_distance // 2 - 1)


def matches_beyond_the_image(block: bytearray) -> None:
    main, distance, at = codes_of(block)
    longest = max(main)
    assert longest >= LITERALS + 4
    extra = (longest - LITERALS) // 2 - 1
    at = put_bits(block, at, *main[0])
    at = put_bits(block, at, *main[longest])
    at = put_bits(block, at, (1 << extra) - 1, extra)
    at = put_bits(block, at, *distance[1])
    for _ in range(5000):
        at = put_bits(block, at, *main[longest])
        at = put_bits(block, at, (1 << extra) - 1, extra)
        at = put_bits(block, at, *distance[0])


def block_beyond_the_image(block: bytearray) -> None:
    put_bits(block, 0, 0xFFFFFF, 24)


def blocks_of_nothing(block: bytearray) -> None:
    block[HEADER.size :] = bytes(len(block) - HEADER.size)


def code_with_a_gap(block: bytearray) -> None:
    put_bits(block, 24, 0, 4 * MAIN_SYMBOLS)


def code_with_too_many(block: bytearray) -> None:
    put_bits(block, 24, 0x1111, 16)


def other_size(block: bytearray) -> None:
    struct.pack_into("<I", block, 0, struct.unpack_from("<I", block)[0] - 4)


def more_code_than_image(block: bytearray) -> None:
    struct.pack_into("<I", block, 4, 0xFFFFFFFF)


def other_mark(block: bytearray) -> None:
    block[8] ^= 0xFF


def other_checksum(block: bytearray) -> None:
    block[12] ^= 1


def one_bit_early(block: bytearray) -> None:
    block[1000] ^= 0x10


def one_bit_late(block: bytearray) -> None:
    block[-100] ^= 0x01


def end_that_is_not_there(block: bytearray) -> None:
    block[-5000:] = bytes(5000)


def noise(block: bytearray) -> None:
    block[30000:40000] = random.Random(1).randbytes(10000)


@pytest.mark.parametrize(
    "damage",
    [
        match_before_the_image,
        matches_beyond_the_image,
        block_beyond_the_image,
        blocks_of_nothing,
        code_with_a_gap,
        code_with_too_many,
        other_size,
        more_code_than_image,
        other_mark,
        other_checksum,
        one_bit_early,
        one_bit_late,
        end_that_is_not_there,
        noise,
    ],
)
def test_a_damaged_image_stops_the_boot_with_a_sentence(
    damage: Callable[[bytearray], None], tmp_path: Path
) -> None:
    image = Image(KERNELS[0])
    block = bytearray(image.block())
    damage(block)
    assert block != image.block() and len(block) == len(image.block())
    damaged = tmp_path / "damaged.elf"
    data = bytearray(image.data)
    data[image.packed.offset : image.packed.offset + len(block)] = block
    damaged.write_bytes(data)
    with qemu(damaged) as child:
        read_until(child, b"panic: the kernel's image is damaged: it does not unpack\r\n")


@pytest.mark.parametrize("cpu", ["486", "pentium", "max"])
@pytest.mark.parametrize("memory", ["2M", "16M"])
def test_it_boots_on_every_processor(image: Image, cpu: str, memory: str) -> None:
    with qemu(image.path, "-cpu", cpu, "-m", memory) as child:
        read_until(child, b"pagelab> ")


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
