"""QEMU start to prompt, as a ratio to the barest kernel on the same machine settings; and the bytes loaded.

The two are started in turn, so that a slow moment of the machine meets both, and medians are compared.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 20.0
QEMU = ["qemu-system-i386", "-accel", "tcg", "-cpu", "max", "-m", "16M"]
DEVICES = ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]
MACHINE = ["-machine", "pc,acpi=off,hpet=off,usb=off,graphics=off", "-bios", "qboot.rom"]


def build_baseline(folder: Path) -> Path:
    """Assemble and link the bare kernel."""
    objects = folder / "hlt.o"
    kernel = folder / "hlt.elf"
    source = ROOT / "tests" / "bench" / "hlt.asm"
    subprocess.run(["nasm", "-f", "elf32", "-o", objects, source], check=True)
    link = [
        "ld",
        "-m",
        "elf_i386",
        "-Ttext",
        "0x100000",
        "-N",
        "--no-warn-rwx-segments",
        "-o",
        kernel,
        objects,
    ]
    subprocess.run(link, check=True)
    return kernel


def seconds_until(kernel: Path, wanted: bytes) -> float:
    """From the start of QEMU to `wanted` on the serial port."""
    command = [*QEMU, *MACHINE, *DEVICES, "-kernel", os.fspath(kernel), "-append", "-- batch"]
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    seen = b""
    try:
        while wanted not in seen:
            left = start + DEADLINE - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                raise SystemExit(
                    f"bench: {kernel.name} did not say {wanted!r} within {DEADLINE:.0f} s"
                )
            piece = os.read(child.stdout.fileno(), 4096)
            if not piece:
                raise SystemExit(f"bench: QEMU ended before {kernel.name} said {wanted!r}")
            seen += piece
        return time.monotonic() - start
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()


def loaded_bytes(kernel: Path) -> int:
    """The sum of the file sizes of all PT_LOAD segments."""
    data = kernel.read_bytes()
    offset, size, count = (
        struct.unpack_from("<I", data, 28)[0],
        *struct.unpack_from("<HH", data, 42),
    )
    headers = (struct.unpack_from("<8I", data, offset + i * size) for i in range(count))
    return sum(header[4] for header in headers if header[0] == 1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench boot", description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=15, help="pairs of runs (default %(default)s)")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs takes a number from 1 up")
    with tempfile.TemporaryDirectory(prefix="pagelab-bench.") as folder:
        baseline = build_baseline(Path(folder))
        bare, lab = [], []
        for _ in range(options.runs):
            bare.append(seconds_until(baseline, b"!"))
            lab.append(seconds_until(options.kernel, b"pagelab> "))
    ratio = statistics.median(lab) / statistics.median(bare)
    print(f"bare hlt kernel   {statistics.median(bare) * 1000:7.1f} ms (median of {options.runs})")
    print(f"pagelab to prompt {statistics.median(lab) * 1000:7.1f} ms (median of {options.runs})")
    print(f"ratio             {ratio:7.2f}     (target 1.30)")
    print(f"bytes loaded      {loaded_bytes(options.kernel):7d}     (target 131072)")


if __name__ == "__main__":
    main()
