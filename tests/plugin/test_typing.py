"""What people type: addresses, ranges, options, completion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagelab import PagelabError, address, arguments, verbs
from pagelab.verbs import MAPS, WALK
from pagelab.formats import FORMATS

LAYOUT = FORMATS["32-bit"]
SYMBOLS = {"$eip": 0xC010_0234, "&x": 0x1000, "&x + 4": 0x1004, "$eax": -4096, "(1-2)": -1}


def evaluate(text: str) -> int:
    if text in SYMBOLS:
        return SYMBOLS[text]
    raise PagelabError(f"'{text}' is not an address: no symbol")


@pytest.mark.parametrize(
    "text, value",
    [
        ("0xc0100234", 0xC010_0234),
        ("3222274612", 0xC010_0234),
        ("4K", 4096),
        ("768:256:0x234", 0xC010_0234),
        ("768:256", 0xC010_0000),
        ("1023:1023:4095", 0xFFFF_FFFF),
        ("$eip", 0xC010_0234),
        ("$eax", 0xFFFF_F000),
        (" &x + 4 ", 0x1004),
    ],
)
def test_virtual_addresses(text: str, value: int) -> None:
    assert address.virtual(text, LAYOUT, evaluate) == value


@pytest.mark.parametrize(
    "text, reason",
    [
        ("c0100000", "did you mean 0xc0100000"),
        ("banana", "'banana' is not an address"),
        ("p:0x1000", "is a physical address"),
        ("1024:0", "an index is below 1024"),
        ("1:1024", "an index is below 1024"),
        ("1:1:4096", "the offset is below 4096"),
        ("1:2:3:4", "PDI:PTI"),
        ("0x100000000", "beyond the 32 bits"),
        ("", "missing"),
    ],
)
def test_what_is_no_address_is_said(text: str, reason: str) -> None:
    with pytest.raises(PagelabError, match=reason) as caught:
        address.virtual(text, LAYOUT, evaluate)
    assert "\n" not in str(caught.value)


@given(st.integers(0, 2**32 - 1))
def test_the_split_form_says_the_same_address(va: int) -> None:
    spelled = f"{va >> 22}:{va >> 12 & 1023}:0x{va & 4095:03x}"
    assert address.virtual(spelled, LAYOUT, evaluate) == va


def test_long_modes_have_an_index_per_level() -> None:
    layout = FORMATS["4-level"]
    assert address.virtual("511:510:0:1:0x10", layout, evaluate) == 0xFFFF_FFFF_8000_1010
    with pytest.raises(PagelabError, match="4 indices"):
        address.virtual("1:2", layout, evaluate)


@pytest.mark.parametrize(
    "text, value",
    [("p:0x00105000", 0x105000), ("0x105000", 0x105000), ("p:$eip", 0xC010_0234), ("P:4K", 4096)],
)
def test_physical_addresses(text: str, value: int) -> None:
    assert address.physical(text, evaluate) == value


@pytest.mark.parametrize(
    "text, bounds",
    [
        ("0xc0000000-0xc0400000", (0xC000_0000, 0xC040_0000)),
        ("0xffc00000-0x100000000", (0xFFC0_0000, 1 << 32)),
        ("0xc0000000+4M", (0xC000_0000, 0xC040_0000)),
        ("768:0-769:0", (0xC000_0000, 0xC040_0000)),
        ("&x-&x + 4", (0x1000, 0x1004)),
        ("0x1000 - 0x2000", (0x1000, 0x2000)),
        ("0xfffff000+4K", (0xFFFF_F000, 1 << 32)),
    ],
)
def test_ranges(text: str, bounds: tuple[int, int]) -> None:
    assert address.virtual_range(text, LAYOUT, evaluate) == bounds


@pytest.mark.parametrize(
    "text, reason",
    [
        ("0x1000", "is no range"),
        ("0x2000-0x1000", "is an empty range"),
        ("0x1000-0x1000", "is an empty range"),
        ("0x1000+0", "is an empty range"),
        ("0xfffff000+8K", "beyond the last address"),
        ("0x1000-banana", "'banana' is not an address"),
        ("-0x1000", "is no range"),
    ],
)
def test_what_is_no_range_is_said(text: str, reason: str) -> None:
    with pytest.raises(PagelabError, match=reason):
        address.virtual_range(text, LAYOUT, evaluate)


@pytest.mark.parametrize("text", ["p:0x1000-p:0x2000", "p:0x1000-0x2000", "p:0x1000+4K", "4K-8K"])
def test_physical_ranges(text: str) -> None:
    assert address.physical_range(text, evaluate) == (0x1000, 0x2000)


def test_an_arrow_is_no_minus() -> None:
    assert address.split_range("p->x") is None
    assert address.split_range("p->x-q->x") == ("p->x", "-", "q->x")
    assert address.split_range("(1-2)+3") == ("(1-2)", "+", "3")


@pytest.mark.parametrize("text", ["&x + 4 --json", "--json &x + 4", "  &x   + 4   --json "])
def test_options_stand_before_or_behind(text: str) -> None:
    given_ = arguments.parse(WALK, text, "pagewalk")
    assert given_.operand == "&x + 4"
    assert given_.has("--json")


def test_options_with_values() -> None:
    given_ = arguments.parse(WALK, "1 --cr3 (0x1000 + 5) --mode=pae", "pagewalk")
    assert given_.get("--cr3", "--pgd") == "(0x1000 + 5)"
    assert given_.get("--mode") == "pae"
    assert arguments.parse(WALK, "1 --pgd 7", "pagewalk").get("--cr3", "--pgd") == "7"


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "VA is missing; usage: pagewalk VA"),
        ("--json", "VA is missing"),
        ("1 --jsno", "did you mean --json"),
        ("1 --zzz", "usage: pagewalk"),
        ("1 --cr3", "--cr3 wants a PA"),
        ("1 --json=1", "takes no value"),
    ],
)
def test_bad_options_teach(text: str, reason: str) -> None:
    with pytest.raises(PagelabError, match=reason):
        arguments.parse(WALK, text, "pagewalk")


def test_help_needs_no_operand() -> None:
    for text in ("-h", "--help", "1 -h"):
        assert arguments.parse(WALK, text, "pagewalk").has("--help")


def test_help_names_every_option_once() -> None:
    for verb in verbs.VERBS:
        text = arguments.help_text(verb, verb.name)
        for option in verb.options:
            assert text.count(f"\n  {option.name} ") == 1
        assert f"Usage: {verb.name} " in text


@pytest.mark.parametrize(
    "text, word, found",
    [
        ("1 --js", "js", ["json"]),
        ("1 --js", "--js", ["--json"]),
        ("--c", "c", ["cr3"]),
        ("--json --js", "js", []),
        ("1 ", "", None),
        ("", "", None),
        ("cou", "cou", None),
    ],
)
def test_completion(text: str, word: str, found: list[str] | None) -> None:
    assert arguments.completions(WALK, text, word) == found


def test_all_options_complete() -> None:
    assert arguments.completions(MAPS, "--", "") == [option.name[2:] for option in MAPS.options]
