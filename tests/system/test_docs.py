"""What the documentation says can be typed, and what is printed has the form that it promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import jsonschema
import pytest
from faces import ROOT
from launcher import Launcher, scripts_launcher

SCHEMA = json.loads((ROOT / "docs" / "records.schema.json").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")

# Each query, in a state where it has something to say, and the kind of its records.
QUERIES = {
    "walk 0xc0100234": "walk",
    "walk 0x12345678": "walk",
    "split 0xc0100234": "split",
    "window 0xc0100234": "window",
    "dumppd": "slot",
    "dumppt 256": "slot",
    "maps": "region",
    "find p:0x00101000": "alias",
    "decode pde 0x00106023": "entry",
    "decode 0x00106023": "entry",
    "check": "finding",
    "peek 0x40000000 4": "memory",
    "peek b p:0x00101000 8": "memory",
    "frames": "frames",
    "space": "space",
    "diff": "change",
    "strategy bench 64": "bench",
    "regs": "regs",
    "touch 0x40000000 w user": "probe",
    "probe 0x40000000": "probe",
    "stale 0x40000000": "stale",
    "fault 0x12345678 6": "fault",
    "log 5": "event",
    "quiz 5": "question",
    "walk banana": "error",
    "map": "error",
}
SETTING = ["checkpoint", "map 0x40000000 4", "setpde 700 0x40000000", "protect 0x40000000 -w"]


@pytest.fixture(name="lab")
def fixture_lab() -> Iterator[Launcher]:
    with scripts_launcher() as launcher:
        yield launcher


def test_every_query_prints_records_of_the_schema(lab: Launcher) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    lines = [*SETTING]
    for query in QUERIES:
        lines += [f"echo {query}", f"{query} --json"]
    done = lab.run("--exec", "; ".join(lines))
    answers: dict[str, list[str]] = {}
    for line in done.out.splitlines():
        if line in QUERIES:
            current = answers.setdefault(line, [])
        elif answers:
            current.append(line)
    assert answers.keys() == QUERIES.keys()
    for query, records in answers.items():
        assert records, query
        for text in records:
            record = json.loads(text)
            validator.validate(record)
            assert record["record"] == QUERIES[query], (query, text)


def tour() -> list[str]:
    return [
        line.split("#")[0].strip() for line in re.findall(r"^pagelab> (.*)$", README, re.MULTILINE)
    ]


def test_the_tour_of_the_readme_can_be_typed(lab: Launcher) -> None:
    commands = tour()
    assert len(commands) >= 10
    done = lab.run("--exec", "; ".join(commands))
    assert done.status == 1, "the write to a read-only page faults, as the tour says"
    assert "error:" not in done.out
    assert (
        "PTE 256:0 is read-only (RW = 0) and CR0.WP = 1; protect 0x40000000 +w would allow it"
        in done.out
    )
    assert "took back" in done.out


def test_the_picture_of_the_readme_is_there() -> None:
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
