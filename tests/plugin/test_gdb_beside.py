"""Beside other plugins, sourced before or after: no command of theirs is lost, none of ours is out of reach.

The others are small scripts that register as the known ones do: pwndbg refuses to load where one of its names stands in
`help all` already; GEF's forks have a prefix `pagewalk` with subcommands and take their names without asking; many a
`.gdbinit` defines commands and variables of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import live
from pagelab.verbs import VERBS

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)

LIKE_PWNDBG = """
import gdb

present = {line.split()[0] for line in gdb.execute("help all", to_string=True).split("\\n") if line.split()}

class Command(gdb.Command):
    def __init__(self, name):
        assert name not in present, f"cannot override {name}"
        super().__init__(name, gdb.COMMAND_USER, gdb.COMPLETE_EXPRESSION)
        self.name = name
    def invoke(self, text, from_tty):
        print(f"their {self.name}")

class Rebase(gdb.Function):
    def invoke(self, value):
        return 4711

for name in ("pagewalk", "v2p", "p2v", "pageinfo", "vmmap"):
    Command(name)
Rebase("rebase")
"""

LIKE_GEF = """
import gdb

class Command(gdb.Command):
    def __init__(self, name, prefix=False):
        super().__init__(name, gdb.COMMAND_DATA, prefix=prefix)
        self.name = name
    def invoke(self, text, from_tty):
        print(f"their {self.name}")

Command("pagewalk", True)
Command("pagewalk x86")
Command("vmmap")
Command("pagewatch")
gdb.execute("alias pw = pagewalk")
"""

PLAIN = """
define pagewalk
echo their pagewalk\\n
end
define vmmap
echo their vmmap\\n
end
set $pte = 4711
"""

OTHERS = {
    "like pwndbg": ("beside.py", LIKE_PWNDBG, ("pagewalk", "v2p", "p2v", "pageinfo", "vmmap")),
    "like GEF": ("beside.py", LIKE_GEF, ("pagewalk", "pagewalk x86", "vmmap", "pagewatch")),
    "commands of a user's own": ("beside.gdb", PLAIN, ("pagewalk", "vmmap")),
}


@pytest.fixture(name="beside", params=OTHERS)
def fixture_beside(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, tuple[str, ...]]:
    """The command that sources another plugin, and that plugin's commands."""
    file, text, names = OTHERS[request.param]
    (tmp_path / file).write_text(text, encoding="utf-8")
    return f"source {tmp_path / file}", names


def in_order(beside: str, ours_first: bool) -> tuple[str, str]:
    ours = f"source {live.PLUGIN}"
    return (ours, beside) if ours_first else (beside, ours)


@pytest.mark.parametrize("ours_first", [True, False], ids=["sourced after", "sourced before"])
def test_nothing_of_theirs_is_lost_and_all_of_ours_is_there(
    beside: tuple[str, tuple[str, ...]], ours_first: bool
) -> None:
    source, names = beside
    verbs = [f"pagelab {verb.name} -h" for verb in VERBS]
    lines = live.run_gdb(None, *in_order(source, ours_first), *names, *verbs).splitlines()
    assert [line for line in lines if line.startswith("their ")] == [
        f"their {name}" for name in names
    ], lines
    for verb in VERBS:
        assert f"Usage: pagelab {verb.name}" in "\n".join(lines)


@pytest.mark.parametrize("ours_first", [True, False], ids=["sourced after", "sourced before"])
def test_the_names_are_told_and_can_be_taken(
    beside: tuple[str, tuple[str, ...]], ours_first: bool
) -> None:
    source, names = beside
    asked = ("pagelab names", "pagelab names take", "pagelab names", "pagewalk -h")
    lines = live.run_gdb(None, *in_order(source, ours_first), *asked).splitlines()
    told = [line.split()[0] for line in lines if line.endswith("`pagelab names take` takes it)")]
    assert told == [name for name in ("pagewalk", "pagewatch") if name in names]
    assert "Usage: pagewalk VA [OPTION]..." in lines, "taken"


def test_sourced_three_times_its_short_names_still_lead_to_it() -> None:
    sources = 3 * (f"source {live.PLUGIN}",)
    lines = live.run_gdb(None, *sources, "pagewalk -h", "pagemap -h", "pagelab names")
    assert "Usage: pagelab walk VA" in lines and "Usage: pagemap [RANGE]" in lines
    assert "another plugin" not in lines


def test_a_variable_of_the_users_keeps_its_value_until_the_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "init.gdb").write_text(PLAIN, encoding="utf-8")
    lines = live.run_gdb(
        None,
        f"source {tmp_path}/init.gdb",
        f"source {live.PLUGIN}",
        "p $pte",
        "pagelab names take",
        "p $pte(0)",
    ).splitlines()
    assert "$pte is taken and stays so; `pagelab names take` takes it" in lines
    assert "$1 = 4711" in lines
    assert any("there is no guest" in line for line in lines), lines
