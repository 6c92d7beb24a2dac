"""A second engine: boots the kernel in Bochs, by way of GRUB and a CD image, and returns what it said.

Bochs has no headless display: the `term` one draws on a pseudo-terminal that nobody looks at. In `run` the serial port
is a file; the commands come on the boot line, and `halt` ends the emulator.
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from pathlib import Path

DEADLINE = 240.0
MODEL = "corei7_skylake_x"

CONFIGURATION = """\
config_interface: textconfig
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
cpu: model={model}, count=1, ips={speed}, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
ata0-master: type=cdrom, path={folder}/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, {serial}
clock: sync=none
speaker: enabled=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
panic: action=fatal
log: {folder}/log
"""
GRUB_MODULES = ["biosdisk", "iso9660", "multiboot", "boot"]


def make_iso(kernel: Path, commands: list[str], folder: Path) -> None:
    """A CD whose GRUB starts the kernel with these commands on its boot line."""
    tree = folder / "cd"
    tree.mkdir()
    subprocess.run(["strip", "-g", "-o", tree / "pagelab.elf", kernel], check=True)
    line = " \\; ".join(commands)
    script = folder / "grub.cfg"
    script.write_text(
        f"set root=(cd)\nmultiboot /pagelab.elf -- -- {line}\nboot\n", encoding="utf-8"
    )
    image = [
        "grub-mkimage",
        "-O",
        "i386-pc-eltorito",
        "-p",
        "/",
        "-c",
        script,
        "-o",
        tree / "core.img",
    ]
    subprocess.run([*image, *GRUB_MODULES], check=True)
    cd = ["xorriso", "-as", "mkisofs", "-quiet", "-b", "core.img", "-no-emul-boot"]
    cd += ["-boot-load-size", "4", "-boot-info-table", "-o", os.fspath(folder / "boot.iso")]
    subprocess.run([*cd, os.fspath(tree)], check=True, capture_output=True)


class Screen:
    """The pseudo-terminal that the display draws on. All of it is read, so that the emulator never waits."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        try:
            while os.read(self.ours, 65536):
                pass
        except OSError:
            pass

    def close(self) -> None:
        """When the emulator has ended."""
        os.close(self.theirs)
        os.close(self.ours)


def configure(
    kernel: Path,
    commands: list[str],
    folder: Path,
    serial: str,
    model: str = MODEL,
    memory: int = 128,
    speed: int = 8000000,
) -> None:
    """All files of a machine with so many MiB and instructions per second of its own time; `serial` is what Bochs
    is told of the port."""
    make_iso(kernel, commands, folder)
    (folder / "bochsrc").write_text(
        CONFIGURATION.format(folder=folder, model=model, serial=serial, memory=memory, speed=speed),
        encoding="utf-8",
    )
    # Debian's build stops in its debugger first.
    (folder / "rc").write_text("c\n", encoding="utf-8")


def start(folder: Path, screen: Screen) -> subprocess.Popen[bytes]:
    """The emulator, with the files of `configure`."""
    return subprocess.Popen(
        ["bochs", "-q", "-f", folder / "bochsrc", "-rc", folder / "rc"],
        stdin=screen.theirs,
        stdout=screen.theirs,
        stderr=screen.theirs,
        cwd=folder,
        env={**os.environ, "TERM": "linux"},
        start_new_session=True,
    )


def run(
    kernel: Path,
    commands: list[str],
    folder: Path,
    model: str = MODEL,
    deadline: float = DEADLINE,
) -> str:
    """What the kernel wrote to its serial port until it ended the emulator. `folder` is empty and ours."""
    said = folder / "serial"
    configure(kernel, [*commands, "halt"], folder, f"mode=file, dev={said}", model)
    screen = Screen()
    emulator = start(folder, screen)
    try:
        emulator.wait(deadline)
    except subprocess.TimeoutExpired:
        os.killpg(emulator.pid, 9)
        emulator.wait()
    finally:
        screen.close()
    text = said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""
    assert "> halt" in text, f"Bochs did not come to the end: {text[-2000:]}"
    return text
