"""PAE, 4-level and 5-level: the same walk over other tables."""

from __future__ import annotations

import pytest

from guests import CR3, LA57, LMA, NXE, PAE, PG, WP, four_level, memory, pae
from pagelab import formats, render
from pagelab.regions import survey
from pagelab.space import Space, mode_of, space_of
from pagelab.walk import Walk, walk

NX = 1 << 63
T1, T2, T3, T4 = 0x0020_0000, 0x0020_1000, 0x0020_2000, 0x0020_3000


def lookup(space: Space, words: dict[int, int], va: int) -> Walk:
    return walk(space, memory(words, width=8), va)


@pytest.mark.parametrize(
    "cr0, cr4, efer, mode",
    [
        (0, PAE, LMA, "off"),
        (PG, 0, 0, "32-bit"),
        (PG, PAE, 0, "pae"),
        (PG, PAE, LMA, "4-level"),
        (PG, PAE | LA57, LMA, "5-level"),
        (PG, PAE | LA57, 0, "pae"),
    ],
)
def test_the_mode_follows_from_the_registers(cr0: int, cr4: int, efer: int, mode: str) -> None:
    assert mode_of(cr0, cr4, efer) == mode


def test_pae_walks_three_levels_and_its_pdpte_has_no_rights() -> None:
    va = 0xC0A0_1234  # 3:5:1
    words = {CR3 + 8 * 3: T1 | 1, T1 + 8 * 5: T2 | 7, T2 + 8: 0x0030_0000 | NX | 0x7}
    found = lookup(pae(), words, va)
    assert (found.outcome, found.pa, found.kernel, found.user) == (
        "page-4k",
        0x0030_0234,
        "rw-",
        "rw-",
    )
    assert found.steps[-1].entry.flags == ("P", "RW", "US", "NX")
    assert [step.name for step in found.steps] == ["PDPTE 3", "PDE 3:5", "PTE 3:5:1"]


def test_pae_directory_pointers_lie_on_32_bytes() -> None:
    found = lookup(pae(cr3=CR3 | 0x3FE0), {(CR3 | 0x3FE0): T1 | 0x6}, 0)
    assert found.steps[0].entry_pa == CR3 | 0x3FE0
    assert found.outcome == "not-present"


@pytest.mark.parametrize("bit", [1, 2, 6, 7, 8, 63])
def test_pae_reserves_bits_of_its_pdpte(bit: int) -> None:
    assert lookup(pae(), {CR3: T1 | 1 | 1 << bit}, 0).outcome == "reserved-bit"


def test_pae_maps_2_mib() -> None:
    found = lookup(pae(), {CR3: T1 | 1, T1 + 8: 0x0060_0000 | 0x1083}, 0x0032_1234)
    assert (found.outcome, found.pa) == ("page-2m", 0x0072_1234)
    assert found.steps[-1].entry.flags == ("P", "RW", "PS", "PAT")


@pytest.mark.parametrize("bit", range(13, 21))
def test_a_2_mib_page_reserves_its_low_address_bits(bit: int) -> None:
    assert lookup(pae(), {CR3: T1 | 1, T1: 0x83 | 1 << bit}, 0).outcome == "reserved-bit"


def test_nx_is_reserved_until_efer_enables_it() -> None:
    words = {CR3: T1 | 1, T1: T2 | 3, T2: NX | 3}
    assert lookup(pae(efer=0), words, 0).outcome == "reserved-bit"
    assert lookup(pae(efer=NXE), words, 0).kernel == "rw-"


def test_four_levels_and_both_rings() -> None:
    va = 0xFFFF_8000_0040_3456
    words = {CR3 + 8 * 256: T1 | 7, T1: T2 | 7, T2 + 8 * 2: T3 | 5, T3 + 8 * 3: 0x0030_0007}
    found = lookup(four_level(), words, va)
    assert (found.pa, found.kernel, found.user) == (0x0030_0456, "r-x", "r-x")
    text = render.walk_text(found)
    assert text.startswith("0xffff800000403456 = 256:0:2:3:0x456  cr3 p:0x00105000  4-level\n")
    assert "PTE 256:0:2:3  -  p:0x00202018" in text


def test_a_1_gib_page() -> None:
    words = {CR3: T1 | 3, T1 + 8: 0x4000_0083}
    found = lookup(four_level(), words, 0x7FFF_FFFF)
    assert (found.outcome, found.pa) == ("page-1g", 0x7FFF_FFFF)
    assert lookup(four_level(), {CR3: T1 | 3, T1: 0x2083}, 0).outcome == "reserved-bit"


