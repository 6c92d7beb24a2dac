"""Deaths, hangs and undo on the real kernel: whatever kills the machine, the state before the last command comes back."""

from __future__ import annotations

import mmap
import os
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import Launcher, Terminal, is_alive, qemu_of, wait_until
from outside import BUILD, LAB_PAGE, Lab, Word, map_ram

CONSOLE = os.fspath(BUILD / "serial-console" / "pagelab-console")
KERNEL = os.fspath(BUILD / "kernel" / "pagelab.elf")
TIMES = 20
# Each ends the machine at once: a triple fault.
DEADLY = [
    "force crash idt",
    "force crash gdt",
    "force crash cr3 p:0x00300000",  # zeros: no lifeline
    "force crash cr4 0x20",  # PAE: the tables mean something else
    "force crash esp 0xff400800",  # pushes over the IDT
    "force crash esp 0xff401000",  # pushes over IDT, GDT and TSSs
]
# Each spins or sleeps with interrupts off: only an NMI ends it.
HANGING = ["crash loop", "crash hlt"]


@pytest.fixture(name="lab")
def fixture_lab(tmp_path: Path) -> Iterator[Launcher]:
    base = tmp_path / "r"
    base.mkdir(mode=0o700)
    launcher = Launcher(base, [CONSOLE, "run", "--kernel", KERNEL], [CONSOLE, "stop"])
    yield launcher
    launcher.stop("--all")
    assert launcher.left() == []


@pytest.mark.parametrize("deadly", DEADLY)
def test_the_state_before_a_death_comes_back_every_time(lab: Launcher, deadly: str) -> None:
    steps = ["map 0x40000000 rwu 2", "poke 0x40000000 0xfeed"]
    for turn in range(TIMES):
        steps += [f"poke 0x40001000 {turn:#x}", deadly, "peek 0x40000000", "peek 0x40001000"]
    steps += ["check", "undo"]
    done = lab.run("--exec", "; ".join(steps), "--keep-going", timeout=240)
    assert done.status == 3
    assert done.err.count("died of a triple fault") == TIMES
    assert done.err.count(f"last command: `{deadly}` (number ") == TIMES
    assert done.err.count("goes on in the state before that command") == TIMES
    assert done.out.count("0x40000000  0x0000feed\n") == TIMES
    for turn in range(TIMES):
        assert f"0x40001000  {turn:#010x}\n" in done.out
    assert "error:" not in done.out


def test_a_death_without_keep_going_ends_the_batch_and_is_explained(lab: Launcher) -> None:
    done = lab.run("--exec", "map 0x40000000; force crash idt; echo never")
    assert done.status == 3
    assert "never" not in done.out
    for words in (
        "error: the guest died of a triple fault: eip 0x",
        "(in `force crash idt`)",
        "last command: `force crash idt` (number 2)",
        "ends before IDT entry 8 (#DF): its limit is 0x0",
        "last records of the journal:",
        "pte         PTE 256:0",
        "cr3 0x",
    ):
        assert words in done.err, done.err


def test_a_death_by_a_missing_gdt_names_the_selector(lab: Launcher) -> None:
    done = lab.run("--exec", "force crash gdt")
    assert done.status == 3
    assert re.search(r"names the selector 0x00[0-9a-f]{2}, but the GDT at .* limit 0x0", done.err)


@pytest.mark.parametrize("machine", ["pc", "isapc", "q35", "microvm"])
def test_every_machine_comes_back(lab: Launcher, machine: str) -> None:
    done = lab.run(
        "--exec",
        "map 0x40000000; poke 0x40000000 5; force crash idt; peek 0x40000000; crash loop; peek 0x40000000",
        *("--keep-going", "--machine", machine),
    )
    assert done.status == 3, done.err
    assert done.out.count("0x40000000  0x00000005\n") == 2, done.out + done.err


@pytest.mark.parametrize("memory", ["2M", "64M"])
def test_little_and_more_memory_come_back(lab: Launcher, memory: str) -> None:
    done = lab.run(
        "--exec",
        "map 0x40000000; force crash idt; peek 0x40000000",
        *("--keep-going", "--memory", memory),
    )
    assert "0x40000000  0x00000000\n" in done.out, done.err


