"""The live picture as a user sees it: the real program in a pseudo-terminal, its screen read by pyte."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-run"
CONSOLE = os.environ.get("PAGELAB_CONSOLE", os.fspath(BUILD / "serial-console/pagelab-console"))
KERNEL = os.environ.get("PAGELAB_KERNEL", os.fspath(BUILD / "kernel/pagelab.elf"))
DEADLINE = 30.0

# Keys as TERM=linux sends them.
F5 = "\x1b[[E"
F6 = "\x1b[17~"
RIGHT = "\x1b[C"
PREFIX = "\x1d"
# At 80x24 a row of the grid has the slots of two lines of 64, behind the address.
GRID_LABEL = 11
COLOUR = re.compile(rb"\x1b\[[0-9;]*\b(3[0-7]|4[0-7])\b[0-9;]*m")


class Screen:
    """A program in a terminal of its own, and what that terminal shows."""

    def __init__(
        self,
        base: Path,
        *arguments: str,
        rows: int = 24,
        columns: int = 80,
        program: tuple[str, ...] = (CONSOLE, "run"),
        **variables: str,
    ) -> None:
        environment = {key: os.environ[key] for key in os.environ if key != "NO_COLOR"}
        environment |= {"TERM": "linux", "LC_ALL": "C.UTF-8", "PAGELAB_DIR": os.fspath(base)}
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        termios.tcsetwinsize(self.slave, (rows, columns))
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        # This process keeps the slave open as well, so that its modes can be compared afterwards.
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [*program, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environment | variables,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def pump(self) -> None:
        """Takes what the program wrote until now."""
        try:
            while piece := os.read(self.master, 65536):
                self.raw += piece
                self._stream.feed(piece)
        except BlockingIOError:
            pass

    def until(self, done: Callable[[], object], what: str) -> None:
        """Waits until `done`: a deadline in place of a sleep."""
        end = time.monotonic() + DEADLINE
        while True:
            self.pump()
            if done():
                return
            assert time.monotonic() < end, f"no {what}; the screen:\n{self.text()}"
            time.sleep(0.01)

    def text(self) -> str:
        return "\n".join(str(line).rstrip() for line in self.screen.display)

    def shows(self, text: str) -> None:
        self.until(lambda: text in self.text(), repr(text))

    def hides(self, text: str) -> None:
        self.until(lambda: text not in self.text(), f"screen without {text!r}")

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def waits(self) -> bool:
        """A prompt with nothing typed behind it, where the cursor stands."""
        line, column = self.screen.display[self.screen.cursor.y], self.screen.cursor.x
        typed = line[column : column + 1].strip()
        return re.search(r"(^|  )pagelab(:\d+)?> $", line[:column]) is not None and not typed

    def at_prompt(self) -> None:
        self.until(self.waits, "prompt at the cursor")

    def types(self, command: str) -> None:
        """Until the prompt behind it: one below the line that it was typed on."""

        def done() -> bool:
            below = self.screen.display[self.screen.cursor.y :]
            return self.waits() and not any(f"> {command}" in row for row in below)

        self.send(command + "\r")
        self.shows(f"> {command}")
        self.until(done, f"prompt behind {command!r}")

    def slot_cell(self, slot: int) -> pyte.screens.Char:
        return self.screen.buffer[1 + slot // 128][GRID_LABEL + slot % 64]

    def resize(self, rows: int, columns: int) -> None:
        self.screen.resize(rows, columns)
        termios.tcsetwinsize(self.slave, (rows, columns))

    def status(self) -> int:
        """The exit status, once the program has ended."""
        self.until(lambda: self.process.poll() is not None, "end of the program")
        self.pump()
        return int(self.process.returncode)

    def assert_terminal_is_as_before(self) -> None:
        assert termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


Opener = Callable[..., Screen]


@pytest.fixture(name="base")
def fixture_base(tmp_path: Path) -> Iterator[Path]:
    """Where the runs of one test live; none of them is left."""
    base = tmp_path / "r"
    base.mkdir(mode=0o700)
    yield base
    environment = {**os.environ, "PAGELAB_DIR": os.fspath(base)}
    subprocess.run([CONSOLE, "stop", "--all"], env=environment, timeout=60, check=True)


@pytest.fixture(name="opened")
def fixture_opened(base: Path) -> Iterator[Opener]:
    """Opens the console on a new lab named `lab`, or with other arguments."""
    screens: list[Screen] = []

    def open_console(
        *arguments: str, rows: int = 24, columns: int = 80, **variables: str
    ) -> Screen:
        given = arguments or ("--kernel", KERNEL)
        screens.append(Screen(base, *given, rows=rows, columns=columns, **variables))
        return screens[-1]

    yield open_console
    for screen in screens:
        screen.close()


@pytest.fixture(name="lab")
def fixture_lab(opened: Opener) -> Screen:
    """The console at 80x24 on a lab at its prompt."""
    screen = opened()
    screen.at_prompt()
    return screen


def qemu_of(base: Path) -> int:
    """The process of the run `lab`."""
    return int((base / "lab" / "pid").read_text(encoding="utf-8").split()[0])


def is_gone(base: Path) -> bool:
    return not (base / "lab").exists()


def test_the_prompt_and_the_picture_stand_on_one_screen(lab: Screen) -> None:
    lab.shows("0xc0100000")
    lab.shows("PDE 768")
    lab.shows("kernel r-x  user ---")
    lab.shows("^] q quit")
    assert lab.slot_cell(0).data == "·"
    # Half-blocks: 768 in the upper half of its cell, the self-map in the lower half of the last one.
    assert lab.slot_cell(768).data == "▀"
    assert lab.slot_cell(1023).data == "▄"
    assert lab.slot_cell(1023).fg == "magenta"


def test_what_a_command_maps_appears_and_the_walk_goes_there(lab: Screen) -> None:
    assert lab.slot_cell(256).data == "·"
    lab.types("map 0x40000000")
    lab.shows("PDE 256 ")
    lab.shows("PTE 256:0")
    assert lab.slot_cell(256).data == "▀"
    # Move the cursor away: the slot glows, and then it has the colour of a table.
    lab.send(F6 + RIGHT)
    lab.until(lambda: lab.slot_cell(256).fg == "brown", "glow of slot 256")
    lab.until(lambda: lab.slot_cell(256).fg == "cyan", "slot 256 without its glow")
    lab.send(F6)
    lab.types("unmap 0x40000000; free tables")
    lab.until(lambda: lab.slot_cell(256).data == "·", "empty slot 256")


def test_every_key_goes_to_the_guest_while_the_terminal_has_the_focus(lab: Screen) -> None:
    lab.send("echo qq")
    lab.shows("pagelab> echo qq")
    lab.send("\x1b[D\x1b[Dx")
    lab.shows("pagelab> echo xqq")
    lab.send("\x03")
    lab.at_prompt()
    lab.send("\x1b[A")
    assert lab.process.poll() is None


def test_the_picture_has_keys_of_its_own(lab: Screen) -> None:
    lab.shows(" TERMINAL ")
    lab.send(F6)
    lab.shows(" PICTURE ")
    lab.send("\x03gbanana\r")
    lab.shows("'banana' is not an address")
    lab.send("\x150xfffff000\r")
    lab.shows("shows the page directory")
    lab.send("?")
    lab.shows("any key goes back")
    lab.send("x")
    lab.hides("any key goes back")
    lab.send(F5)
    lab.until(lambda: "pagelab>" not in lab.text(), "zoomed picture")
    lab.send(PREFIX + "z" + PREFIX + PREFIX)
    lab.shows(" TERMINAL ")
    lab.at_prompt()


@pytest.mark.parametrize("keys", [PREFIX + "q", F6 + "q", F6 + PREFIX + "q"])
def test_leaving_ends_the_guest_that_it_started(lab: Screen, base: Path, keys: str) -> None:
    pid = qemu_of(base)
    lab.send(keys)
    assert lab.status() == 0
    lab.assert_terminal_is_as_before()
    assert is_gone(base)
    assert not Path(f"/proc/{pid}").exists()


def test_halt_ends_the_console(lab: Screen, base: Path) -> None:
    lab.send("halt\r")
    assert lab.status() == 0
    lab.assert_terminal_is_as_before()
    assert is_gone(base)
    assert "halted" in lab.text()


def test_numbers_show_the_views_and_the_prefix_does_from_the_terminal(lab: Screen) -> None:
    lab.types("map 0x40000000 rwu 3; peek 0")
    lab.send(F6 + "2")
    lab.shows("0x40380000")  # the last line of 64 pages of the table
    lab.send("3")
    lab.shows("execute")
    lab.send("4")
    lab.shows("0x40000000-0x40003000     12 KiB")
    lab.send("5")
    lab.shows("4096 frames:")
    lab.send("6")
    lab.shows("CR2 0x00000000")
    lab.send("7")
    lab.shows("0 errors, 0 warnings")
    lab.send("8")
    lab.shows("waits in hlt")
    lab.send(F6 + PREFIX + "1")
    lab.shows("0xe0000000")
    lab.at_prompt()


def test_a_verb_is_answered_from_outside_and_a_line_leads_to_its_address(lab: Screen) -> None:
    lab.types("map 0x40000000 p:0x00200000 rwu; map 0x50000000 p:0x00200000 ru")
    lab.send(PREFIX + ":")
    lab.shows("ask:")
    lab.send("find p:0x00200000\r")
    lab.shows("3 uses of p:0x00200000")
    lab.send(F6 + "\x1b[B\r")
    lab.shows("320:0:0x000")
    lab.send(":map 0x60000000\r")
    lab.shows("type it in the terminal")


def test_an_alias_is_found_by_its_physical_address(lab: Screen) -> None:
    lab.types("map 0x40000000 p:0x00200000 rwu; map 0x50000000 p:0x00200000 ru")
    lab.send(F6 + "/p:0x00200000\r")
    lab.shows("of 3")
    lab.send("g0\r/p:0x00200000\r")
    lab.shows("1 of 3")
    lab.send("n")
    lab.shows("2 of 3")
    lab.shows("0x50000000")
    lab.send("/uwg\r")
    lab.shows("no page has the rights uwg")


def test_the_machine_can_be_paused_and_goes_on(lab: Screen) -> None:
    lab.send(PREFIX + "p")
    lab.shows("PAUSED")
    lab.send("echo $later\r")
    lab.send(PREFIX + "p")
    lab.hides("PAUSED")
    lab.until(lambda: lab.text().count("$later") == 2, "echo of what was typed meanwhile")


def test_checkpoint_and_restore_by_key(lab: Screen) -> None:
    lab.send("half a line")
    lab.shows("half a line")
    lab.send(PREFIX + "c")
    lab.shows("checkpoint set")
    lab.at_prompt()
    lab.types("map 0x40000000")
    lab.until(lambda: lab.slot_cell(256).data != "·", "slot 256")
    lab.send(PREFIX + "r")
    lab.shows("back at the checkpoint")


@pytest.mark.parametrize(("term", "osc"), [("linux", False), ("xterm-256color", True)])
def test_what_is_copied_is_in_a_file_that_is_named_and_the_clipboard_where_there_is_one(
    opened: Opener, base: Path, term: str, osc: bool
) -> None:
    lab = opened(TERM=term)
    # pyte knows nothing of the scrolling that this terminal is asked for: the prompt stays unseen.
    lab.send("echo to be copied\r")
    lab.shows("\nto be copied")
    for _ in range(20):
        lab.send(PREFIX + "y")
        lab.shows(" copied ")
        if "copied 1 line" in lab.text():
            break
        lab.send(PREFIX + "?" + PREFIX + "?")
        lab.hides(" copied ")
    assert "copied 1 line" in lab.text()
    file = base / "lab.copied.txt"
    assert file.name in lab.text()
    assert file.read_text() == "to be copied\n"
    assert (b"\x1b]52;c;dG8gYmUgY29waWVkCg==" in lab.raw) == osc


def test_the_mouse_is_taken_and_given_back_by_f8_and_a_click_shows_a_view(opened: Opener) -> None:
    lab = opened(TERM="xterm-256color")
    lab.shows("pagelab>")
    assert b"\x1b[?1000h" not in lab.raw
    lab.send("\x1b[19~")  # F8
    lab.until(lambda: b"\x1b[?1000h" in lab.raw or b"?1006;1000h" in lab.raw, "mouse reports")
    column = lab.text().index("4 maps") + 1
    # As the terminal was asked to report: by SGR, or as X10 did.
    sgr = b"1006" in lab.raw
    lab.send(f"\x1b[<0;{column};1M" if sgr else f"\x1b[M {chr(32 + column)}!")
    lab.shows("kernel user  flags")
    lab.send("\x1b[19~")
    lab.until(lambda: b"1000l" in lab.raw, "mouse given back")
    lab.send(PREFIX + "q")
    assert lab.status() == 0
    lab.assert_terminal_is_as_before()


def test_of_a_thousand_pasted_commands_none_is_lost(lab: Screen, base: Path) -> None:
    pasted = "".join(f"echo <{number}>\r" for number in range(1000))
    end = time.monotonic() + 300.0
    while pasted:
        assert time.monotonic() < end, "the paste is not taken"
        lab.pump()
        try:
            pasted = pasted[os.write(lab.master, pasted[:512].encode()) :]
        except BlockingIOError:
            time.sleep(0.01)
    lab.shows("lines to go")
    while "<999>\n" not in (log := (base / "lab" / "serial.log").read_text(errors="replace")):
        assert time.monotonic() < end, f"stuck; the screen:\n{lab.text()}"
        lab.pump()
        time.sleep(0.05)
    printed = [int(n) for n in re.findall(r"^<(\d+)>$", log.replace("\r", ""), re.MULTILINE)]
    marked = [int(n) for n in re.findall(r"C\x07<(\d+)>", log)]
    assert (marked or printed) == list(range(1000))


def test_pasted_lines_can_be_stepped_through(lab: Screen) -> None:
    lab.send(PREFIX + "s")
    lab.shows("stepping")
    lab.send("echo $a\recho $b\recho $c\r")
    lab.shows("2 pasted lines to go")
    lab.until(lambda: "$a\n" in lab.text(), "output of the first")
    lab.at_prompt()
    assert "$b" not in lab.text()
    lab.send(PREFIX + "s")
    lab.shows("1 pasted lines to go")
    lab.until(lambda: lab.text().count("$b") == 2, "output of the second")
    lab.send(PREFIX + "p")
    lab.until(lambda: lab.text().count("$c") == 2, "output of the third")


def test_each_view_has_a_text_twin_and_each_verb_an_answer_without_a_terminal(
    lab: Screen, base: Path
) -> None:
    lab.types("map 0x40000000 rwu 3")

    def draw(*arguments: str) -> str:
        return subprocess.run(
            [CONSOLE, "draw", "lab", *arguments],
            env={**os.environ, "PAGELAB_DIR": os.fspath(base)},
            timeout=60,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    twins = {
        "directory": "slots in use",
        "table": "0x40002000",
        "walk": "kernel rwx  user rwx",
        "maps": "0x40000000-0x40003000",
        "frames": "data, 1 reference",
        "log": "its changes stand",
        "check": "0 errors",
        "regs": "CR0.WP 1",
    }
    for view, text in twins.items():
        assert text in draw("--view", view, "--at", "0x40000000"), view
    for line in ("walk 0x40000000", "maps", "check"):
        assert draw("--ask", line) == draw("--view", line.split()[0], "--at", "0x40000000")
    assert '"record":"walk"' in draw("--ask", "walk 256:0 --json")


def test_a_reboot_comes_back_to_the_prompt(lab: Screen) -> None:
    lab.types("map 0x40000000")
    lab.shows("PTE 256:0")
    lab.send("reboot\r")
    lab.shows("PDE 256 is not present")
    lab.at_prompt()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(lab: Screen, base: Path, number: signal.Signals) -> None:
    lab.process.send_signal(number)
    assert lab.status() == -number
    lab.assert_terminal_is_as_before()
    assert is_gone(base)


def test_a_crash_of_the_console_restores_the_terminal(lab: Screen) -> None:
    assert termios.tcgetattr(lab.slave) != lab.before
    lab.process.send_signal(signal.SIGSEGV)
    assert lab.status() == -signal.SIGSEGV
    lab.assert_terminal_is_as_before()


def test_a_killed_guest_is_said(lab: Screen, base: Path) -> None:
    os.kill(qemu_of(base), signal.SIGKILL)
    lab.shows("THE GUEST DIED")
    assert "QEMU ended" in lab.text()
    lab.send("q")
    assert lab.status() == 3
    lab.assert_terminal_is_as_before()
    assert is_gone(base)


def test_resizing_while_output_comes_in(lab: Screen) -> None:
    lab.send("repeat 20 dumppt 768\r")
    for rows, columns in [(40, 120), (16, 60), (60, 200), (8, 30), (24, 80)] * 3:
        lab.resize(rows, columns)
        seen = len(lab.raw)
        lab.until(lambda start=seen: len(lab.raw) > start, "output")
    lab.send("\x03")
    lab.at_prompt()
    lab.until(lambda: "^] q quit" in str(lab.screen.display[23]), "bottom line")
    lab.shows("PTE 768:256")
    assert str(lab.screen.display[0]).startswith(" 1 directory")


def test_a_flood_of_output_ends_in_the_right_lines(lab: Screen) -> None:
    lab.send("repeat 3 dumppt 768\r")
    lab.shows("entries in use")
    lab.at_prompt()
    shown = [int(index) for index in re.findall(r"^PTE 768:(\d+) ", lab.text(), re.MULTILINE)]
    # The walk's line comes first; the table of 16 MiB of RAM is full at its end.
    assert shown[1:] == list(range(1025 - len(shown), 1024))


def test_it_says_that_gdb_holds_the_guest(lab: Screen, base: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stub:
        stub.connect(os.fspath(base / "lab" / "gdb.sock"))
        lab.shows("STOPPED BY GDB")
        stub.sendall(b"+$D#44")
        lab.hides("STOPPED")
        lab.hides("PAUSED")
    lab.types("echo on")


def test_a_debugger_that_vanished_is_not_blamed(lab: Screen, base: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stub:
        stub.connect(os.fspath(base / "lab" / "gdb.sock"))
        lab.shows("STOPPED BY GDB")
    lab.until(
        lambda: "PAUSED" in lab.text() and "BY GDB" not in lab.text(), "guest that nobody holds"
    )
    lab.send(PREFIX + "q")
    assert lab.status() == 0


def test_without_colours_shapes_carry_the_meaning(opened: Opener) -> None:
    lab = opened(NO_COLOR="1", LC_ALL="C")
    lab.at_prompt()
    assert lab.slot_cell(768).data == "#"
    assert lab.slot_cell(1023).data == "R"
    assert lab.slot_cell(0).data == "."
    lab.types("map 0x40000000")
    lab.until(lambda: lab.slot_cell(256).data == "-", "table in slot 256")
    assert not COLOUR.search(lab.raw)


def test_in_256_colours_and_unknown_sizes(opened: Opener) -> None:
    lab = opened(TERM="xterm-256color", rows=40, columns=120)
    lab.at_prompt()
    assert b"48;5;" in lab.raw
    lab.shows("4 MiB page")


@pytest.mark.parametrize(
    ("rows", "columns", "term", "sentence"),
    [
        (24, 80, "dumb", "a terminal of type 'dumb' can't show the picture"),
        (24, 80, "no-such-terminal", "nothing is known of terminals of type 'no-such-terminal'"),
        (5, 20, "linux", "the picture needs a terminal of 40x12, this one has 20x5"),
    ],
)
def test_a_terminal_that_is_not_fit_gets_the_plain_console(
    opened: Opener, rows: int, columns: int, term: str, sentence: str
) -> None:
    lab = opened(rows=rows, columns=columns, TERM=term)
    lab.until(lambda: b"pagelab> " in lab.raw, "prompt")
    assert sentence.encode() in lab.raw
    assert b"\x1b[?1049h" not in lab.raw
    lab.send(PREFIX + "q")
    assert lab.status() == 0
    lab.assert_terminal_is_as_before()


def test_attaching_shows_what_was_said_and_leaving_lets_it_go_on(
    opened: Opener, base: Path
) -> None:
    environment = {**os.environ, "PAGELAB_DIR": os.fspath(base)}
    detach = [CONSOLE, "run", "--kernel", KERNEL, "--detach", "--name", "lab"]
    subprocess.run(detach, env=environment, timeout=60, check=True, capture_output=True)
    lab = opened("--attach", "lab")
    lab.shows("pagelab>")
    lab.types("map 0x40000000")
    lab.until(lambda: lab.slot_cell(256).data != "·", "slot 256")
    lab.send(PREFIX + "q")
    assert lab.status() == 0
    assert not is_gone(base)
    again = opened("--attach", "lab")
    again.shows("map 0x40000000")
    again.until(lambda: again.slot_cell(256).data != "·", "slot 256")


def test_an_idle_picture_writes_nothing(lab: Screen) -> None:
    lab.types("map 0x40000000")
    # The glow of the change has faded when nothing is written for a second.
    quiet = time.monotonic()
    end = quiet + DEADLINE
    seen = len(lab.raw)
    while time.monotonic() - quiet < 1.0:
        assert time.monotonic() < end, "the screen never rests"
        lab.pump()
        if len(lab.raw) != seen:
            seen, quiet = len(lab.raw), time.monotonic()
        time.sleep(0.01)


def test_one_picture_as_text_and_as_svg(lab: Screen, base: Path, tmp_path: Path) -> None:
    lab.types("map 0x40000000")
    environment = {**os.environ, "PAGELAB_DIR": os.fspath(base)}
    text = subprocess.run(
        [CONSOLE, "draw", "lab", "--size", "80x24"],
        env=environment,
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert len(text.splitlines()) == 24
    assert "R\n" in text
    assert "map 0x40000000" in text
    svg = tmp_path / "lab.svg"
    subprocess.run([CONSOLE, "draw", "lab", "--svg", svg], env=environment, timeout=60, check=True)
    assert svg.read_text(encoding="utf-8").startswith("<svg ")


def test_a_death_is_told_in_words_and_the_picture_goes_back_or_boots(opened: Opener) -> None:
    console = opened()
    console.at_prompt()
    console.types("map 0x40000000")
    console.types("poke 0x40000000 42")
    for _ in range(2):
        console.send("force crash idt\r")
        console.shows("THE GUEST DIED: b back")
        console.shows("cr3 0x")  # the registers end the report
        console.send(PREFIX + "z")
        console.shows("last command: `force crash idt`")
        console.send(PREFIX + "z")
        console.send("xb")
        console.hides("THE GUEST DIED")
        console.at_prompt()
        console.types("peek 0x40000000")
        console.shows("0x40000000  0x0000002a")
    console.send("force crash gdt\r")
    console.shows("THE GUEST DIED: b back")
    console.send("r")
    console.hides("THE GUEST DIED")
    console.shows("exit: halt")
    console.at_prompt()
    console.send("force crash idt\r")
    console.shows("THE GUEST DIED")
    console.send("q")
    assert console.status() == 3


def test_the_prefix_and_u_undo_the_last_line(opened: Opener) -> None:
    console = opened()
    console.at_prompt()
    console.types("map 0x40000000")
    console.types("poke 0x40000000 42")
    console.types("poke 0x40000000 43; poke 0x40000000 44")
    console.send("half a li" + PREFIX + "u")
    console.shows("as it was before command 3")
    console.at_prompt()
    console.types("peek 0x40000000")
    console.shows("0x40000000  0x0000002a")
    for _ in range(9):
        console.send(PREFIX + "u")
    console.shows("there is no snapshot from before")
    console.send(PREFIX + "q")
    assert console.status() == 0


def test_a_hang_in_the_picture_ends_by_itself_and_at_once_by_ctrl_c(opened: Opener) -> None:
    console = opened()
    console.at_prompt()
    console.send("crash loop\r")
    console.shows("no sign of life: sent an NMI")
    console.at_prompt()
    console.send("crash loop\r")
    console.shows("crash loop")
    console.send("\x03")
    start = time.monotonic()
    console.at_prompt()
    assert time.monotonic() - start < 10
    console.types("echo alive")
    console.send(PREFIX + "q")
    assert console.status() == 0