def test_ps_is_reserved_in_a_pml4e() -> None:
    assert lookup(four_level(), {CR3: T1 | 0x83}, 0).outcome == "reserved-bit"


def test_address_bits_beyond_the_cpu_are_reserved() -> None:
    assert lookup(four_level(bits=40), {CR3: 1 << 40 | 3}, 0).outcome == "reserved-bit"
    assert lookup(four_level(bits=41), {CR3: 1 << 40 | 3}, 0).outcome == "unreadable"


@pytest.mark.parametrize("va", [0x0000_8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 1 << 63])
def test_addresses_in_the_hole_are_not_canonical(va: int) -> None:
    found = lookup(four_level(), {}, va)
    assert (found.outcome, found.steps) == ("non-canonical", ())
    assert render.walk_text(found).endswith("no page: the address is not canonical")


def test_five_levels() -> None:
    space = four_level(cr4=LA57)
    words = {CR3 + 8 * 511: T1 | 3, T1: T2 | 3, T2: T3 | 3, T3: T4 | 3, T4: 0x0030_0003}
    found = lookup(space, words, 0xFFFF_0000_0000_0010)
    assert (found.pa, len(found.steps)) == (0x0030_0010, 5)


def test_the_self_map_of_four_levels() -> None:
    words = {CR3 + 8 * 510: CR3 | 3, CR3: T1 | 3, T1: T2 | 3, T2: T3 | 3, T3: 0x0030_0003}
    found = lookup(four_level(), words, 0)
    assert [step.entry_va for step in found.steps] == [
        0xFFFF_FF7F_BFDF_E000,
        0xFFFF_FF7F_BFC0_0000,
        0xFFFF_FF7F_8000_0000,
        0xFFFF_FF00_0000_0000,
    ]
    for depth, step in enumerate(found.steps):
        assert step.entry_va is not None
        through = lookup(four_level(), words, step.entry_va)
        assert through.pa == step.entry_pa
        assert through.self_map == ("directory", "table 0", "table 0:0", "table 0:0:0")[depth]


def test_maps_of_four_levels_fold_the_self_map() -> None:
    words = {
        CR3 + 8 * 510: CR3 | 3,
        CR3: T1 | 3,
        T1: T2 | 3,
        T2: 0x0020_0083,
        CR3 + 8 * 256: T1 | 3,
    }
    found = survey(four_level(), memory(words, width=8))
    text = render.maps_text(found).splitlines()
    assert text[0].startswith(
        "0x0000000000000000-0x0000000000200000     2 MiB  p:0x00200000  2 MiB"
    )
    assert text[1].startswith("0xffff800000000000-0xffff800000200000")
    assert text[2].startswith("0xffffff0000000000-0xffffff8000000000   512 GiB  self-map of p:")
    assert text[2].endswith("2 tables  kernel rwx  user ---")
    assert text[3].startswith("3 regions")


def test_every_mode_covers_its_addresses_without_gap_or_overlap() -> None:
    for layout in formats.FORMATS.values():
        shifts = [level.shift for level in layout.levels]
        assert shifts[-1] == formats.PAGE_SHIFT
        for upper, lower in zip(layout.levels, layout.levels[1:]):
            assert upper.shift == lower.shift + lower.bits
        assert layout.levels[0].shift + layout.levels[0].bits == layout.va_bits


def test_space_of_defaults_lose_no_page() -> None:
    assert space_of(PG | WP, CR3, 0).maxphyaddr == 40
    assert space_of(PG | WP, CR3, PAE).maxphyaddr == 52


def test_maps_leave_out_pages_with_reserved_bits() -> None:
    words = {CR3: T1 | 1, T1: T2 | 3, T2: 0x0030_0003, T2 + 8: 0x0030_1003 | NX, T2 + 16: NX | 3}
    found = survey(pae(efer=0), memory(words, width=8))
    assert [(region.va, region.size) for region in found.regions] == [(0, 4096)]
    with_nx = survey(pae(efer=NXE), memory(words, width=8)).regions
    assert [region.kernel for region in with_nx] == ["rwx", "rw-", "rw-"]


def test_a_run_ends_where_the_cpu_has_no_more_address_bits() -> None:
    last = (1 << 40) - 0x1000
    words = {CR3: T1 | 1, T1: T2 | 3, T2: last | 3, T2 + 8: last + 0x1000 | 3}
    assert [r.size for r in survey(pae(bits=41), memory(words, width=8)).regions] == [0x2000]
    assert [r.size for r in survey(pae(bits=40), memory(words, width=8)).regions] == [0x1000]
