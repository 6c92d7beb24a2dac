"""Walk and regions of every mode against a second walker that shares no line with the package: on random
tables that refer to each other, page by page."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from guests import CR3, LA57, LMA, NXE, PAE, PG, PGE, PSE, RAM, WP, memory
from pagelab.memory import Tables
from pagelab.regions import survey
from pagelab.space import Space, space_of
from pagelab.walk import walk

SMEP, SMAP = 1 << 20, 1 << 21
NX = 1 << 63
TABLES = [CR3, 0x0010_6000, 0x0010_7000, 0x0010_8000]
SLOTS = [0, 3, 255, 256, 510, 511]  # of tables with 512 entries; both sides of the hole
PDPTE_SLOTS = [0, 3]
SLOTS_32 = [0, 1, 767, 768, 1022, 1023]

low_bits = st.sampled_from(
    [3, 7, 3, 7, 5, 1, 0x23, 0x67, 0x107, 0xE07, 0x19, 0x83, 0x87, 0x85, 0x183, 0x1083, 0, 2]
)
high_bits = st.sampled_from([0] * 20 + [NX, NX, 1 << 36, 1 << 40, 1 << 51, 1 << 62, 0x7FF0 << 48])
frames = st.sampled_from(
    TABLES * 5 + [0, 0x20_0000, 0x40_0000, 0x4000_0000, 0x4060_0000, 0x30_1000, 0x30_2000]
)
odd_frames = st.sampled_from([0x7F00_0000, 0x6000, 0x60_2000, *TABLES])
entries64 = st.builds(
    lambda frame, low, high: frame | low | high, frames | odd_frames, low_bits, high_bits
)
entries32 = st.builds(lambda frame, low: frame | low, frames | odd_frames, low_bits)


def tables_of(slots: list[int], entries: st.SearchStrategy[int], width: int):  # type: ignore[no-untyped-def]
    """All tables with an entry in each of the slots; what leads where is left to chance."""
    places = [table + width * slot for table in TABLES for slot in slots]
    return st.lists(entries, min_size=len(places), max_size=len(places)).map(
        lambda words: dict(zip(places, words))
    )


held64 = tables_of(SLOTS, entries64, 8)
held32 = tables_of(SLOTS_32, entries32, 4)
cr0s = st.sampled_from([PG | 1, PG | WP | 1])
modes = st.sampled_from([(0, 0), (0, LMA), (LA57, LMA)])
extras = st.sampled_from([0, PGE, SMEP, SMAP, SMEP | SMAP | PGE])
widths = st.sampled_from([36, 40, 46, 52])
anything = st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))


def reader(held: dict[int, int], width: int) -> oracle.Word:
    return lambda pa: held.get(pa, 0) if pa + width <= RAM else None


def addresses(mode: str) -> list[int]:
    """The first address of each page that the tables could map by way of the slots in use."""
    choices = [SLOTS if high - low == 8 else PDPTE_SLOTS for high, low in oracle.SELECT[mode]]
    found = []
    for path in itertools.product(*choices):
        va = sum(index << low for index, (_, low) in zip(path, oracle.SELECT[mode]))
        top = {"pae": 31, "4-level": 47, "5-level": 56}[mode]
        if mode != "pae" and va >> top & 1:
            va += 2**64 - 2 ** (top + 1)
        found.append(va)
    return found


def agrees(space: Space, source: Tables, va: int, wanted: oracle.Answer) -> None:
    found = walk(space, source, va)
    told = (found.outcome, found.pa, found.page_size, found.kernel, found.user)
    assert told == tuple(wanted), hex(va)


def regions_agree(
    space: Space, held: dict[int, int], width: int, wanted: dict[int, oracle.Answer]
) -> None:
    """Each page of the second walker lies in exactly one region that says the same of it; none is too many."""
    regions = survey(space, memory(held, width)).regions
    pages = {
        va - answer.pa % answer.size: answer
        for va, answer in wanted.items()
        if answer.pa is not None and answer.size is not None
    }
    for va, answer in pages.items():
        assert answer.pa is not None and answer.size is not None
        holders = [region for region in regions if region.va <= va < region.va + region.size]
        assert len(holders) == 1, hex(va)
        region = holders[0]
        told = (region.pa + va - region.va, region.page_size, region.kernel, region.user)
        base = answer.pa - answer.pa % answer.size
        assert told == (base, answer.size, answer.kernel, answer.user), hex(va)
    sizes = [answer.size for answer in pages.values() if answer.size is not None]
    assert sum(region.size for region in regions) == sum(sizes)


@given(held64, modes, cr0s, extras, st.sampled_from([0, NXE]), widths, anything)
@settings(max_examples=120)
def test_each_walk_of_64_bit_entries(held, mode, cr0, extra, nxe, lines, va) -> None:
    cr4, efer = PAE | mode[0] | extra, mode[1] | nxe
    space = space_of(cr0, CR3, cr4, efer, lines)
    word, source = reader(held, 8), memory(held, 8)
    places = addresses(space.mode)
    if va >= 2**32 and space.mode == "pae":
        va %= 2**32
    for place in [va, *places[:: max(1, len(places) // 60)], places[-1] + 0xABC]:
        wanted = oracle.translate64(word, cr0, CR3, cr4, efer, lines, place)
        agrees(space, source, place, wanted)


@given(held64, modes, cr0s, extras, st.sampled_from([0, NXE]), widths)
@settings(max_examples=40)
def test_regions_of_64_bit_entries(held, mode, cr0, extra, nxe, lines) -> None:
    cr4, efer = PAE | mode[0] | extra, mode[1] | nxe
    space = space_of(cr0, CR3, cr4, efer, lines)
    word = reader(held, 8)
    wanted = {
        va: oracle.translate64(word, cr0, CR3, cr4, efer, lines, va)
        for va in addresses(space.mode)
        if reachable(space, held, va)
    }
    source = memory(held, 8)
    mapped = [va for va, answer in wanted.items() if answer.pa is not None]
    for va in mapped[:: max(1, len(mapped) // 40)]:
        agrees(space, source, va, wanted[va])
    regions_agree(space, held, 8, wanted)


def reachable(space: Space, held: dict[int, int], va: int) -> bool:
    """A cheap first look, so that the slow walker need not see each of the addresses of five levels."""
    high, low = oracle.SELECT[space.mode][0]
    first = held.get(CR3 + 8 * oracle.field64(va, high, low), 0)
    if not first & 1:
        return False
    high, low = oracle.SELECT[space.mode][1]
    table = oracle.field64(first, 51, 12) * 4096
    return bool(held.get(table + 8 * oracle.field64(va, high, low), 0) & 1)


@given(held32, cr0s, st.sampled_from([0, PSE, PSE | PGE, PSE | SMEP | SMAP]))
@settings(max_examples=100)
def test_regions_and_walks_of_32_bit_entries(held, cr0, cr4) -> None:
    space = space_of(cr0, CR3, cr4)
    word, source = reader(held, 4), memory(held, 4)
    wanted = {}
    for pdi, pti in itertools.product(SLOTS_32, repeat=2):
        va = pdi << 22 | pti << 12
        wanted[va] = oracle.translate(word, cr0, CR3, cr4, va)
        agrees(space, source, va, wanted[va])
    regions_agree(space, held, 4, wanted)


def test_65536_equal_entries_are_65536_pages() -> None:
    """One page table of equal entries under 128 slots: nothing merges, and nothing is skipped."""
    t1, t2, t3 = TABLES[1:]
    held = {CR3: t1 | 7, t1: t2 | 7}
    held |= {t2 + 8 * slot: t3 | 7 for slot in range(128)}
    held |= {t3 + 8 * slot: 0x0030_0000 | 7 for slot in range(512)}
    regions = survey(space_of(PG | WP | 1, CR3, PAE, LMA), memory(held, 8)).regions
    assert [region.va for region in regions] == [page << 12 for page in range(65536)]
    assert {(region.pa, region.size) for region in regions} == {(0x0030_0000, 4096)}
