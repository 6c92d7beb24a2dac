"""Debian's own kernels as guests: each mapped page against QEMU's monitor. For `scripts/test --full` only.

They are fetched as packages into a folder of the test's own, and boot without a disk: what remains after the
panic is the kernel's whole address space. PAGELAB_DEBS names a folder that already holds the packages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import declared
import live
import truth
from truth import Page

NX = 1 << 63
TOOLS = [*live.missing_tools(), *(t for t in ("apt-get", "dpkg-deb", "tar") if not shutil.which(t))]
pytestmark = pytest.mark.skipif(bool(TOOLS), reason=f"not installed: {' '.join(TOOLS)}")


class Kernel(NamedTuple):
    package: str
    architecture: str
    cpu: str
    mode: str
    pages: int  # at least so many are mapped

    @property
    def emulator(self) -> str:
        return "qemu-system-x86_64" if self.architecture == "amd64" else "qemu-system-i386"


KERNELS = (
    Kernel("linux-image-686", "i386", "max", "32-bit", 100),
    Kernel("linux-image-686-pae", "i386", "max", "pae", 100),
    Kernel("linux-image-amd64", "amd64", "max,la57=off", "4-level", 500),
    Kernel("linux-image-amd64", "amd64", "max", "5-level", 500),
)


class Archive:
    """apt with lists of its own, so that packages of another architecture can be had without any privilege."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._given = os.environ.get("PAGELAB_DEBS")
        self._updated = False

    def vmlinuz(self, kernel: Kernel) -> Path:
        """The kernel of a package, unpacked."""
        target = self._folder / kernel.package
        if not target.exists():
            deb = self._deb(kernel)
            listing = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
            with target.open("wb") as file:
                command = ["tar", "-xO", "--wildcards", "./boot/vmlinuz-*"]
                subprocess.run(command, stdin=listing.stdout, stdout=file, check=True)
            assert listing.wait() == 0
        return target

    def _deb(self, kernel: Kernel) -> Path:
        flavour = kernel.package.removeprefix("linux-image-")
        pattern = f"linux-image-[0-9]*-{flavour}_*_{kernel.architecture}.deb"
        if self._given:
            return next(Path(self._given).glob(pattern))
        if not self._updated:
            # A mirror in the middle of its own update fails in one list; what is missing is told below.
            self._apt("apt-get", "update", must=False)
            self._updated = True
        name = f"{kernel.package}:{kernel.architecture}"
        depends = self._apt("apt-cache", "depends", "--important", name)
        real = next(line.split()[-1] for line in depends.splitlines() if "Depends:" in line)
        self._apt(
            "apt-get",
            "download",
            f"{real.removesuffix(':' + kernel.architecture)}:{kernel.architecture}",
        )
        return next(self._folder.glob(pattern))

    def _apt(self, tool: str, *arguments: str, must: bool = True) -> str:
        state, cache = self._folder / "state", self._folder / "cache"
        for place in (state / "lists/partial", cache / "archives/partial"):
            place.mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        settings = {
            "Dir::State": state,
            "Dir::State::status": state / "status",
            "Dir::Cache": cache,
            "APT::Architecture": "amd64",
            "APT::Architectures::": "i386",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "1",
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        done = subprocess.run(
            [tool, *options, *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if must and done.returncode != 0:
            pytest.skip(f"{tool} {' '.join(arguments)}: {done.stderr.strip()[-300:]}")
        return done.stdout


@pytest.fixture(name="archive", scope="module")
def fixture_archive() -> Iterator[Archive]:
    with live.private_directory() as folder:
        yield Archive(folder)


@pytest.fixture(name="booted", scope="module", params=KERNELS, ids=lambda kernel: kernel.mode)
def fixture_booted(
    request: pytest.FixtureRequest, archive: Archive
) -> Iterator[tuple[Kernel, declared.Declared, dict[int, Page]]]:
    kernel = request.param
    image = archive.vmlinuz(kernel)
    with live.private_directory() as directory:
        serial = directory / "serial"
        more = ["-m", "256M", "-cpu", kernel.cpu, "-serial", f"file:{serial}"]
        more += ["-append", "console=ttyS0 panic=0"]
        guest = declared.Declared(image, directory, *more, emulator=kernel.emulator)
        guest.image = None  # no file for GDB: the plugin needs no symbols
        try:
            wait_for_panic(guest, serial)
            guest.monitor("stop")
            yield kernel, guest, mapped(guest, kernel)
        finally:
            guest.stop()


def wait_for_panic(guest: declared.Declared, serial: Path) -> None:
    """The kernel finds no root; that takes a minute on a slow machine."""
    for _ in range(10):
        try:
            live.wait_until(
                lambda: guest.process.poll() is not None
                or (serial.exists() and b"Kernel panic" in serial.read_bytes())
            )
            break
        except AssertionError:
            pass
    said = serial.read_bytes() if serial.exists() else b""
    assert b"Kernel panic" in said, said[-2000:].decode(errors="replace")


def mapped(guest: declared.Declared, kernel: Kernel) -> dict[int, Page]:
    lines = guest.ask("pagewalk $pc --json", "pagemap --json")
    assert json.loads(lines[0])["mode"] == kernel.mode
    regions = truth.of_records(json.loads(line) for line in lines[1:] if line.startswith("{"))
    return {page.va: page for region in regions for page in region.pages()}


Booted = tuple[Kernel, declared.Declared, dict[int, Page]]


def test_every_page_is_that_of_info_tlb(booted: Booted) -> None:
    kernel, guest, pages = booted
    said = truth.tlb_says(guest.monitor("info tlb")[0])
    if kernel.mode == "pae":  # the monitor leaves NX inside the address
        said = {va: page._replace(pa=page.pa & ~NX) for va, page in said.items()}
    should = {va: truth.tlb_should_say(page) for va, page in pages.items()}
    assert len(said) >= kernel.pages
    print(f"{kernel.package} {kernel.mode}: {len(said)} pages")
    assert {va for va in said | should if said.get(va) != should.get(va)} == set()


def test_every_page_is_that_of_info_mem(booted: Booted) -> None:
    kernel, guest, pages = booted
    if kernel.mode == "5-level":
        pytest.skip("QEMU's info mem does not end with five levels")
    ranges = truth.mem_says(guest.monitor("info mem")[0])
    covered = 0
    rest = sorted(pages)
    position = 0
    for first, end, prot in ranges:
        while position < len(rest) and rest[position] < end:
            page = pages[rest[position]]
            assert page.va >= first, hex(page.va)
            assert effective(page) == prot, hex(page.va)
            covered += page.page_size
            position += 1
    assert position == len(rest)
    assert covered == sum(end - first for first, end, _ in ranges)


def effective(page: Page) -> str:
    """`urw` without SMAP, which the monitor does not know."""
    if page.user != "---":
        return "u" + page.user[:2]
    return "-" + page.kernel[:2]
