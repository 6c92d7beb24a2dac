"""The walk is right and total: against a second walker, on tables of every kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from guests import CR3, PG, RAM, four_level, memory, pae, two_level
from pagelab import records, render
from pagelab.space import Space, space_of
from pagelab.walk import walk

words = st.integers(0, 2**32 - 1)
# Frames near each other make tables that refer to themselves and to each other.
near = st.builds(
    lambda frame, low: frame << 12 | low, st.integers(0x104, 0x107), st.integers(0, 4095)
)
entries = st.one_of(words, near)
addresses = st.integers(0, 2**32 - 1)
cr4s = st.sampled_from([0, 1 << 4, 1 << 7, 0x90, 1 << 20, 1 << 21, 0x300090, 0x300000])
cr0s = st.sampled_from([PG | 1, PG | 1 << 16 | 1, 1])


@given(pde=entries, pte=entries, va=addresses, cr0=cr0s, cr4=cr4s, cr3=near)
def test_it_agrees_with_a_second_walker(pde, pte, va, cr0, cr4, cr3) -> None:
    held = {(cr3 & 0xFFFFF000) + (va >> 22) * 4: pde}
    held.setdefault((pde & 0xFFFFF000) + (va >> 12 & 1023) * 4, pte)
    space = space_of(cr0, cr3, cr4)
    found = walk(space, memory(held), va)
    wanted = oracle.translate(
        lambda pa: held.get(pa, 0) if pa + 4 <= RAM else None, cr0, cr3, cr4, va
    )
    assert (found.outcome, found.pa, found.page_size, found.kernel, found.user) == wanted


@given(st.dictionaries(st.integers(0x41000, 0x41FFF).map(lambda n: n * 4), entries), addresses)
def test_whatever_the_tables_hold_it_ends_and_can_be_printed(held, va) -> None:
    for cr4 in (0, 0x90):
        found = walk(two_level(cr4=cr4), memory(held), va)
        assert 1 <= len(found.steps) <= 2
        assert render.walk_text(found)
        assert json.loads(records.walk_record(found))["outcome"] == found.outcome


class Everything:
    """Memory in which each word is the same."""

    def __init__(self, byte: int) -> None:
        self._byte = byte

    def read(self, pa: int, va: int | None, size: int) -> bytes:
        return bytes([self._byte]) * size


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0x01, 0x03, 0x83, 0x81, 0x7F])
@pytest.mark.parametrize("space", [two_level(), two_level(cr4=0), pae(), four_level()])
@pytest.mark.parametrize("va", [0, 0xFFFFFFFF, 0xC0100234])
def test_hostile_memory_ends_in_a_result(byte: int, space: Space, va: int) -> None:
    found = walk(space, Everything(byte), va)
    assert len(found.steps) <= len(space.format.levels)
    assert render.walk_text(found) and records.walk_record(found)


def test_a_directory_that_is_all_its_own_table_is_walked_once_per_level() -> None:
    held = {CR3 + 4 * slot: CR3 | 3 for slot in range(1024)}
    found = walk(two_level(), memory(held), 0x12345678)
    assert found.pa == CR3 + 0x678
    assert found.self_map == "entry 414"
    assert found.steps[0].entry_va == 0xFFFFF120


def test_an_unreadable_directory_is_an_outcome() -> None:
    found = walk(two_level(cr3=0x7F00_0000), memory({}), 0)
    assert found.outcome == "unreadable"
    assert [step.raw for step in found.steps] == [None]


def test_paging_off_has_no_steps() -> None:
    found = walk(space_of(1, 0, 0), memory({}), 5)
    assert (found.outcome, found.steps, found.pa) == ("paging-off", (), None)


def test_each_walk_reads_memory_anew() -> None:
    held = {CR3: 0x0010_6003, 0x0010_6000: 0x0010_0003}
    assert walk(two_level(), memory(held), 0).pa == 0x0010_0000
    held[0x0010_6000] = 0x0020_0003
    assert walk(two_level(), memory(held), 0).pa == 0x0020_0000
