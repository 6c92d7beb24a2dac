"""What pagelab-pack makes comes out of an independent unpacker as it went in."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from launcher import DEADLINE, ROOT
from packed import HEADER, unpack

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build")) / "kernel"
PACK = BUILD / "pagelab-pack"
LARGEST = 1024 * 1024


def pack(folder: Path, image: bytes, code_bytes: int) -> bytes:
    (folder / "image").write_bytes(image)
    command = [PACK, folder / "image", str(code_bytes), folder / "packed"]
    subprocess.run(command, check=True, timeout=DEADLINE)
    return (folder / "packed").read_bytes()


def calls(size: int, targets: int, seed: int) -> bytes:
    """Code of nothing but calls and jumps to a few places, here and there one to nowhere."""
    chance = random.Random(seed)
    places = [chance.randrange(size) for _ in range(targets)]
    image = bytearray()
    while len(image) + 5 <= size:
        target = chance.choice(places) if chance.random() < 0.9 else chance.randrange(2**32)
        image += struct.pack("<BI", chance.choice(b"\xe8\xe9"), (target - len(image) - 5) % 2**32)
    return bytes(image) + bytes(size - len(image))


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(b"\x90\x90\x90\xc3", id="one word"),
        pytest.param(bytes(LARGEST // 4), id="nothing"),
        pytest.param(random.Random(1).randbytes(20000), id="noise"),
        pytest.param(bytes(range(256)) * 200, id="all bytes alike"),
        pytest.param(calls(20000, 10, 2), id="calls"),
        pytest.param(b"\xe8" * 4096, id="calls within calls"),
        pytest.param(b"\0" * 60000 + random.Random(3).randbytes(200) * 40, id="far and near"),
    ],
)
@pytest.mark.parametrize("code", [0, 0.5, 1])
def test_an_image_comes_out_as_it_went_in(image: bytes, code: float, tmp_path: Path) -> None:
    packed = pack(tmp_path, image, int(len(image) * code))
    assert unpack(packed) == image
    assert len(packed) <= len(image) + 400


@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.builds(
                lambda byte, count: bytes([byte]) * count, st.integers(0, 255), st.integers(0, 600)
            ),
            st.builds(lambda rel: b"\xe8" + struct.pack("<i", rel), st.integers(-3000, 3000)),
        ),
        min_size=1,
        max_size=60,
    ),
    repeats=st.integers(1, 3),
    code=st.floats(0, 1),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_image_comes_out_as_it_went_in(
    pieces: list[bytes], repeats: int, code: float, tmp_path: Path
) -> None:
    image = b"".join(pieces) * repeats
    image += b"\0" * (-len(image) % 4 or 4)
    assert unpack(pack(tmp_path, image, int(len(image) * code))) == image


def test_the_kernel_comes_out_as_it_was_linked() -> None:
    packed = (BUILD / "packed.asm.packed").read_bytes()
    assert unpack(packed) == (BUILD / "packed.asm.image").read_bytes()


def test_calls_to_one_place_become_alike(tmp_path: Path) -> None:
    image = calls(20000, 10, 2)
    assert len(pack(tmp_path, image, len(image))) < 0.8 * len(pack(tmp_path, image, 0))


def test_code_without_a_free_mark_stays_as_it_is(tmp_path: Path) -> None:
    # Each byte begins an operand whose target lies outside.
    nowhere = b"".join(bytes([0xE8, byte, 0, 0, 0x7F]) for byte in range(256))
    image = nowhere + b"\xe8\0\0\0\0" * 4
    packed = pack(tmp_path, image, len(image))
    _, code_bytes, _, _ = HEADER.unpack_from(packed)
    assert code_bytes == 0 and unpack(packed) == image


@pytest.mark.parametrize(
    ("image", "code_bytes", "complaint"),
    [
        (b"", "0", "is no image of whole words, at most 1 MiB"),
        (b"abc", "0", "is no image of whole words, at most 1 MiB"),
        (bytes(LARGEST + 4), "0", "is no image of whole words, at most 1 MiB"),
        (bytes(8), "9", "more code than image"),
        (bytes(8), "many", "no number of bytes: many"),
    ],
    ids=["nothing", "no whole words", "too much", "too much code", "no number"],
)
def test_what_cannot_be_packed_gets_one_line(
    image: bytes, code_bytes: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "image").write_bytes(image)
    command = [PACK, tmp_path / "image", code_bytes, tmp_path / "packed"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and complaint in done.stderr
    assert not (tmp_path / "packed").exists()