@pytest.mark.parametrize("options", [("--memory", "65M"), ("--icount",)])
def test_where_there_are_no_snapshots_it_boots_afresh_and_says_why(
    lab: Launcher, options: tuple[str, ...]
) -> None:
    done = lab.run(
        "--exec", "echo one; force crash idt; echo two; undo --machine", "--keep-going", *options
    )
    assert done.status == 3
    assert done.out.startswith("one\ntwo\nerror: undo --machine needs a console with snapshots")
    assert "goes on after a fresh boot: no snapshots " in done.err


@pytest.mark.parametrize("hanging", HANGING)
def test_a_hang_ends_by_an_nmi_and_the_lab_goes_on(lab: Launcher, hanging: str) -> None:
    done = lab.run("--exec", f"map 0x40000000; {hanging}; peek 0x40000000; check")
    assert done.status == 1, done.err
    assert "0x40000000  0x00000000\n" in done.out
    assert done.err.count("sent an NMI") == 1


def test_the_kernel_says_whether_an_nmi_was_the_consoles(lab: Launcher) -> None:
    done = lab.run("--exec", "crash interrupt 2; crash loop; crash interrupt 2")
    not_ours = "NMI, not the console's: the command was ended and its changes were taken back"
    ours = "NMI: the console ended the command; its changes were taken back"
    said = [line for line in done.out.splitlines() if line.startswith("NMI")]
    assert said == [not_ours, ours, not_ours], done.out + done.err


@pytest.mark.parametrize("hanging", HANGING)
def test_ctrl_c_ends_a_hang_at_once(lab: Launcher, hanging: str) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        terminal.read_until(b"pagelab> ")
        times = []
        for _ in range(5):
            terminal.type(hanging.encode() + b"\r")
            terminal.read_until(b"\r\n")
            terminal.type(b"\x03")
            start = time.monotonic()
            terminal.read_until(b"pagelab> ")
            times.append(time.monotonic() - start)
        assert min(times) < 0.5, times
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_a_long_command_is_no_hang_even_on_a_busy_host(lab: Launcher) -> None:
    """More labs at once than the host has CPUs, each with seconds of work: nobody gets an NMI."""
    count = 3 * (os.cpu_count() or 1)
    children = [lab.start("--exec", "repeat 1000 check; echo done") for _ in range(count)]
    for child in children:
        out, err = child.communicate(timeout=300)
        assert child.returncode == 0, err
        assert out.endswith("done\n")
        assert err == ""


def test_undo_of_the_machine_in_a_batch(lab: Launcher) -> None:
    done = lab.run(
        "--exec",
        "map 0x40000000; poke 0x40000000 1; poke 0x40000000 2; undo --machine; peek 0x40000000; "
        "undo --machine; peek 0x40000000; undo --machine; undo --machine; walk 0x40000000; echo end",
    )
    assert done.status == 0, done.out + done.err
    assert done.out.count("0x40000000  0x00000001\n") == 2
    assert done.out.endswith("end\n")


