"""What a user does with the scripts, on the real kernel: one command boots, runs, attaches, ends."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faces import SerialShell
from launcher import ROOT, Launcher, Terminal, is_alive, qemu_of, scripts_launcher

RUN = os.fspath(ROOT / "scripts" / "run")
GDB = os.fspath(ROOT / "scripts" / "gdb")


@pytest.fixture(name="lab")
def fixture_lab() -> Iterator[Launcher]:
    with scripts_launcher() as launcher:
        yield launcher


def gdb(lab: Launcher, *arguments: str) -> subprocess.CompletedProcess[str]:
    """scripts/gdb to its end."""
    return subprocess.run(
        [GDB, *arguments],
        env=lab.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_exec_maps_walks_and_dumps(lab: Launcher) -> None:
    done = lab.run("--exec", "map 0x40000000; walk 0x40000000; dumppd", timeout=300)
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert any(line.startswith("PDE 256 ") and "-> table p:" in line for line in lines), done.out
    assert any(line.startswith("PDE 1023 ") and "self-map" in line for line in lines), done.out
    assert any("4 KiB page" in line and "user ---" in line for line in lines), done.out
    assert "\x1b" not in done.out and "\r" not in done.out
    assert lab.left() == []


def test_walk_prints_one_json_record(lab: Launcher) -> None:
    done = lab.run("--exec", "walk 0xC0100000 --json")
    assert done.status == 0
    (line,) = done.out.splitlines()
    record = json.loads(line)
    assert list(record) == [
        "record",
        "v",
        "mode",
        "cr3",
        "va",
        "outcome",
        "steps",
        "pa",
        "page_size",
        "kernel",
        "user",
        "global",
        "self_map",
    ]
    assert (record["record"], record["va"], record["outcome"]) == ("walk", "0xc0100000", "page-4k")


@pytest.mark.parametrize("command", ["map", "walk banana"])
def test_a_wrong_command_prints_an_error_line_and_exits_1(lab: Launcher, command: str) -> None:
    done = lab.run("--exec", command)
    assert done.status == 1
    assert done.out.splitlines()[0].startswith("error: ")


def test_a_fault_is_reported_and_the_next_command_runs(lab: Launcher) -> None:
    done = lab.run("--exec", "peek 0; walk 0xC0100000")
    assert done.status == 1, done.err
    assert "0xc0100000 = 768:256:0x0" in done.out
    assert not any(line.startswith("error: ") for line in done.out.splitlines()), done.out


def test_halt_ends_the_batch_and_a_reboot_does_not(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; reboot; echo two; halt; echo never")
    assert (done.status, done.out) == (0, "one\ntwo\n"), done.err


def test_gdb_attaches_to_one_of_two_and_changes_nothing(lab: Launcher) -> None:
    for name in ("a", "b"):
        done = lab.run("--detach", "--name", name)
        assert (done.status, done.out) == (0, f"{lab.base}/{name}\n"), done.err
    qemus = [qemu_of(lab.base / name) for name in ("a", "b")]
    with SerialShell(lab.base / "a" / "serial.sock") as shell:
        shell.ok("map 0x40000000")
        before = shell.ok("dumppd")
        log = shell.ok("log")
        asked = gdb(lab, "a", "--batch", "-ex", "pagewalk 0xC0100000", "-ex", "pagemap")
        assert asked.returncode == 0, asked.stderr
        for word in (
            "PDE 768 ",
            "0xfffffc00",
            "PTE 768:256 ",
            "0xfff00400",
            "p:0x00100000",
            "kernel r-x",
            "user ---",
        ):
            assert word in asked.stdout, asked.stdout
        assert shell.ok("dumppd") == before
        assert shell.ok("log") == log
    assert lab.stop("a").status == 0
    assert lab.left() == ["b"]
    assert not is_alive(qemus[0]) and is_alive(qemus[1])


def test_the_shell_waits_while_gdb_holds_the_guest_and_goes_on_after(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    with SerialShell(run / "serial.sock") as shell:
        held = subprocess.Popen(
            [GDB, "a", "-nx", "-ex", "echo held\\n"],
            env=lab.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert held.stdout is not None and held.stdin is not None
        for line in held.stdout:
            if "held" in line:
                break
        time.sleep(1.0 if os.environ.get("PAGELAB_FULL") != "1" else 10.0)  # the time is the test
        held.communicate("quit\n", timeout=60)
        assert shell.ok("echo still here") == "still here\n"


def test_stop_leaves_no_process_and_no_file(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    qemu = qemu_of(run)
    assert lab.stop("a").status == 0
    assert not is_alive(qemu)
    assert not run.exists()


@pytest.mark.parametrize("machine", ["pc", "isapc", "q35", "microvm"])
@pytest.mark.parametrize("cpu", ["486", "pentium", "qemu32", "max"])
def test_it_boots_on_every_machine_and_cpu(lab: Launcher, machine: str, cpu: str) -> None:
    done = lab.run(
        "--exec",
        "walk 0xC0100000; map 0x40000000; unmap 0x40000000",
        "--machine",
        machine,
        "--cpu",
        cpu,
    )
    assert done.status == 0, done.out + done.err


@pytest.mark.parametrize("memory", ["2M", "64M", "3G", "4G"])
def test_it_boots_with_little_and_with_much_memory(lab: Launcher, memory: str) -> None:
    done = lab.run("--exec", "frames; map 0x40000000", "--memory", memory)
    assert done.status == 0, done.out + done.err


def test_the_time_to_the_prompt_does_not_grow_with_memory(lab: Launcher) -> None:
    times: dict[str, list[float]] = {"16M": [], "3G": []}
    for _ in range(7):  # in turn, so that a slow moment of the host meets both
        for memory, taken in times.items():
            start = time.monotonic()
            assert lab.run("--exec", "", "--memory", memory).status == 0
            taken.append(time.monotonic() - start)
    small, large = (statistics.median(taken) for taken in times.values())
    assert large < 2 * small + 0.1, times


def test_icount_makes_equal_runs(lab: Launcher) -> None:
    outputs = {lab.run("--exec", "map 0x40000000; log", "--icount").out for _ in range(3)}
    assert len(outputs) == 1


def test_a_plain_terminal_edits_lines_and_quits(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"ecko one\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x7fh")  # mend the word from its end
        terminal.type(b"\x05\r")
        terminal.read_until(b"\none\r\n")
        terminal.read_until(b"pagelab> ")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
        assert lab.left() == []
    finally:
        terminal.close()


def test_the_scripts_work_from_anywhere_and_through_a_link(lab: Launcher, tmp_path: Path) -> None:
    link = tmp_path / "a link"
    link.symlink_to(RUN)
    done = subprocess.run(
        [link, "--exec", "echo one"],
        cwd="/",
        env=lab.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "one\n"), done.stderr


@pytest.mark.parametrize("script", ["run", "stop", "gdb", "doctor", "test", "lint"])
def test_every_script_explains_itself(script: str) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / script, "--help"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert f"scripts/{script}" in done.stdout
    assert done.stderr == ""


def test_the_doctor_names_what_is_missing_and_changes_nothing(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "awk", "dirname", "readlink", "uname", "head", "sort", "df", "env"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    done = subprocess.run(
        [ROOT / "scripts" / "doctor"],
        env={"PATH": os.fspath(tools)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "missing  qemu-system-i386" in done.stdout
    assert "apt-get install --no-install-recommends -y qemu-system-x86" in done.stdout


def test_a_warm_start_costs_little(lab: Launcher) -> None:
    lab.run("--list")
    times = []
    for _ in range(5):
        start = time.monotonic()
        assert lab.run("--list").status == 0
        times.append(time.monotonic() - start)
    assert min(times) < 0.3, times
