"""A guest with two CPUs: each question is about the CPU whose thread is selected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import live

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


@pytest.fixture(name="guest", scope="module")
def fixture_guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Guest]:
    """Both CPUs have paging on."""
    said: Path = tmp_path_factory.mktemp("smp") / "said"
    console = ("-chardev", f"file,path={said},id=c", "-device", "isa-debugcon,chardev=c")
    with live.running("-smp", "2", *console, source="two_cpus") as guest:
        live.wait_until(lambda: said.exists() and said.read_bytes() == b"E")
        yield guest


def records(lines: list[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_walk_is_of_the_selected_cpu(guest: live.Guest, order: tuple[int, int]) -> None:
    expected = {1: ("0x00200000", "0x00300000"), 2: ("0x00210000", "0x00310000")}
    asked = [word for cpu in order for word in (f"thread {cpu}", "pagewalk 0x10000000 --json")]
    found = [(record["cr3"], record["pa"]) for record in records(guest.ask(*asked))]
    assert found == [expected[cpu] for cpu in order]


def test_all_of_the_selected_cpus_space_is_shown_not_of_another(guest: live.Guest) -> None:
    first, second = (
        "\n".join(
            guest.ask(f"thread {cpu}", "pagemap", "p/x $v2p(0x10000000)", "p/x $pte(0x10000000)")
        )
        for cpu in (1, 2)
    )
    assert "0x10000000-0x10001000      4 KiB  p:0x00300000" in first and "self-map" in first
    assert "$1 = 0x300000\n$2 = 0x300001" in first
    assert "0x10000000-0x10001000      4 KiB  p:0x00310000" in second and "self-map" not in second
    assert "$1 = 0x310000\n$2 = 0x310003" in second


def test_the_thread_of_a_command_counts(guest: live.Guest) -> None:
    lines = guest.ask(
        "thread 1", "thread apply 2 pagewalk 0x10000000 --json", "pagewalk 0x10000000 --json"
    )
    assert [record["cr3"] for record in records(lines)] == ["0x00210000", "0x00200000"]


def test_preflight_asks_for_the_descriptor_registers_of_the_selected_cpu(guest: live.Guest) -> None:
    """The second CPU's GDT lies in its trampoline at 0x8000, the first one's where the firmware put it."""
    state = "python import pagelab.gdbio.registers as r; s = r.cpu_state(); print(hex(s.cr3), s.gdt[0] >> 12)"
    lines = guest.ask("thread 2", state, "thread 1", state)
    second, first = (line.split() for line in lines if line.startswith("0x"))
    assert first[0] == "0x200000" and second == ["0x210000", "8"] and first[1] != "8"
