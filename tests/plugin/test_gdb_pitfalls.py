"""The pitfalls of tests/guests/pitfalls.toml: each guest shows its effect, and the debugger names the entry."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple

import pytest

import declared
import live

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)

DATA = declared.GUESTS / "pitfalls.toml"
PITFALLS = tomllib.loads(DATA.read_text(encoding="ascii"))["pitfall"]
BY_NUMBER = {pitfall["number"]: pitfall for pitfall in PITFALLS}
NAMED_AT_LEAST = 20


class Fallen(NamedTuple):
    number: int
    guest: declared.Declared


@pytest.fixture(name="fallen", scope="module", params=sorted(BY_NUMBER))
def fixture_fallen(request: pytest.FixtureRequest) -> Iterator[Fallen]:
    option = f"-DPITFALL={request.param}"
    with declared.running("pitfalls", None, options=(option,), ready="done\n") as guest:
        yield Fallen(request.param, guest)


def verbs() -> set[str]:
    """The verbs that this plugin has."""
    lines = live.run_gdb(None, f"source {live.PLUGIN}", "complete pagelab ").splitlines()
    return {line.split()[1] for line in lines if line.startswith("pagelab ")}


@pytest.fixture(name="known", scope="module")
def fixture_known() -> set[str]:
    return verbs()


def test_the_list_is_whole() -> None:
    assert list(BY_NUMBER) == list(range(1, 23))
    assert sum(bool(pitfall["asks"]) for pitfall in PITFALLS) >= NAMED_AT_LEAST


def test_it_has_its_effect(fallen: Fallen) -> None:
    lines = [line.strip() for line in fallen.guest.said().splitlines()]
    assert lines == [*BY_NUMBER[fallen.number]["says"], "done"]


def test_the_debugger_names_the_entry(fallen: Fallen, known: set[str]) -> None:
    asks = BY_NUMBER[fallen.number]["asks"]
    missing = {ask["command"].split()[0] for ask in asks} - known
    for ask in asks:
        if ask["command"].split()[0] not in missing:
            lines = fallen.guest.ask(f"pagelab {ask['command']} --json")
            records = [json.loads(line) for line in lines if line.startswith("{")]
            assert named(ask, records), (ask, lines)
    if missing:
        pytest.skip(f"this plugin has no verb {' '.join(sorted(missing))}")


def named(ask: dict[str, object], records: list[dict[str, object]]) -> bool:
    entries = ask["entries"]
    assert isinstance(entries, list)
    if "rule" in ask:
        return any(
            record["rule"] == ask["rule"]
            and (not entries or any(stands_in(str(record["text"]), name) for name in entries))
            for record in records
        )
    return [record["blame"] in entries for record in records] == [True]


def stands_in(text: str, name: str) -> bool:
    """Whether the entry stands in the sentence, and not only as the start of a longer name."""
    return re.search(rf"\b{re.escape(name)}\b(?!:?\d)", text) is not None
