"""Lab 3: what walk and map must do. Addresses are far apart, so that each trial has a table of its own."""

from checker.checks import Bench, Checks
from checker.guest import P, RW, US, A, D

checks = Checks()

PAGE = 4096
EMPTY = 0x50000000


def entry(bits: int) -> int:
    """Without what the CPU sets."""
    return bits & ~(A | D)


@checks.add("walk: a page that is there, with the offset", 2)
def walk_finds_a_page(bench: Bench) -> None:
    frame = bench.frame()
    bench.setup(f"map 0x40003000 p:{frame:#x} rw")
    for va in (0x40003000, 0x40003ABC, 0x40003FFF):
        bench.expect(f"walk({va:#x})", frame | (va & 0xFFF), bench.call("walk", va))
    for va in (0xC0100004, 0xFFFFF000):
        bench.expect(f"walk({va:#x})", bench.guest.translate(va), bench.call("walk", va))


@checks.add("walk: no table, and a page that is absent in a table", 2)
def walk_sees_what_is_absent(bench: Bench) -> None:
    bench.expect(f"walk({EMPTY:#x})", 0, bench.call("walk", EMPTY))
    bench.setup("map 0x40000000 rw")
    bench.expect("walk(0x40001000)", 0, bench.call("walk", 0x40001000))
    frame = bench.frame()
    bench.setup(f"setpte 0x40001000 {frame | RW | US:#x}")
    bench.expect(
        "walk(0x40001000), whose PTE has a frame but no P", 0, bench.call("walk", 0x40001000)
    )


@checks.add("walk: changes nothing", 1)
def walk_changes_nothing(bench: Bench) -> None:
    bench.setup("map 0x40000000 rw")
    before = bench.guest.pde(EMPTY), bench.guest.pte(0x40001000)
    for va in (0x40000000, 0x40001000, EMPTY):
        bench.call("walk", va)
    bench.expect("the entries", before, (bench.guest.pde(EMPTY), bench.guest.pte(0x40001000)))


@checks.add("map: a page in a table that is there", 2)
def map_in_a_table(bench: Bench) -> None:
    frame = bench.frame()
    bench.setup("map 0x40000000 rwu")
    bench.call("map", 0x40005000, frame, RW | US)
    bench.expect("PTE of 0x40005000", frame | P | RW | US, entry(bench.guest.pte(0x40005000)))


@checks.add("map: exactly the flags that were asked for", 2)
def map_with_flags(bench: Bench) -> None:
    bench.setup("map 0x40000000 rwu")
    for number, flags in enumerate((0, RW, US, RW | US)):
        frame, va = bench.frame(), 0x40010000 + number * PAGE
        bench.call("map", va, frame, flags)
        bench.expect(f"PTE of {va:#x}", frame | flags | P, entry(bench.guest.pte(va)))


@checks.add("map: where no table is yet, one is made and the page is there", 2)
def map_makes_a_table(bench: Bench) -> None:
    frame = bench.frame()
    bench.call("map", EMPTY + 7 * PAGE, frame, RW)
    bench.expect("the page's physical address", frame, bench.guest.translate(EMPTY + 7 * PAGE))
    bench.expect(
        "the new table's frame is a", "table", bench.guest.frame_role(bench.guest.pde(EMPTY))
    )


@checks.add("map: a new table is empty but for the new page", 3)
def map_zeroes_a_new_table(bench: Bench) -> None:
    frame = bench.frame()
    bench.call("map", EMPTY + 7 * PAGE, frame, RW)
    directory = bench.guest.directory()
    for index in (*range(0, 7), *range(8, 1024)):
        va = EMPTY + index * PAGE
        bench.expect(f"PTE of {va:#x}", 0, bench.guest.pte(va, directory))


@checks.add("map: a read-only first page does not restrict the 4 MiB around it", 3)
def map_leaves_rights_to_the_leaf(bench: Bench) -> None:
    first, second = bench.frame(), bench.frame()
    bench.call("map", EMPTY, first, 0)
    bench.call("map", EMPTY + PAGE, second, RW | US)
    bench.expect("RW and US of the PDE", RW | US, bench.guest.pde(EMPTY) & (RW | US))
    bench.try_command(f"poke {EMPTY + PAGE:#x} 0x12345678")
    bench.expect("what the second page holds after that", 0x12345678, bench.guest.word(second))


@checks.add("map: refuses a page that is mapped already and leaves it as it is", 2)
def map_refuses_what_is_mapped(bench: Bench) -> None:
    first, second = bench.frame(), bench.frame()
    bench.expect("map's answer to the first", 1, bench.call("map", EMPTY, first, RW))
    bench.expect("map's answer to the second", 0, bench.call("map", EMPTY, second, RW))
    bench.expect("PTE", first | P | RW, entry(bench.guest.pte(EMPTY)))


@checks.add("map: other tables and other slots stay as they are", 1)
def map_touches_nothing_else(bench: Bench) -> None:
    bench.setup("map 0x40000000 rw; map 0x60000000 rwu")
    slots = [index << 22 for index in range(768) if index != EMPTY >> 22]
    before = [entry(bench.guest.pde(va)) for va in (0x40000000, 0x60000000)]
    directory = bench.guest.directory()
    all_before = [entry(bench.guest.pde(va, directory)) for va in slots]
    bench.call("map", EMPTY, bench.frame(), RW)
    bench.expect("the slots", all_before, [entry(bench.guest.pde(va, directory)) for va in slots])
    bench.expect(
        "PDEs 256 and 384", before, [entry(bench.guest.pde(va)) for va in (0x40000000, 0x60000000)]
    )
