"""The life of a run, with a guest that only talks: whatever breaks here is the launcher's fault, not the kernel's."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import ROOT, Launcher, Terminal, is_alive, qemu_of, wait_until

BUILD = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build"))
CONSOLE = BUILD / "serial-console" / "pagelab-console"


@pytest.fixture(name="guest", scope="session")
def fixture_guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The echo shell, assembled."""
    image = tmp_path_factory.mktemp("guest") / "echo.bin"
    source = ROOT / "tests" / "guests" / "echo_shell.asm"
    subprocess.run(["nasm", "-f", "bin", source, "-o", image], check=True)
    return image


@pytest.fixture(name="lab")
def fixture_lab(guest: Path) -> Iterator[Launcher]:
    """The console program with the echo shell; nothing may be left when the test ends."""
    base = Path(tempfile.mkdtemp(prefix="pagelab-"))  # short: the paths of runs have a limit
    launcher = Launcher(
        base,
        [os.fspath(CONSOLE), "run", "--kernel", os.fspath(guest)],
        [os.fspath(CONSOLE), "stop"],
    )
    yield launcher
    launcher.stop("--all")
    assert launcher.left() == []
    base.rmdir()


def test_exec_prints_what_the_commands_print_and_nothing_else(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; echo two words")
    assert (done.status, done.out, done.err) == (0, "one\ntwo words\n", "")
    assert lab.left() == []


def test_exec_goes_on_after_an_error_and_exits_1(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; fail; nonsense; echo two")
    assert done.status == 1
    assert done.out == "one\nerror: as asked\nerror: no such command\ntwo\n"


def test_exec_without_commands_boots_and_exits_0(lab: Launcher) -> None:
    assert lab.run("--exec", "").status == 0


def test_output_reaches_the_user_without_controls(lab: Launcher) -> None:
    assert lab.run("--exec", "raw").out == "a^Hb^[[31mc\td\n"


def test_a_script_runs_like_exec_from_a_file_and_from_stdin(lab: Launcher, tmp_path: Path) -> None:
    text = "# a script\necho one; echo two # both\n\nfail\r\n"
    script = tmp_path / "a script.txt"
    script.write_text(text, encoding="utf-8")
    expected = "one\ntwo\nerror: as asked\n"
    done = lab.run("--script", os.fspath(script))
    assert (done.status, done.out) == (1, expected)
    done = lab.run("--script", "-", stdin=text)
    assert (done.status, done.out) == (1, expected)
    done = lab.run("--script", os.fspath(tmp_path / "none"))
    assert done.status == 2
    assert done.err.startswith("error: ")


def test_a_halt_ends_the_batch(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; halt; echo never")
    assert (done.status, done.out, done.err) == (0, "one\n", "")


def test_a_reboot_is_no_death(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; reboot; echo two; reboot; echo three")
    assert (done.status, done.out, done.err) == (0, "one\ntwo\nthree\n", "")


def test_a_death_exits_3_and_says_where(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; reset; echo never")
    assert (done.status, done.out) == (3, "one\n")
    for word in ("died", "eip 0x", "cr2 0x", "cr3 p:0x", "`reset`"):
        assert word in done.err


def test_a_panic_exits_3_with_its_reason(lab: Launcher) -> None:
    done = lab.run("--exec", "panic; echo never")
    assert (done.status, done.out) == (3, "out of coffee\n")
    assert "panicked" in done.err


def test_a_hang_exits_3_after_a_bounded_time(lab: Launcher) -> None:
    done = lab.run("--exec", "echo one; hang; echo never")
    assert (done.status, done.out) == (3, "one\n")
    assert "hangs" in done.err and "eip 0x" in done.err


def test_a_reader_that_leaves_ends_the_run(lab: Launcher) -> None:
    child = lab.start("--exec", "flood")
    assert child.stdout is not None and child.stderr is not None
    assert child.stdout.readline() == "all work and no play\n"
    child.stdout.close()
    assert child.wait(60) == -signal.SIGPIPE
    child.stderr.close()
    assert lab.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_leaves_nothing(lab: Launcher, number: signal.Signals) -> None:
    with lab.start("--exec", "hang") as child:
        run = lab.only_run()
        qemu = qemu_of(run)
        child.send_signal(number)
        assert child.wait(60) == -number
        assert not is_alive(qemu)
        assert lab.left() == []


def test_a_killed_launcher_takes_its_machine_along_and_the_next_one_cleans_up(
    lab: Launcher,
) -> None:
    with lab.start("--exec", "hang") as child:
        run = lab.only_run()
        qemu = qemu_of(run)
        child.kill()
        child.wait(60)
    wait_until(lambda: not is_alive(qemu), "the end of QEMU")
    assert lab.left() == [run.name]
    done = lab.run("--exec", "echo one")
    assert (done.status, done.out) == (0, "one\n")
    assert os.fspath(run) in done.err
    assert lab.left() == []


def test_two_detached_runs_and_their_end(lab: Launcher) -> None:
    directories = {}
    for name in ("a", "b"):
        done = lab.run("--detach", "--name", name)
        assert (done.status, done.out, done.err) == (0, f"{lab.base}/{name}\n", "")
        directories[name] = Path(done.out.rstrip("\n"))
    qemus = [qemu_of(directory) for directory in directories.values()]
    assert all(is_alive(qemu) for qemu in qemus)
    for directory in directories.values():
        assert directory.stat().st_mode & 0o777 == 0o700
        assert {
            "serial.sock",
            "gdb.sock",
            "qmp.sock",
            "control.sock",
            "ram",
            "serial.log",
            "lock",
        } <= set(os.listdir(directory))
    listed = lab.run("--list")
    assert listed.status == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == ["a", "b"]
    assert lab.stop("a").status == 0
    assert lab.left() == ["b"]
    assert lab.stop("--all").status == 0
    assert not any(is_alive(qemu) for qemu in qemus)


def test_a_name_in_use_is_refused_with_the_hint(lab: Launcher) -> None:
    assert lab.run("--detach").status == 0
    for options in (("--detach",), ("--plain",), ("--exec", "echo one", "--name", "lab")):
        done = lab.run(*options)
        assert (done.status, done.out) == (2, "")
        assert "--attach" in done.err and "--name" in done.err
    assert lab.run("--exec", "echo private").out == "private\n"
    assert lab.left() == ["lab"]


def test_stopping_a_run_that_halted_by_itself_cleans_up(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    qemu = qemu_of(run)
    with socket.socket(socket.AF_UNIX) as serial:
        serial.settimeout(60)
        serial.connect(os.fspath(run / "serial.sock"))
        serial.sendall(b"halt\r")
        while serial.recv(4096):
            pass
    wait_until(lambda: not is_alive(qemu), "the end of QEMU")
    assert lab.stop("a").status == 0
    assert lab.left() == []


def test_many_runs_at_once_do_not_meet(lab: Launcher) -> None:
    children = [lab.start("--exec", f"echo {number}") for number in range(12)]
    for number, child in enumerate(children):
        out, err = child.communicate(timeout=120)
        assert (child.returncode, out, err) == (0, f"{number}\n", "")


def test_stopping_what_does_not_run_says_so(lab: Launcher) -> None:
    done = lab.stop("nobody")
    assert done.status == 1
    assert "nobody" in done.err


def test_no_process_that_is_not_the_runs_is_ever_signalled(lab: Launcher) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        fake = lab.base / "fake"
        fake.mkdir(mode=0o700)
        (fake / "lock").touch()
        (fake / "pid").write_text(f"{stranger.pid} 1\n", encoding="utf-8")
        assert lab.run("--list").out == ""
        fake.mkdir(mode=0o700, exist_ok=True)
        (fake / "lock").touch()
        (fake / "pid").write_text(f"{stranger.pid} 1\n", encoding="utf-8")
        assert "ended run" in lab.stop("fake").err
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_sockets_of_a_detached_run_are_the_users(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(60)
        monitor.connect(os.fspath(run / "qmp.sock"))
        with monitor.makefile("rw", encoding="utf-8") as file:
            assert "QMP" in json.loads(file.readline())
    with socket.socket(socket.AF_UNIX) as serial:
        serial.settimeout(60)
        serial.connect(os.fspath(run / "serial.sock"))
        serial.sendall(b"echo by hand\r")
        answer = b""
        while b"\x1b]133;D;0\x07" not in answer:
            answer += serial.recv(4096)
        assert b"\x1b]133;C\x07by hand\r\n" in answer
        refused = lab.run("--attach", "a", "--plain")
        assert refused.status == 2
        assert "serial port" in refused.err


def test_a_pipe_is_typed_line_by_line_into_a_plain_console(lab: Launcher) -> None:
    done = lab.run("--plain", stdin="echo one\necho two")
    assert done.status == 0
    assert done.out == "echo shell\npagelab> echo one\none\npagelab> echo two\ntwo\npagelab> \n"
    assert "\x1b" not in done.out


def test_without_a_terminal_the_console_is_plain(lab: Launcher) -> None:
    done = lab.run(stdin="echo one\nhalt\n")
    assert done.status == 0
    assert "one\n" in done.out


def test_a_plain_console_on_a_terminal_restores_it(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        before = termios.tcgetattr(terminal.slave)
        terminal.read_until(b"pagelab> ")
        assert termios.tcgetattr(terminal.slave) != before, "raw while it runs"
        terminal.type(b"echo hello\r")
        echoed = terminal.read_until(b"hello\r\nhello\r\npagelab> ")
        assert b"\x1b]133" not in echoed
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
        assert termios.tcgetattr(terminal.slave) == before
        assert lab.left() == []
    finally:
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_too(lab: Launcher, number: signal.Signals) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        before = termios.tcgetattr(terminal.slave)
        terminal.read_until(b"pagelab> ")
        terminal.child.send_signal(number)
        assert terminal.wait() == -number
        assert termios.tcgetattr(terminal.slave) == before
        assert lab.left() == []
    finally:
        terminal.close()


def test_a_death_under_a_plain_console_is_said_and_exits_3(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"reset\r")
        terminal.read_until(b"died")
        terminal.read_until(b"q  quit")
        terminal.type(b"xq")
        assert terminal.wait() == 3
    finally:
        terminal.close()


def test_after_a_death_the_user_goes_back_or_boots_afresh(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        terminal.read_until(b"pagelab> ")
        for _ in range(3):
            terminal.type(b"reset\r")
            terminal.read_until(b"b  back to the state before the last line")
            terminal.type(b"b")
            terminal.read_until(b"pagelab> ")
            terminal.type(b"echo alive\r")
            terminal.read_until(b"\nalive\r\npagelab> ")
        terminal.type(b"reset\r")
        terminal.read_until(b"q  quit")
        terminal.type(b"r")
        terminal.read_until(b"echo shell\r\npagelab> ")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_without_snapshots_only_a_fresh_boot_is_offered_and_it_is_said_why(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain", "--memory", "128M")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"reset\r")
        terminal.read_until(b"no snapshots above 64M of RAM")
        seen = terminal.read_until(b"q  quit")
        assert b"b  back" not in seen
        terminal.type(b"br")
        terminal.read_until(b"echo shell\r\npagelab> ")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_keep_going_goes_on_after_each_death_and_exits_3(lab: Launcher) -> None:
    commands = "echo one; reset; echo two; panic; echo three; hang; echo four; reset"
    done = lab.run("--exec", commands, "--keep-going")
    assert done.status == 3
    assert done.out == "one\ntwo\nout of coffee\nthree\nfour\n", done.err
    assert done.err.count("goes on in the state before that command") == 4
    assert "panicked" in done.err and "hangs" in done.err
    done = lab.run("--exec", commands, "--keep-going", "--memory", "65M")
    assert done.status == 3
    assert done.out == "one\ntwo\nout of coffee\nthree\nfour\n", done.err
    assert done.err.count("goes on after a fresh boot: no snapshots above 64M of RAM") == 4
    done = lab.run("--keep-going", stdin="echo one\nreset\necho two\n")
    assert done.status == 3
    assert "\none\n" in done.out and "\ntwo\n" in done.out
    assert lab.run(stdin="echo one\nreset\necho two\n").status == 3


def test_a_panic_that_is_over_is_not_taken_for_a_new_one(lab: Launcher) -> None:
    commands = "; ".join(["panic", "echo up"] * 5)
    done = lab.run("--exec", commands, "--keep-going", "--memory", "65M")
    assert done.status == 3
    assert done.out == "out of coffee\nup\n" * 5, done.err


def test_attaching_and_leaving_changes_nothing(lab: Launcher) -> None:
    assert lab.run("--detach", "--name", "a").status == 0
    for word in (b"one", b"two"):
        terminal = Terminal(lab, "--attach", "a", "--plain")
        try:
            terminal.read_until(b"pagelab> ")  # the line that the shell stands at
            terminal.type(b"echo " + word + b"\r")
            terminal.read_until(b"\r\n" + word + b"\r\npagelab> ")
            second = lab.run("--attach", "a", "--plain")
            assert second.status == 2
            assert "attached" in second.err
            terminal.type(b"\x1dq")
            assert terminal.wait() == 0
        finally:
            terminal.close()
    assert lab.left() == ["a"]


def test_a_console_whose_machine_is_stopped_from_outside_leaves_in_order(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        before = termios.tcgetattr(terminal.slave)
        terminal.read_until(b"pagelab> ")
        assert lab.stop("a").status == 0
        assert terminal.wait() == 0
        assert termios.tcgetattr(terminal.slave) == before
        assert lab.left() == []
    finally:
        terminal.close()


def type_into(run: Path, command: bytes) -> None:
    """Types a command that never answers into a detached run, and waits until its machine stands still."""
    with socket.socket(socket.AF_UNIX) as serial:
        serial.settimeout(60)
        serial.connect(os.fspath(run / "serial.sock"))
        serial.sendall(command + b"\r")
        answer = b""
        while b"\x1b]133;C\x07" not in answer:
            answer += serial.recv(4096)
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(60)
        monitor.connect(os.fspath(run / "qmp.sock"))
        with monitor.makefile("rw", encoding="utf-8") as file:

            def status() -> str:
                file.write('{"execute": "query-status"}\n')
                file.flush()
                while True:
                    answer = json.loads(file.readline())
                    if "return" in answer:
                        return str(answer["return"].get("status", ""))

            file.readline()
            file.write('{"execute": "qmp_capabilities"}\n')
            wait_until(lambda: status() == "shutdown", "the machine to stand still")


def test_who_attaches_to_a_run_that_wanted_to_reboot_reboots_it(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    type_into(run, b"reboot")
    done = lab.run("--attach", "a", "--plain", stdin="echo again\n")
    assert done.status == 0, done.err
    assert "echo shell\npagelab> echo again\nagain\n" in done.out


def test_who_attaches_to_a_dead_run_is_told_how_it_died(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    type_into(run, b"reset")
    done = lab.run("--attach", "a", "--plain", stdin="echo again\n")
    assert done.status == 3
    assert "died" in done.err and "eip 0x" in done.err
    assert lab.left() == []


def test_a_halt_in_an_attached_run_removes_it(lab: Launcher) -> None:
    assert lab.run("--detach", "--name", "a").status == 0
    done = lab.run("--attach", "a", "--plain", stdin="halt\n")
    assert done.status == 0
    assert lab.left() == []


@pytest.mark.parametrize(
    "options",
    [
        ("--memory", "1M"),
        ("--memory", "64"),
        ("--machine", "sparc"),
        ("--cpu", "nonsense"),
        ("--name", "a/b"),
        ("--plain", "--detach"),
        ("--nonsense",),
    ],
)
def test_bad_options_get_one_line_and_status_2(lab: Launcher, options: tuple[str, ...]) -> None:
    done = lab.run("--exec", "echo one", *options)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert lab.left() == []


def test_a_base_with_spaces_and_commas_works_and_is_removed_if_it_was_made(lab: Launcher) -> None:
    lab.environment["PAGELAB_DIR"] = os.fspath(lab.base / "a b,c")
    assert lab.run("--exec", "echo one").out == "one\n"
    assert lab.left() == []


def test_a_base_that_is_too_long_is_refused(lab: Launcher, tmp_path: Path) -> None:
    lab.environment["PAGELAB_DIR"] = os.fspath(tmp_path / ("d" * 80))
    done = lab.run("--exec", "echo one")
    assert done.status == 2
    assert "d" * 80 in done.err


@pytest.mark.parametrize("machine", ["pc", "isapc", "q35", "microvm"])
def test_every_machine_talks(lab: Launcher, machine: str) -> None:
    for options in (("--cpu", "486"), ("--memory", "2M"), ("--memory", "3G"), ("--icount",)):
        done = lab.run("--exec", "echo one", "--machine", machine, *options)
        assert (done.status, done.out) == (0, "one\n"), (options, done.err)


def test_equal_batches_with_icount_are_equal(lab: Launcher) -> None:
    outputs = {lab.run("--exec", "echo one; raw", "--icount").out for _ in range(3)}
    assert len(outputs) == 1
