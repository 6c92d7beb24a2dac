"""From a student's file to the image that the kernel loads: compile, link, and name functions and lines.

The image's first words are kernel/interface/exercise.hpp's ExerciseHeader; what follows them here must follow there.
Compiling happens in an empty root where that can be had: the compiler sees the file, lab.h and its own headers.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LABS = Path(__file__).resolve().parents[1]
BASE = 0xC0900000
CODE = 0xC0908000
PAGE = 4096
MAGIC = 0x42414C50
VERSION = 1
HEADER = struct.Struct("<9I")
HEADER_BYTES = HEADER.size + 4 * 4  # and the words that the kernel writes
MOST_BYTES = 0x00100000
SECONDS = 20.0
MOST_LINES = 40

FLAGS = (
    "-m32 -march=pentium -ffreestanding -nostdinc -g -gdwarf-4 -Og -Wall -Wextra -Wshadow -fno-pic -fno-pie"
    " -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables"
    " -mgeneral-regs-only -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-common -fno-diagnostics-show-caret"
).split()
# An address from a number is what these labs are about.
C_FLAGS = ["-std=c17", "-Wno-int-to-pointer-cast", "-Wno-array-bounds"]
CXX_FLAGS = [
    "-std=c++20",
    "-fno-exceptions",
    "-fno-rtti",
    "-fno-threadsafe-statics",
    "-Wno-array-bounds",
]


class BuildError(Exception):
    """The file can't be made an image; the text is for the student and names her own lines."""


@dataclass(frozen=True)
class Place:
    """A code address and what it belongs to."""

    address: int
    what: str


@dataclass(frozen=True)
class Image:
    """An image and where things are in it."""

    data: bytes
    warnings: str
    functions: tuple[Place, ...]


def is_cpp(path: Path) -> bool:
    """By the name's end, as the compiler sees it."""
    return path.suffix in (".cpp", ".cc", ".cxx")


