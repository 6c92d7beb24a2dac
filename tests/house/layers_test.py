"""Who may know whom: the layer rules of the house, read off the #include and import lines."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A room may include itself and these. Longer paths win, so kernel/main.cpp is a room of its own.
C_ROOMS: dict[str, set[str]] = {
    "kernel/paging": set(),
    "kernel/interface": {"kernel/paging"},
    "kernel/machine": {"kernel/paging", "kernel/interface"},
    "kernel/base": set(),
    "kernel/packing": set(),
    "kernel/rescue": {"kernel/interface"},
    "kernel/arch": {"kernel/base", "kernel/paging", "kernel/interface", "kernel/rescue"},
    "kernel/memory": {
        "kernel/base",
        "kernel/paging",
        "kernel/interface",
        "kernel/machine",
        "kernel/arch",
        "kernel/rescue",
    },
    "kernel/selftest": {"kernel/paging", "kernel/interface", "kernel/machine"},
    "kernel/shell": {
        "kernel/base",
        "kernel/paging",
        "kernel/interface",
        "kernel/machine",
        "kernel/selftest",
    },
    "kernel/main.cpp": {
        "kernel/base",
        "kernel/paging",
        "kernel/interface",
        "kernel/machine",
        "kernel/arch",
        "kernel/memory",
        "kernel/rescue",
        "kernel/shell",
    },
    "serial-console": {"kernel/paging", "kernel/interface", "serial-console/src/verbs"},
    # The shell's questions answered from outside, by the shell itself.
    "serial-console/src/verbs": {
        "kernel/paging",
        "kernel/interface",
        "kernel/machine",
        "kernel/shell",
        "serial-console",
    },
}

SOURCES = ("*.hpp", "*.h", "*.cpp")


def sources() -> list[Path]:
    return [
        path.relative_to(ROOT)
        for top in ("kernel", "serial-console")
        for pattern in SOURCES
        for path in sorted((ROOT / top).rglob(pattern))
    ]


def room_of(path: str) -> str | None:
    rooms = [room for room in C_ROOMS if path == room or path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def includes(path: Path, opening: str) -> list[str]:
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(rf'^\s*#\s*include\s*{opening}([^">]+)[">]', text, re.MULTILINE)


def test_every_source_is_in_a_room() -> None:
    assert sources(), "no sources found: the test looks in the wrong place"
    homeless = [str(path) for path in sources() if room_of(str(path)) is None]
    assert not homeless


@pytest.mark.parametrize("path", sources(), ids=str)
def test_a_room_includes_only_the_rooms_that_it_may_know(path: Path) -> None:
    room = room_of(str(path))
    assert room is not None
    for include in includes(path, '"'):
        other = room_of(include)
        assert (
            other is not None
        ), f"{path} includes {include}: write includes from the top of the house"
        assert other == room or other in C_ROOMS[room], f"{room} must not know {other} ({include})"


def test_only_the_terminal_knows_curses() -> None:
    knowing = {str(path) for path in sources() if any("curses" in i for i in includes(path, "<"))}
    assert all(path.startswith("serial-console/src/terminal/") for path in knowing)


@pytest.mark.parametrize(
    "room",
    [
        "kernel/paging",
        "kernel/interface",
        "kernel/selftest",
        "kernel/shell",
        "serial-console/src/view",
    ],
)
def test_pure_rooms_have_no_assembly(room: str) -> None:
    for path in sources():
        if str(path).startswith(room):
            assert not re.search(r"\basm\b", (ROOT / path).read_text(encoding="utf-8")), path


def test_only_gdbio_imports_gdb() -> None:
    package = ROOT / "gdb-plugin" / "pagelab"
    for path in sorted(package.rglob("*.py")):
        if "gdbio" in path.relative_to(package).parts:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not any(re.match(r"\s*(import|from)\s+gdb\b", line) for line in lines), path