def test_undo_of_the_machine_takes_tens_of_milliseconds(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"map 0x40000000\r")
        terminal.read_until(b"pagelab> ")
        times = []
        for number in range(10):
            terminal.type(b"poke 0x40000000 %d\r" % number)
            terminal.read_until(b"wrote")
            terminal.read_until(b"pagelab> ")
            start = time.monotonic()
            terminal.type(b"\x1du")
            terminal.read_until(b"before command 2")
            terminal.read_until(b"pagelab> ")
            times.append(time.monotonic() - start)
        assert min(times) < 0.1, times
        terminal.type(b"peek 0x40000000\r")
        terminal.read_until(b"0x40000000  0x00000000")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_undo_without_a_console_is_a_clear_error(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    seen = Lab(run)
    try:
        assert seen.lab_page(Word.VERSION) == 2
        wait_until(lambda: seen.lab_page(Word.HOST) == 0, "a lab without a console")
        status, text = seen.shell.run("undo --machine")
        assert status == 1
        assert text.startswith("error: undo --machine needs a console with snapshots; ")
        assert seen.lab_page(Word.REQUEST) == 0
    finally:
        seen.close()


def test_each_console_that_attaches_has_snapshots_and_takes_them_along(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    ram = map_ram(run)
    for turn in (1, 2):
        terminal = Terminal(lab, "--attach", "a", "--plain")
        try:
            terminal.read_until(b"pagelab> ")
            wait_until(lambda: word(ram, Word.HOST) == 1, "a console with snapshots")
            terminal.type(b"map 0x40000000 rw %d\r" % turn)
            terminal.read_until(b"mapped")
            terminal.read_until(b"pagelab> ")
            terminal.type(b"undo --machine\r")
            terminal.read_until(b"as it was before command 1")
            terminal.read_until(b"pagelab> ")
            assert word(ram, Word.COMMAND_COUNT) == 0
            if turn == 1:
                terminal.type(b"\x1dq")
                assert terminal.wait() == 0
                assert word(ram, Word.HOST) == 0
            else:
                terminal.child.kill()
                terminal.wait()
        finally:
            terminal.close()
    assert word(ram, Word.HOST) == 1, "nobody took it back"
    ram.close()
    seen = Lab(run)
    try:
        status, text = seen.shell.run("undo --machine")
        assert (status, text) == (1, "error: the console does not answer; did you mean undo?\n")
    finally:
        seen.close()


class Gdb:
    """A real GDB on a run, at its prompt: it holds the guest."""

    def __init__(self, lab: Launcher, run: Path) -> None:
        self.child = subprocess.Popen(
            ["gdb", "-nx", "-q", "-ex", "set pagination off", "-ex", "set confirm off"],
            env=lab.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.marks = 0
        self.says(f'file "{BUILD}/kernel/unpacked.elf"')
        self.says(f"target remote {run}/gdb.sock")

    def says(self, line: str) -> str:
        """What it answers to a line."""
        assert self.child.stdin is not None and self.child.stdout is not None
        self.marks += 1
        self.child.stdin.write(f"{line}\necho mark{self.marks}\\n\n")
        self.child.stdin.flush()
        answer = ""
        for part in self.child.stdout:
            if f"mark{self.marks}" in part:
                return answer
            answer += part
        raise AssertionError(f"GDB ended: {answer}")

    def quit(self) -> None:
        self.child.communicate("detach\nquit\n", timeout=60)


HELD_SECONDS = 10.0 if os.environ.get("PAGELAB_FULL") == "1" else 3.0
COUNTED = (Word.COMMAND_COUNT, Word.RESCUES, Word.FAULTS, Word.HEARTBEAT, Word.STATE)


def word(ram: mmap.mmap, which: Word) -> int:
    return int(struct.unpack_from("<I", ram, LAB_PAGE + which)[0])


def counts(ram: mmap.mmap) -> dict[str, int]:
    return {which.name: word(ram, which) for which in COUNTED}


@pytest.mark.parametrize("where", ["at the prompt", "in a long command", "at a breakpoint"])
def test_a_debugger_that_holds_the_guest_triggers_nothing(lab: Launcher, where: str) -> None:
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"map 0x40000000\r")
        terminal.read_until(b"nothing to flush\r\n")
        terminal.read_until(b"pagelab> ")
        run = lab.base / "a"
        ram = map_ram(run)
        if where == "in a long command":
            terminal.type(b"repeat 1000000 split 0\r")
            terminal.read_until(b"0x00000000")
        gdb = Gdb(lab, run)
        if where == "at a breakpoint":
            gdb.says("break pagelab::shell::handlers::walk")
            terminal.type(b"walk 0x40000000\r")
            assert "Breakpoint 1, " in gdb.says("continue")
        elif where == "at the prompt":
            terminal.type(b"echo typed\r")
        else:
            terminal.type(b"\x03")
        before = counts(ram)
        stored = (run / "state").stat()
        time.sleep(HELD_SECONDS)  # the time is the test
        assert counts(ram) == before
        assert (run / "state").stat().st_mtime_ns == stored.st_mtime_ns
        assert (run / "state").stat().st_size == stored.st_size
        gdb.says("delete")
        gdb.quit()
        terminal.read_until(b"runs again")
        terminal.type(b"\r")  # what GDB's leaving says may cut the prompt in two
        terminal.read_until(b"\r\npagelab> ")
        assert word(ram, Word.RESCUES) == before["RESCUES"]
        terminal.type(b"peek 0x40000000\r")
        heard = terminal.read_until(b"0x40000000  0x00000000")
        assert b"NMI" not in heard and b"hangs" not in heard
        ram.close()
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


# What no kernel can come back from by itself, and what yet is no triple fault.
BEYOND_THE_KERNEL = [
    "force crash cr0 0x10",  # PE off: real mode
    "force crash cr0 0x11",  # PG off: the next instruction is fetched from where no code is
    "force crash cr4 0x80000000",  # a reserved bit: QEMU faults for ever
    "force crash esp 0xff421000",  # what the rescue knows of the machine overwritten: each rescue kills again
]


@pytest.mark.parametrize("deadly", BEYOND_THE_KERNEL)
def test_what_the_kernel_does_not_survive_comes_back_too(lab: Launcher, deadly: str) -> None:
    done = lab.run(
        "--exec",
        f"map 0x40000000; poke 0x40000000 5; {deadly}; peek 0x40000000; check",
        "--keep-going",
    )
    assert done.status == 3, done.err
    assert "0x40000000  0x00000005\n" in done.out
    assert done.err.count("goes on in the state before that command") == 1


def rom_entry() -> tuple[int, int] | None:
    """A frame of the firmware and the index of a word in it that reads as a present entry with A = 0."""
    for place in ("/usr/share/qemu/qboot.rom", "/usr/share/qboot/bios.bin"):
        if Path(place).exists():
            image = Path(place).read_bytes()
            for at in range(0, len(image), 4):
                if image[at] & 0x27 == 0x07:
                    address = (1 << 32) - len(image) + at
                    return address & ~0xFFF, address >> 2 & 1023
    return None


def test_a_cpu_that_is_stuck_in_the_emulator_is_given_up_with_its_qemu(lab: Launcher) -> None:
    """QEMU's walker wants to set A in a table that lies in ROM, and tries for ever."""
    entry = rom_entry()
    if entry is None:
        pytest.skip("no qboot here")
    table, index = entry
    done = lab.run(
        "--exec",
        f"map 0x50000000; poke 0x50000000 5; force setpde 256 {table | 7:#x}; "
        f"peek {0x40000000 + index * 4096:#x}; peek 0x50000000; check",
        "--keep-going",
    )
    assert "0x50000000  0x00000005\n" in done.out, done.err
    if "started anew" not in done.err:
        pytest.skip("this QEMU does not get stuck")
    assert done.status == 3


def test_a_cpu_that_is_stuck_comes_back_for_who_sits_there(lab: Launcher) -> None:
    entry = rom_entry()
    if entry is None:
        pytest.skip("no qboot here")
    table, index = entry
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        terminal.read_until(b"pagelab> ")
        for line in ("map 0x50000000", "poke 0x50000000 5", f"force setpde 256 {table | 7:#x}"):
            terminal.type(line.encode() + b"\r")
            terminal.read_until(b"pagelab> ")
        first = qemu_of(lab.base / "a")
        terminal.type(f"peek {0x40000000 + index * 4096:#x}\r".encode())
        said = terminal.read_until_any(b"q  quit", b"\npagelab> ")
        if b"q  quit" not in said:
            pytest.skip("this QEMU does not get stuck")
        assert b"the guest hangs, and " in said
        terminal.type(b"b")
        terminal.read_until(b"QEMU did not answer any more and was started anew")
        terminal.read_until(b"pagelab> ")
        assert qemu_of(lab.base / "a") != first
        terminal.type(b"peek 0x50000000\r")
        terminal.read_until(b"0x50000000  0x00000005")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_a_death_in_the_rescue_is_named(lab: Launcher) -> None:
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        terminal.read_until(b"pagelab> ")
        ram = map_ram(lab.base / "a")
        report = word(ram, Word.RESCUE_REPORT_PA)
        ram.close()
        if report == 0:
            pytest.skip("this kernel has no rescue")
        gdb = Gdb(lab, lab.base / "a")
        gdb.says('python r = int(gdb.parse_and_eval("(unsigned)&rescue_start"))')
        gdb.says('python gdb.selected_inferior().write_memory(r, b"\\xff" * 0x1000)')
        gdb.quit()
        terminal.read_until(b"runs again")
        terminal.type(b"crash stack\r")
        terminal.read_until(b"it died in the rescue: CR3 is p:0x")
        terminal.read_until(b"q  quit")
        terminal.type(b"q")
        assert terminal.wait() == 3
    finally:
        terminal.close()


@pytest.mark.parametrize("victims", ["the QEMU", "the console", "both"])
def test_what_was_killed_hinders_no_run_of_the_same_name(lab: Launcher, victims: str) -> None:
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"map 0x40000000\r")  # so that there are snapshots
        terminal.read_until(b"pagelab> ")
        qemu = qemu_of(lab.base / "a")
        if victims != "the QEMU":
            terminal.child.kill()
        if victims != "the console":
            os.kill(qemu, 9)
        if victims == "the QEMU":
            terminal.read_until(b"q  quit")
            terminal.type(b"q")
        terminal.wait()
    finally:
        terminal.close()
    wait_until(lambda: not is_alive(qemu), "the end of QEMU")
    done = lab.run("--exec", "echo again", "--name", "a")
    assert (done.status, done.out) == (0, "again\n"), done.err
    if victims != "the QEMU":  # its console had cleaned up
        assert f"removed what an ended run had left in {lab.base}/a" in done.err
    assert lab.left() == []


@pytest.mark.parametrize("choice", [b"b", b"r"])
def test_a_qemu_that_ended_by_itself_is_started_anew_as_the_user_chooses(
    lab: Launcher, choice: bytes
) -> None:
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        terminal.read_until(b"pagelab> ")
        for line in (b"map 0x40000000", b"poke 0x40000000 9", b"poke 0x40000000 8"):
            terminal.type(line + b"\r")
            terminal.read_until(b"pagelab> ")
        first = qemu_of(lab.base / "a")
        os.kill(first, 9)
        terminal.read_until(b"QEMU ended")
        terminal.read_until(b"q  quit")
        terminal.type(choice)
        terminal.read_until(b"QEMU was started anew")
        terminal.read_until(b"pagelab> ")
        assert qemu_of(lab.base / "a") != first
        terminal.type(b"peek 0x40000000\r")
        terminal.read_until(
            b"0x40000000  0x00000009" if choice == b"b" else b"PDE 256 is not present"
        )
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_a_detached_run_that_was_killed_is_cleaned_by_the_next(lab: Launcher) -> None:
    run = Path(lab.run("--detach", "--name", "a").out.strip())
    os.kill(qemu_of(run), 9)
    done = lab.run("--detach", "--name", "a")
    assert done.status == 0, done.err
    assert f"removed what an ended run had left in {run}" in done.err
    assert lab.stop("a").status == 0


def test_a_qemu_that_does_not_answer_is_ended_and_the_state_comes_back(lab: Launcher) -> None:
    """A stopped process stands for a stuck one: neither monitor nor CPU moves."""
    terminal = Terminal(lab, "--plain", "--name", "a")
    try:
        terminal.read_until(b"pagelab> ")
        terminal.type(b"map 0x40000000\r")
        terminal.read_until(b"nothing to flush\r\n")
        terminal.read_until(b"pagelab> ")
        terminal.type(b"poke 0x40000000 9\r")
        terminal.read_until(b"wrote")
        terminal.read_until(b"pagelab> ")
        terminal.type(b"force crash idt\r")
        terminal.read_until(b"q  quit")
        first = qemu_of(lab.base / "a")
        os.kill(first, 19)  # SIGSTOP
        terminal.type(b"b")
        terminal.read_until(b"started anew")
        terminal.read_until(b"pagelab> ")
        assert not is_alive(first)
        assert qemu_of(lab.base / "a") != first
        terminal.type(b"peek 0x40000000\r")
        terminal.read_until(b"0x40000000  0x00000009")
        terminal.type(b"\x1dq")
        assert terminal.wait() == 0
    finally:
        terminal.close()
