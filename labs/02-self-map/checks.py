"""Lab 2: the self-map's arithmetic, and the article's snippet."""

import random

from checker.checks import Bench, Checks
from checker.guest import A, D, P, RW, US

checks = Checks()

PAGE = 4096
VA = 0x50007000


def addresses(bench: Bench) -> list[int]:
    """Some that are easy to get wrong, and some that are the student's own."""
    own = random.Random(bench.seed)
    return [
        0,
        0xFFF,
        0x1000,
        0x003FFFFF,
        0x00400000,
        0xC0100ABC,
        0xFFFFFFFF,
        *(own.getrandbits(32) for _ in range(5)),
    ]


def slots(bench: Bench) -> list[int]:
    """Slots of self-maps that there are, and one of the student's own."""
    return [1023, 957, 768, 0, random.Random(bench.seed).randrange(1, 1023)]


@checks.add("table_window: for any slot", 2)
def tables_begin(bench: Bench) -> None:
    for slot in slots(bench):
        bench.expect(f"table_window({slot})", slot << 22, bench.call("table_window", slot))


@checks.add("directory_window: for any slot", 2)
def directory_appears(bench: Bench) -> None:
    for slot in slots(bench):
        bench.expect(
            f"directory_window({slot})",
            slot << 22 | slot << 12,
            bench.call("directory_window", slot),
        )


@checks.add("pte_address", 2)
def ptes_stand(bench: Bench) -> None:
    for va in addresses(bench):
        bench.expect(
            f"pte_address({va:#x})", 0xFFC00000 + (va >> 12) * 4, bench.call("pte_address", va)
        )


@checks.add("pde_address", 2)
def pdes_stand(bench: Bench) -> None:
    for va in addresses(bench):
        bench.expect(
            f"pde_address({va:#x})", 0xFFFFF000 + (va >> 22) * 4, bench.call("pde_address", va)
        )


@checks.add("page_of: the other way", 3)
def window_leads_back(bench: Bench) -> None:
    for va in addresses(bench):
        at = 0xFFC00000 + (va >> 12) * 4
        bench.expect(f"page_of({at:#x})", va & ~(PAGE - 1), bench.call("page_of", at))


@checks.add("map: the PDE names a frame that holds a table", 3)
def map_stores_a_frame(bench: Bench) -> None:
    frame = bench.frame()
    bench.call("map", VA, frame, P | RW)
    bench.expect("the page's physical address", frame, bench.guest.translate(VA))
    bench.expect("the frame in the PDE is a", "table", bench.guest.frame_role(bench.guest.pde(VA)))


@checks.add("map: a new table is empty but for the page", 2)
def map_zeroes(bench: Bench) -> None:
    bench.call("map", VA, bench.frame(), P | RW)
    table = bench.guest.pde(VA) & 0xFFFFF000
    for index in range(1024):
        if index != VA >> 12 & 1023:
            bench.expect(f"word {index} of the new table", 0, bench.guest.word(table + index * 4))


@checks.add("map: a table that is there is kept", 2)
def map_keeps_tables(bench: Bench) -> None:
    bench.setup(f"map {VA + PAGE:#x} rw")
    table, page = bench.guest.pde(VA) & ~(A | D), bench.guest.pte(VA + PAGE) & ~(A | D)
    bench.call("map", VA, bench.frame(), P | RW)
    bench.expect("PDE", table, bench.guest.pde(VA) & ~(A | D))
    bench.expect("the other page's PTE", page, bench.guest.pte(VA + PAGE) & ~(A | D))


@checks.add("map: a page for the kernel alone does not keep ring 3 out of the 4 MiB around it", 2)
def map_opens_the_table(bench: Bench) -> None:
    bench.call("map", VA, bench.frame(), P)
    bench.expect("RW and US of the PDE", RW | US, bench.guest.pde(VA) & (RW | US))
