"""Where there is memory, as QEMU's monitor tells it."""

from __future__ import annotations

from pagelab.ram import RamMap, parse_mtree

TEXT = """FlatView #0
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-0000000000000007 (prio 0, ram): no-memory-of-the-cpu

FlatView #1
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): pc.ram
  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem
  00000000000c0000-00000000000fffff (prio 0, rom): pc.ram @00000000000c0000
  0000000000100000-0000000000ffffff (prio 0, ram): pc.ram @0000000000100000
  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi
  00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios
"""


def test_the_view_of_the_cpu_is_read() -> None:
    assert parse_mtree(TEXT) == RamMap(
        ((0, 0xA0000), (0xC0000, 0x1000000), (0xFFFC0000, 0x100000000)),
        ((0, 0xA0000), (0x100000, 0x1000000)),
    )


def test_a_read_must_lie_in_memory_as_a_whole() -> None:
    found = parse_mtree(TEXT)
    assert found is not None
    assert found.holds(0xFFF000, 0x1000)
    assert found.holds(0xFFFFF, 2)
    assert not found.holds(0xFFF001, 0x1000)
    assert not found.holds(0xA0000, 4)
    assert not found.holds(0xFEE00000, 4)
    assert not found.holds(0x7F000000, 4096)


def test_what_is_no_such_text_says_nothing() -> None:
    assert parse_mtree("") is None
    assert parse_mtree("unknown command: 'info mtree -f'") is None


def test_all_some_or_none_of_a_range_is_ram() -> None:
    found = parse_mtree(TEXT)
    assert found is not None
    assert found.ram_of(0x10_0000, 0x10_0000) is True
    assert found.ram_of(0x9_F000, 0x2000) is None
    assert found.ram_of(0xFFFC_0000, 0x1000) is False
