"""What scripts/lab runs: prepares a student's file, checks it, or hands over to console and GDB."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import answers
from . import image as images
from .judge import NotGraded, judge
from .lab import Lab, labs

ROOT = images.LABS.parent
OK, BAD, USAGE = 0, 1, 2


def say(text: str) -> None:
    """The script's own words, beside what was asked for."""
    print(f"pagelab: {text}", file=sys.stderr)


def seed_of(identity: str | None, lab: Lab) -> int:
    """A student's own number for a lab; 1 for nobody's."""
    if identity is None:
        return 1
    return int.from_bytes(
        hashlib.sha256(f"{identity.strip()}:{lab.number}".encode()).digest()[:4], "big"
    )


def students_file(lab: Lab) -> Path:
    """work/labN.c, or labN.cpp if that is there; copied from the template once, never overwritten."""
    folder = Path(os.environ.get("PAGELAB_WORK", ROOT / "work"))
    folder.mkdir(parents=True, exist_ok=True)
    cpp = folder / f"lab{lab.number}.cpp"
    path = cpp if cpp.exists() else folder / f"lab{lab.number}.c"
    if not path.exists():
        shutil.copyfile(lab.template, path)
        say(
            f"{shown(path)} is yours to write in now; the sheet is {shown(lab.folder / 'sheet.md')}"
        )
    return path


def shown(path: Path) -> str:
    """As a user types it."""
    try:
        return os.fspath(path.relative_to(Path.cwd()))
    except ValueError:
        return os.fspath(path)


def check(lab: Lab, path: Path, seed: int, as_json: bool) -> int:
    """The public checks."""
    report = judge(lab, path, seed)
    missing = answers.missing(path.read_text(encoding="utf-8", errors="replace"))
    if as_json:
        print(report.json())
    else:
        print(report.text(), end="")
        if missing:
            print(f"answers: nothing is written yet at {', '.join(missing)}")
    return OK if report.points == report.most and not missing else BAD


def submit(lab: Lab, path: Path, identity: str | None) -> int:
    """The one file to hand in: the student's own, with a line on top that says what it is."""
    missing = answers.missing(path.read_text(encoding="utf-8", errors="replace"))
    out = path.with_name(f"{identity or 'lab'}-lab{lab.number}{path.suffix}")
    head = f"/* pagelab lab {lab.number}{f', {identity}' if identity else ''} */\n"
    out.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    if missing:
        say(f"nothing is written yet at {', '.join(missing)}")
    print(out)
    return OK


def build(path: Path) -> tuple[Path, Path]:
    """The image for the machine and the symbols for GDB, beside the student's file."""
    elf, out = path.with_suffix(".elf"), path.with_suffix(".image")
    image = images.build(path, keep_elf=elf)
    out.write_bytes(image.data)
    if image.warnings:
        print(image.warnings, file=sys.stderr)
    return out, elf


def console_command(image: Path, *options: str) -> list[str]:
    """The console program with the student's image."""
    folder = Path(os.environ.get("PAGELAB_BUILD_RUN", ROOT / "build-run"))
    program, kernel = folder / "serial-console/pagelab-console", folder / "kernel/pagelab.elf"
    return [
        os.fspath(program),
        "run",
        "--kernel",
        os.fspath(kernel),
        "--exercise",
        os.fspath(image),
        *options,
    ]


def debug(lab: Lab, path: Path) -> int:
    """A machine in the background, and GDB on it that stops at the student's functions."""
    image, elf = build(path)
    name = f"lab{lab.number}"
    done = subprocess.run(
        console_command(image, "--detach", "--name", name), stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        return done.returncode
    say(
        f"in another terminal: scripts/run --attach {name}, and call {lab.functions[0]} there; scripts/stop {name}"
    )
    command = [os.fspath(ROOT / "scripts/gdb"), name, "-ex", f"add-symbol-file {elf}"]
    for function in lab.functions:
        command += ["-ex", f"hbreak {function}"]
    os.execv(command[0], [*command, "-ex", "continue"])


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of scripts/lab, whose comment is their help."""
    parser = argparse.ArgumentParser(prog="scripts/lab", add_help=False, allow_abbrev=False)
    parser.add_argument("number", type=int)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true")
    what.add_argument("--gdb", action="store_true")
    what.add_argument("--submit", action="store_true")
    what.add_argument("--plain", action="store_true")
    what.add_argument("--exec")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--id")
    parser.add_argument("--yes", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Exit: 0 all is well, 1 points are missing or the file does not build, 2 usage or no verdict."""
    options = parse(arguments)
    lab = labs().get(options.number)
    if lab is None:
        print(
            f"error: there is no lab {options.number}; there are {', '.join(map(str, labs()))}",
            file=sys.stderr,
        )
        return USAGE
    path = students_file(lab)
    try:
        if options.check:
            return check(lab, path, seed_of(options.id, lab), options.json)
        if options.submit:
            return submit(lab, path, options.id)
        if options.gdb:
            return debug(lab, path)
        image, _ = build(path)
    except images.BuildError as error:
        print(error, file=sys.stderr)
        return BAD
    except NotGraded as error:
        print(f"error: no verdict: {error}", file=sys.stderr)
        return USAGE
    extra = (
        ["--plain"]
        if options.plain
        else ["--exec", options.exec]
        if options.exec is not None
        else []
    )
    command = console_command(image, *extra)
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