@cache
def _compiler_headers() -> Path:
    done = subprocess.run(
        ["gcc", "-print-file-name=include"],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    return Path(done.stdout.strip())


@cache
def sandbox_works() -> bool:
    """Whether an empty root can be had here: bubblewrap, and a system that lets it."""
    if shutil.which("bwrap") is None:
        return False
    done = subprocess.run(
        [*_sandbox(Path("/tmp")), "gcc", "--version"],
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    return done.returncode == 0


def _sandbox(work: Path) -> list[str]:
    """An empty root with the compiler in it, no network, and `work` the only place to write."""
    command = [
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--clearenv",
        "--setenv",
        "PATH",
        "/usr/bin",
    ]
    command += ["--setenv", "LC_ALL", "C.UTF-8"]
    # The compiler's own parts only: no /usr/include, no /etc, no /home.
    for path in ("/usr/bin", "/usr/lib/gcc", "/usr/lib/x86_64-linux-gnu", "/usr/libexec", "/lib64"):
        if Path(path).exists():
            command += ["--ro-bind", path, path]
    command += ["--symlink", "usr/lib", "/lib", "--tmpfs", "/tmp"]
    command += [
        "--ro-bind",
        str(LABS / "include"),
        "/lab",
        "--bind",
        str(work),
        "/work",
        "--chdir",
        "/work",
    ]
    return command


def _run(work: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """A compiler's run on untrusted text: with limits on time, memory and output."""
    limits = ["prlimit", "--cpu=10", "--as=1500000000", "--fsize=8000000", "--"]
    inside = _sandbox(work) if sandbox_works() else []
    return subprocess.run(
        [*limits, *inside, *command],
        cwd=work,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=SECONDS,
    )


def _messages(text: str) -> str:
    """The compiler's messages that name the student's file, shortened."""
    lines = [line for line in text.splitlines() if not line.startswith("In file included")]
    # The assembler's own file is nobody's.
    lines = [re.sub(r"^/tmp/\w+\.s:(?:\d+:)?", "in the assembly:", line) for line in lines]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES} lines more"]
    return "\n".join(lines)


def _compile(work: Path, source: Path, defines: dict[str, str]) -> str:
    """Compiles to student.o; the warnings."""
    headers = "/lab" if sandbox_works() else str(LABS / "include")
    command = [
        "g++" if is_cpp(source) else "gcc",
        *(CXX_FLAGS if is_cpp(source) else C_FLAGS),
        *FLAGS,
    ]
    command += ["-isystem", str(_compiler_headers()), "-I", headers]
    command += [f"-D{name}={value}" for name, value in defines.items()]
    done = _run(work, [*command, "-c", source.name, "-o", "student.o"])
    if done.returncode != 0:
        text = _messages(done.stderr)
        raise BuildError(text or f"{source.name}: the compiler was stopped by its limits")
    return _messages(done.stderr)


@cache
def _runtime() -> bytes:
    """The object of runtime.c."""
    with tempfile.TemporaryDirectory(prefix="pagelab-") as folder:
        out = Path(folder) / "runtime.o"
        command = ["gcc", *C_FLAGS, *FLAGS, "-O2", "-fno-tree-loop-distribute-patterns"]
        command += [
            "-isystem",
            str(_compiler_headers()),
            "-c",
            str(LABS / "runtime.c"),
            "-o",
            str(out),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        return out.read_bytes()


def _tool(work: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=work,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        raise BuildError(_link_message(done.stderr))
    return done.stdout


def _link_message(text: str) -> str:
    """What the linker misses, in words."""
    missing = sorted(set(re.findall(r"undefined reference to `([^']+)'", text)))
    if missing:
        return f"used, but defined nowhere: {', '.join(missing)} (there is no library; lab.h has all there is)"
    return _messages(text)


def _functions(work: Path) -> tuple[Place, ...]:
    """The functions of the student's object that have a name of their own, by their final addresses."""
    own = {
        line.split()[-1] for line in _tool(work, "nm", "--defined-only", "student.o").splitlines()
    }
    words = (
        line.split(maxsplit=2)
        for line in _tool(work, "nm", "-n", "--defined-only", "student.elf").splitlines()
    )
    found = [
        (int(address, 16), name) for address, kind, name in words if kind in "tT" and name in own
    ]
    # C++ names, without their parameters: the shell calls them as C does.
    plain = _tool(work, "c++filt", *(name for _, name in found)).splitlines() if found else []
    return tuple(Place(address, name.split("(")[0]) for (address, _), name in zip(found, plain))


def _lines(work: Path, name: str) -> list[tuple[int, int]]:
    """(address, line) of the student's own file, ascending; other files' code counts for the line before it."""
    text = _tool(work, "readelf", "--debug-dump=decodedline", "-W", "student.elf")
    found: dict[int, int] = {}
    for match in re.finditer(r"^(\S+)\s+(\d+)\s+0x([0-9a-f]+)\b", text, re.MULTILINE):
        if match[1] == name and int(match[2]) > 0:
            found[int(match[3], 16)] = int(match[2])
    return sorted(found.items())


def _pack(work: Path, name: str) -> tuple[bytes, tuple[Place, ...]]:
    functions = _functions(work)
    lines = _lines(work, name)
    _tool(
        work,
        "objcopy",
        "-O",
        "binary",
        "--set-section-flags",
        ".data=alloc,load,contents",
        "student.elf",
        "flat",
    )
    code = (work / "flat").read_bytes()
    code += bytes(-len(code) % PAGE)
    data_start = int(
        next(
            line.split()[0]
            for line in _tool(work, "nm", "student.elf").splitlines()
            if line.endswith(" exercise_data")
        ),
        16,
    )
    names = bytearray(name.encode() + b"\0")
    words: list[int] = []
    for function in functions:
        words += [function.address, len(names)]
        names += function.what.encode() + b"\0"
    room = CODE - BASE - HEADER_BYTES
    lines = lines[: max(0, (room - len(words) * 4 - len(names)) // 8)]
    at_functions = HEADER_BYTES
    at_lines = at_functions + len(words) * 4
    at_names = at_lines + len(lines) * 8
    if at_names + len(names) > CODE - BASE:
        raise BuildError(f"{name}: it has too many functions")
    words[1::2] = [at_names + offset for offset in words[1::2]]
    total = CODE - BASE + len(code)
    if total > MOST_BYTES:
        raise BuildError(f"{name}: code and data take {total >> 10} KiB, a lab's may take 1024")
    head = HEADER.pack(
        MAGIC,
        VERSION,
        total,
        data_start - BASE,
        at_names,
        at_functions,
        len(functions),
        at_lines,
        len(lines),
    )
    front = head + bytes(HEADER_BYTES - HEADER.size) + struct.pack(f"<{len(words)}I", *words)
    front += b"".join(struct.pack("<2I", *line) for line in lines) + bytes(names)
    return front.ljust(CODE - BASE, b"\0") + code, functions


def build(
    source: Path, defines: dict[str, str] | None = None, keep_elf: Path | None = None
) -> Image:
    """The image of a student's file; `keep_elf`: where GDB finds its symbols."""
    with tempfile.TemporaryDirectory(prefix="pagelab-") as folder:
        work = Path(folder)
        shutil.copyfile(source, work / source.name)
        warnings = _compile(work, source, defines or {})
        (work / "runtime.o").write_bytes(_runtime())
        script = str(LABS / "exercise.ld")
        _tool(
            work, "ld", "-m", "elf_i386", "-T", script, "-e", "0", "--no-warn-rwx-segments", "--build-id=none",
            "-z", "noexecstack", "student.o", "runtime.o", "-o", "student.elf",
        )  # fmt: skip
        data, functions = _pack(work, source.name)
        if keep_elf is not None:
            shutil.copyfile(work / "student.elf", keep_elf)
        return Image(data, warnings, functions)
