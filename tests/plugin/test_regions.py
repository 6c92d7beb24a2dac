"""Regions are the walk of every page, merged as far as it goes and no further."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guests import CR3, documented, memory, two_level
from pagelab import PagelabError, records, render
from pagelab.regions import Filter, Region, survey
from pagelab.space import Space
from pagelab.walk import walk

T1, T2 = 0x0010_6000, 0x0010_7000

entry = st.builds(
    lambda frame, low: frame << 12 | low,
    st.integers(0x100, 0x108),
    st.sampled_from([0, 1, 3, 5, 7, 0x21, 0x63, 0x103, 0x83, 0x1003, 2]),
)
pdes = st.dictionaries(
    st.sampled_from([0, 1, 2, 511, 1021, 1022, 1023]),
    st.sampled_from(
        [T1 | 3, T1 | 7, T2 | 1, T2 | 7, CR3 | 3, CR3 | 1, 0x0040_0083, 0x0080_0083, 0x0040_00E7]
        + [0x0060_0083, 0x7F00_0003, 2]
    ),
)
tables = st.dictionaries(st.sampled_from([0, 1, 2, 3, 511, 1021, 1022, 1023]), entry)


@st.composite
def guests(draw):
    held = {CR3 + 4 * slot: word for slot, word in draw(pdes).items()}
    for base in (T1, T2):
        held |= {base + 4 * slot: word for slot, word in draw(tables).items()}
    return held


def pages_by_walk(space: Space, held: dict[int, int]):
    """Every page the slow way: the walk of each address that can have an entry."""
    source = memory(held)
    interesting = [0, 1, 2, 3, 510, 511, 512, 1020, 1021, 1022, 1023]
    found = {}
    for pdi in interesting:
        for pti in interesting:
            va = pdi << 22 | pti << 12
            answer = walk(space, source, va)
            if answer.pa is not None:
                hidden = ("P", "A", "D")
                flags = tuple(f for f in answer.steps[-1].entry.flags if f not in hidden)
                found[va] = (answer.pa, answer.page_size, answer.kernel, answer.user, flags)
    return found


@given(guests(), st.sampled_from([0x90, 0x80, 0x300090]))
def test_every_page_of_the_walk_is_in_exactly_one_region(held, cr4) -> None:
    space = two_level(cr4=cr4)
    regions = survey(space, memory(held)).regions
    expected = pages_by_walk(space, held)
    for va, page in expected.items():
        holders = [region for region in regions if region.va <= va < region.va + region.size]
        assert len(holders) == 1
        region = holders[0]
        shown = (
            region.pa + va - region.va,
            region.page_size,
            region.kernel,
            region.user,
            region.flags,
        )
        assert shown == page
    total = sum(region.size for region in regions)
    small = sum(4096 for page in expected.values() if page[1] == 4096)
    large = {va >> 22 for va, page in expected.items() if page[1] == 4 << 20}
    assert total == small + len(large) * (4 << 20)


@given(guests())
def test_neighbours_that_could_merge_have_merged(held) -> None:
    regions = survey(two_level(), memory(held)).regions
    for left, right in zip(regions, regions[1:]):
        assert left.va + left.size <= right.va
        assert not right.continues(left)
        assert left.slot is None or left.va >> 22 == (left.va + left.size - 1) >> 22


@given(guests(), st.integers(0, 1 << 20), st.integers(1, 1 << 20))
def test_a_range_is_a_cut_of_the_whole(held, first_page, pages) -> None:
    wanted = (first_page << 12, min((first_page + pages) << 12, 1 << 32))
    if wanted[0] >= wanted[1]:
        return
    cut = survey(two_level(), memory(held), Filter(va=wanted)).regions
    whole = survey(two_level(), memory(held)).regions
    expected = [part for part in map(Filter(va=wanted).clip, whole) if part is not None]
    assert cut == expected
    assert all(wanted[0] <= part.va and part.va + part.size <= wanted[1] for part in cut)


def plain(va: int, pa: int, size: int, **more) -> Region:
    base = dict(page_size=4096, kernel="rwx", user="---", flags=("RW",), slot=None)
    return Region(va=va, pa=pa, size=size, **(base | more))


def test_ranges_cut_at_4_kib_even_in_a_large_page() -> None:
    large = plain(0x0040_0000, 0x0080_0000, 4 << 20, page_size=4 << 20)
    part = Filter(va=(0x0040_1001, 0x0040_2001)).clip(large)
    assert part is not None
    assert (part.va, part.pa, part.size) == (0x0040_1000, 0x0080_1000, 0x2000)
    part = Filter(pa=(0x0080_3000, 0x0080_3001)).clip(large)
    assert part is not None
    assert (part.va, part.pa, part.size) == (0x0040_3000, 0x0080_3000, 0x1000)
    assert Filter(pa=(0x00C0_0000, 0x00D0_0000)).clip(large) is None


@pytest.mark.parametrize(
    "wanted, kept",
    [
        (Filter(writable=True), ["rwx", "-wx"]),
        (Filter(user=True), ["r-x"]),
        (Filter(executable=True), ["rwx", "r-x", "-wx"]),
        (Filter(writable=True, user=True), []),
    ],
)
def test_filters_by_rights(wanted: Filter, kept: list[str]) -> None:
    regions = [
        plain(0, 0, 4096),
        plain(4096, 0, 4096, kernel="r-x", user="r-x"),
        plain(8192, 0, 4096, kernel="-wx"),
        plain(12288, 0, 4096, kernel="r--"),
    ]
    assert [region.kernel for region in regions if wanted.clip(region)] == kept


def test_a_and_d_do_not_split_a_region_but_rights_and_frames_do() -> None:
    held = {CR3: T1 | 3}
    for slot, word in enumerate([0x0010_0003, 0x0010_1063, 0x0010_2023, 0x0010_3001, 0x0010_5001]):
        held[T1 + 4 * slot] = word
    sizes = [region.size for region in survey(two_level(), memory(held)).regions]
    assert sizes == [0x3000, 0x1000, 0x1000]


def test_regions_merge_over_the_edge_of_a_table() -> None:
    held = {CR3: T1 | 3, CR3 + 4: T2 | 3, T1 + 4 * 1023: 0x0030_0003, T2: 0x0030_1003}
    regions = survey(two_level(), memory(held)).regions
    assert [(region.va, region.size) for region in regions] == [(0x003F_F000, 0x2000)]


def test_the_last_page_ends_at_4_gib() -> None:
    held = {CR3 + 4 * 1023: T1 | 3, T1 + 4 * 1023: 0x0030_0003}
    found = survey(two_level(), memory(held))
    assert render.maps_text(found).startswith("0xfffff000-0x100000000     4 KiB")


def test_two_slots_with_one_table_are_both_listed() -> None:
    held = {CR3: T1 | 3, CR3 + 8: T1 | 3, T1: 0x0030_0003}
    assert len(survey(two_level(), memory(held)).regions) == 2


def test_a_table_beyond_ram_is_told() -> None:
    held = {CR3 + 4 * 3: 0x7F00_0003}
    found = survey(two_level(), memory(held))
    assert found.regions == []
    assert found.unreadable == ["PDE 3 at p:0x7f000000"]


def test_an_unreadable_directory_is_an_error() -> None:
    with pytest.raises(PagelabError, match="p:0x7f000000 can't be read"):
        survey(two_level(cr3=0x7F00_0000), memory({}))


def test_json_tells_the_pages_of_the_self_map() -> None:
    space = two_level()
    found = survey(space, documented())
    lines = [json.loads(records.region_record(space, region)) for region in found.regions]
    inside = [line for line in lines if line["self_map"]]
    assert [line["va"] for line in inside] == [
        "0xffc01000",
        "0xfff00000",
        "0xfff01000",
        "0xfffff000",
    ]
    assert inside[0]["size"] == 0x2000
    assert [line["va"] for line in lines if not line["self_map"]] == ["0xc0102000", "0xc0400000"]


def test_a_full_address_space_of_loops_ends() -> None:
    held = {CR3 + 4 * slot: CR3 | 3 for slot in range(1024)}
    found = survey(two_level(), memory(held), Filter(va=(0, 64 << 22)))
    assert len(found.regions) == 64 * 1024
    assert {region.slot for region in found.regions} == set(range(64))


@pytest.mark.parametrize("first_slot", [1022, 1023])
def test_a_region_never_crosses_the_edge_of_a_self_map_slot(first_slot: int) -> None:
    """The last page before slot 1023 and the first one in it lie side by side, with equal bits."""
    held = {CR3 + 4 * 1023: CR3 | 3, CR3: T1 | 3}
    if first_slot == 1022:
        held |= {CR3 + 4 * 1022: CR3 | 3}  # two self-maps: 1022:1023 is the directory
    else:
        held |= {CR3 + 4 * 1022: T2 | 3, T2 + 4 * 1023: CR3 | 3}
    regions = survey(two_level(), memory(held)).regions
    left = next(region for region in regions if region.va + region.size == 1023 << 22)
    right = next(region for region in regions if region.va == 1023 << 22)
    assert (left.pa + left.size, left.flags, left.kernel) == (right.pa, right.flags, right.kernel)
    assert left.slot != right.slot == 1023
