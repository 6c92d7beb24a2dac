"""Text and JSON are those of docs/formats.md, whose examples are read here."""

from __future__ import annotations

import json
import re

import pytest

from guests import CR3, documented, memory, two_level
from pagelab import records, render, spelling
from pagelab.regions import Filter, survey
from pagelab.walk import walk


def example(page: str, heading: str) -> str:
    """The first block of code under a heading."""
    section = page.split(f"### {heading}\n", 1)[1]
    return section.split("```\n", 2)[1].rstrip("\n")


def test_the_walk_of_the_page(formats_page: str) -> None:
    held = {
        CR3 + 4 * 768: 0x0010_6023,
        CR3 + 4 * 1023: CR3 | 0x63,
        0x0010_6000 + 4 * 256: 0x0010_0121,
    }
    text = render.walk_text(walk(two_level(), memory(held), 0xC010_0234))
    assert text == example(formats_page, "walk")


def test_the_maps_of_the_page(formats_page: str) -> None:
    assert render.maps_text(survey(two_level(), documented())) == example(formats_page, "maps")


def test_nothing_is_mapped() -> None:
    assert render.maps_text(survey(two_level(), memory({}))) == "nothing is mapped"
    wanted = Filter(va=(0, 0x1000))
    assert render.maps_text(survey(two_level(), documented(), wanted)) == "nothing is mapped"


def test_one_region_is_singular() -> None:
    found = survey(two_level(), memory({CR3: 0x0040_0083}))
    assert render.maps_text(found).splitlines()[-1] == "1 region, 4 MiB mapped"


def walk_lines(held: dict[int, int], va: int) -> list[str]:
    return render.walk_text(walk(two_level(), memory(held), va)).splitlines()


@pytest.mark.parametrize(
    "held, va, step, last",
    [
        ({}, 0x1000_0000, "0x00000000  -  -> not present", "no page: PDE 64 is not present"),
        (
            {CR3 + 256: 0x0010_6003},
            0x1000_0000,
            "0x00000000  -  -> not present",
            "no page: PTE 64:0 is not present",
        ),
        (
            {CR3 + 256: 0x0060_0083},
            0x1000_0000,
            "0x00600083  P RW PS  -> reserved bits",
            "no page: PDE 64 has reserved bits set",
        ),
        (
            {CR3 + 256: 0xFFFF_F003},
            0x1000_0000,
            "PTE 64:0      -  p:0xfffff000  ?  -  -> unreadable",
            "no answer: PTE 64:0 at p:0xfffff000 can't be read",
        ),
        (
            {CR3 + 256: 0x0040_A083},
            0x1000_0005,
            "-> page p:0x500400000",
            "p:0x500400005  4 MiB page  kernel rwx  user ---",
        ),
    ],
)
def test_outcomes(held: dict[int, int], va: int, step: str, last: str) -> None:
    lines = walk_lines(held, va)
    assert lines[-2].endswith(step)
    assert lines[-1] == last


@pytest.mark.parametrize(
    "va, said",
    [
        (0xFFFF_F000, "shows the page directory"),
        (0xFFF0_0000, "shows page table 768"),
        (0xFFFF_FC00, "shows PDE 768"),
        (0xFFFF_FC03, "shows PDE 768"),
        (0xFFF0_0400, "shows PTE 768:256 of 0xc0100000"),
    ],
)
def test_what_a_window_shows(va: int, said: str) -> None:
    held = {CR3 + 4 * 1023: CR3 | 3, CR3 + 4 * 768: 0x0010_6003}
    assert walk_lines(held, va)[-1] == said


def test_the_self_map_line_tells_its_own_rights() -> None:
    held = {CR3 + 4 * 957: CR3 | 5, CR3 + 4 * 1: 0x0010_6007, CR3 + 8: 0x0040_0083}
    lines = render.maps_text(survey(two_level(), memory(held))).splitlines()
    assert lines[1] == (
        "0xef400000-0xef800000      4 MiB  self-map of p:0x00105000, 1 table  kernel r-x  user r-x"
    )


@pytest.mark.parametrize(
    "count, text",
    [
        (0, "0 B"),
        (100, "100 B"),
        (4096, "4 KiB"),
        (4 << 20, "4 MiB"),
        (8248 << 10, "8248 KiB"),
        (1 << 32, "4 GiB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert spelling.size(count) == text


def test_keys_stand_in_the_order_of_the_page(formats_page: str) -> None:
    page = formats_page.split("## JSON", 1)[1]
    for name in ("walk", "region"):
        block = page.split(f"\n{name} ", 1)[1].split(
            "\n" + ("region" if name == "walk" else "split"), 1
        )[0]
        documented_keys = re.findall(r'"(\w+)":', block)
        space = two_level()
        if name == "walk":
            record = json.loads(records.walk_record(walk(space, documented(), 0xC010_2000)))
            step = record["steps"][0]
            record["steps"] = None
            keys = list(record)
            at = keys.index("steps") + 1
            keys[at:at] = list(step)
        else:
            keys = list(
                json.loads(records.region_record(space, survey(space, documented()).regions[0]))
            )
        assert keys == documented_keys


def test_json_has_no_blanks_and_is_one_line() -> None:
    line = records.walk_record(walk(two_level(), documented(), 0xC010_2000))
    assert line == json.dumps(json.loads(line), separators=(",", ":"))
    assert records.error_record('a "b"') == '{"record":"error","v":1,"text":"a \\"b\\""}'


@pytest.mark.parametrize(
    "wanted, folded",
    [
        (Filter(), True),
        (Filter(va=(0xFFC0_0000, 1 << 32)), True),
        (Filter(va=(0xFFC0_1000, 1 << 32)), False),
        (Filter(writable=True), False),
        (Filter(pa=(CR3, CR3 + 1)), False),
    ],
)
def test_a_self_map_folds_only_where_all_of_it_is_wanted(wanted: Filter, folded: bool) -> None:
    text = render.maps_text(survey(two_level(), documented(), wanted))
    assert ("self-map of" in text) is folded
    assert ("0xfffff000-0x100000000" in text) is not folded
