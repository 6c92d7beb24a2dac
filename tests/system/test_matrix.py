"""The kernel examines the CPU: prediction and what it does are one, on two engines; and it leaves nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from matrix import check_sets, check_tlb, on_bochs, on_qemu
from outside import VA, Lab, Word, fixture_base, fixture_lab

__all__ = ["fixture_base", "fixture_lab"]

SECONDS_FOR_QUICK = 3.0


def test_every_access_on_qemu_is_as_predicted() -> None:
    run = on_qemu("max", ["selftest matrix", "selftest tlb", "check", "selftest invariants"])
    check_sets(run, ["quick"])
    check_tlb(run)


def test_every_access_on_bochs_is_as_predicted(tmp_path: Path) -> None:
    commands = ["selftest matrix", "selftest tlb", "check", "selftest invariants"]
    run = on_bochs("corei7_skylake_x", commands, tmp_path)
    check_sets(run, ["quick"])
    check_tlb(run)
    assert "\n0 errors" in run.text and run.text.count("ok 6 strategies are in step") == 1


def test_a_cpu_without_global_pages_has_fewer_combinations() -> None:
    check_sets(on_qemu("486", ["selftest matrix"]), ["quick"])


@pytest.mark.parametrize("command", ["selftest matrix", "selftest matrix reserved", "selftest tlb"])
def test_it_leaves_lab_journal_and_registers_as_they_were(lab: Lab, command: str) -> None:
    lab.ok(f"map {VA:#x} rwu 3; poke {VA:#x} 0x1234; cr0 wp off; cr4 pge off; space new table")
    before = lab.state()
    journal = lab.ok("log 3")
    lab.ok(command)
    assert lab.state() == before
    assert lab.ok("log 3") == journal
    assert "0x00001234" in lab.ok(f"peek {VA:#x}")
    assert "\n" in lab.ok("selftest invariants; check")
    lab.ok("undo")
    assert (
        lab.shell.run("space use 1")[0] == 1
    ), "the last change that undo knows is still the space"


def test_ctrl_c_ends_it_and_all_is_as_it_was(lab: Lab) -> None:
    lab.ok(f"map {VA:#x} rwu 3; space new; space use 1")
    before = lab.state()
    beats = lab.lab_page(Word.HEARTBEAT)
    lab.shell.send("selftest matrix cache")
    lab.shell.wait_for("ok 1 ")
    assert lab.lab_page(Word.HEARTBEAT) > beats
    started = time.monotonic()
    lab.shell.type("\x03")
    status, text = lab.shell.answer()
    assert time.monotonic() - started < 2
    assert status == 4 and "# matrix" not in text
    assert lab.state() == before
    lab.ok("selftest invariants; check")


def cpu_seconds(thread: int) -> float:
    """User and system time of a thread: other processes on the machine do not count."""
    fields = Path(f"/proc/{thread}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_quick_matrix_takes_a_moment(lab: Lab) -> None:
    thread = lab.monitor.execute("query-cpus-fast")[0]["thread-id"]
    before = cpu_seconds(thread)
    lab.ok("selftest matrix")
    assert cpu_seconds(thread) - before < SECONDS_FOR_QUICK
