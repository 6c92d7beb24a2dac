"""The plugin on guests in PAE and in 64-bit mode, and QEMU's own opinion of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

import live

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


def wait_for_mode(guest: live.Guest, mode: str) -> None:
    live.wait_until(lambda: f'"mode":"{mode}"' in "\n".join(guest.ask("pagewalk 0 --json")))


@pytest.fixture(name="four_level", scope="module")
def fixture_four_level() -> Iterator[live.Guest]:
    with live.running(source="longmode", emulator="qemu-system-x86_64") as guest:
        wait_for_mode(guest, "4-level")
        yield guest


@pytest.fixture(name="pae", scope="module")
def fixture_pae() -> Iterator[live.Guest]:
    with live.running(source="longmode", defines=("-DPAE_ONLY",)) as guest:
        wait_for_mode(guest, "pae")
        yield guest


def agrees_with_qemu(guest: live.Guest, places: list[int]) -> None:
    asked = [word for va in places for word in (f"pagewalk {va} --json", f"monitor gva2gpa {va}")]
    lines = guest.ask(*asked)
    for va, mine, theirs in zip(places, lines[::2], lines[1::2], strict=True):
        pa = json.loads(mine)["pa"]
        said = re.fullmatch(r"gpa: ((?:0x)?[0-9a-f]+)", theirs.strip())
        assert (int(pa, 16) if pa else None) == (int(said[1], 16) if said else None), hex(va)


def test_four_levels_in_text(four_level: live.Guest) -> None:
    lines = four_level.ask("pagewalk 0xffff800000600123")
    assert lines[0] == "0xffff800000600123 = 256:0:3:0:0x123  cr3 p:0x00200000  4-level"
    assert lines[1] == (
        "PML4E 256     0xffffff7fbfdfe800  p:0x00200800  0x00201007  P RW US  -> table p:0x00201000"
    )
    assert lines[4].startswith(
        "PTE 256:0:3:0  0xffffff4000003000  p:0x00203000  0x00300005  P US  ->"
    )
    assert lines[5] == "p:0x00300123  4 KiB page  kernel r-x  user r-x"


def test_maps_of_four_levels(four_level: live.Guest) -> None:
    lines = four_level.ask("pagemap")
    assert [line.split()[0] for line in lines[:-1]] == [
        "0x0000000000000000-0x0000000000400000",
        "0x0000000000600000-0x0000000000601000",
        "0x0000000040000000-0x0000000080000000",
        "0xffff800000000000-0xffff800000400000",
        "0xffff800000600000-0xffff800000601000",
        "0xffff800040000000-0xffff800080000000",
        "0xffffff0000000000-0xffffff8000000000",
    ]
    assert "kernel rw-  user ---  RW PS NX" in lines[2]
    assert lines[6].endswith("self-map of p:0x00200000, 2 tables  kernel rwx  user ---")


def test_four_levels_agree_with_qemu(four_level: live.Guest) -> None:
    places = [0, 0x1FFFFF, 0x200000, 0x400000, 0x600000, 0x601000, 0x40000000, 0x7FFFFFFF]
    places += [0xFFFF800000600FFF, 0xFFFF800000400000, 0xFFFFFF7FBFDFE800, 0xFFFFFF4000003000]
    agrees_with_qemu(four_level, places)


def test_not_canonical_and_odd_addresses(four_level: live.Guest) -> None:
    lines = four_level.ask(
        "pagewalk 0x800000000000", "pagewalk $rip", "p/x $v2p(0xffff800000600123)"
    )
    assert lines[1] == "no page: the address is not canonical"
    assert lines[-2].endswith("2 MiB page  kernel rwx  user ---")
    assert lines[-1] == "$1 = 0x300123"


def test_pae_in_text(pae: live.Guest) -> None:
    assert pae.ask("pagewalk 0x00600123") == [
        "0x00600123 = 0:3:0:0x123  cr3 p:0x00200000  pae",
        "PDPTE 0       -  p:0x00200000  0x00202021  P  -> table p:0x00202000",
        "PDE 0:3       -  p:0x00202018  0x00203007  P RW US  -> table p:0x00203000",
        "PTE 0:3:0     -  p:0x00203000  0x00300005  P US  -> page p:0x00300000",
        "p:0x00300123  4 KiB page  kernel r-x  user r-x",
    ]


def test_maps_of_pae(pae: live.Guest) -> None:
    lines = [line for line in pae.ask("pagemap")]
    assert lines == [
        "0x00000000-0x00400000      4 MiB  p:0x00000000  2 MiB  kernel rwx  user ---  RW PS",
        "0x00600000-0x00601000      4 KiB  p:0x00300000  4 KiB  kernel r-x  user r-x  US",
        "2 regions, 4100 KiB mapped",
    ]


def test_pae_agrees_with_qemu(pae: live.Guest) -> None:
    agrees_with_qemu(pae, [0, 0x1FFFFF, 0x200000, 0x400000, 0x600FFF, 0x601000, 0xC0000000])
