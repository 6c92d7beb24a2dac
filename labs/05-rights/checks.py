"""Lab 5: what both levels together allow."""

from itertools import product

from checker.checks import Bench, Checks
from checker.guest import A, D, P, RW, US

checks = Checks()

PAGE = 4096
VA = 0x50003000
KERNEL, USER = False, True
READ, WRITE = False, True

# The sheet's table: PDE, PTE, CR0.WP, who, what. No entry is present but where P is written.
ACCESSES = [
    (P | RW | US, P | RW | US, 1, KERNEL, READ),
    (P | RW | US, P | RW | US, 1, KERNEL, WRITE),
    (P | RW | US, P | RW | US, 1, USER, READ),
    (P | RW | US, P | RW | US, 1, USER, WRITE),
    (P | RW | US, P | US, 1, USER, READ),
    (P | RW | US, P | US, 1, USER, WRITE),
    (P | RW | US, P | US, 1, KERNEL, READ),
    (P | RW | US, P | US, 1, KERNEL, WRITE),
    (P | RW | US, P | US, 0, KERNEL, WRITE),
    (P | RW | US, P | US, 0, USER, WRITE),
    (P | US, P | RW | US, 1, USER, WRITE),
    (P | US, P | RW | US, 1, KERNEL, WRITE),
    (P | US, P | RW | US, 0, KERNEL, WRITE),
    (P | RW, P | RW | US, 1, USER, READ),
    (P | RW, P | RW | US, 1, KERNEL, WRITE),
    (P | RW | US, P | RW, 1, KERNEL, READ),
    (P | RW | US, P | RW, 1, KERNEL, WRITE),
    (P | RW | US, P | RW, 0, USER, READ),
    (P | RW | US, RW | US, 1, KERNEL, READ),
    (RW | US, P | RW | US, 0, KERNEL, READ),
]


def allowed(pde: int, pte: int, wp: int, user: bool, write: bool) -> bool:
    """SDM 3A 4.6.1."""
    both = pde & pte
    if not both & P or (user and not both & US):
        return False
    return not write or bool(both & RW) or (not user and not wp)


def entry(bits: int) -> int:
    """Without what the CPU sets."""
    return bits & ~(A | D)


def try_all(bench: Bench, write: bool, user: bool, wp: int) -> None:
    rights = (P, P | RW, P | US, P | RW | US)
    absent = [(RW | US, P | RW | US), (P | RW | US, RW | US)]
    for pde, pte in [*product(rights, rights), *absent]:
        expected = int(allowed(pde, pte, wp, user, write))
        answer = bench.call("may", 0x00300000 | pde, 0x00400000 | pte, int(write), int(user), wp)
        bench.expect(
            f"may(PDE {pde:#05x}, PTE {pte:#05x}, write {int(write)}, user {int(user)}, wp {wp})",
            expected,
            answer,
        )


@checks.add("may: reads by the kernel", 1)
def kernel_reads(bench: Bench) -> None:
    try_all(bench, READ, KERNEL, 1)


@checks.add("may: reads by ring 3", 2)
def user_reads(bench: Bench) -> None:
    try_all(bench, READ, USER, 1)


@checks.add("may: writes by ring 3, whatever CR0.WP is", 2)
def user_writes(bench: Bench) -> None:
    try_all(bench, WRITE, USER, 1)
    try_all(bench, WRITE, USER, 0)


@checks.add("may: writes by the kernel, with CR0.WP and without", 3)
def kernel_writes(bench: Bench) -> None:
    try_all(bench, WRITE, KERNEL, 1)
    try_all(bench, WRITE, KERNEL, 0)


@checks.add("user_may_read: both levels, both bits", 3)
def reads_of_ring_3(bench: Bench) -> None:
    bench.setup(f"map {VA:#x} rwu; map {VA + PAGE:#x} rw")
    bench.expect(f"user_may_read({VA:#x})", 1, bench.call("user_may_read", VA))
    bench.expect(
        f"user_may_read({VA + PAGE:#x}), a page of the kernel's",
        0,
        bench.call("user_may_read", VA + PAGE),
    )
    bench.expect("of a page that is absent", 0, bench.call("user_may_read", VA + 2 * PAGE))
    bench.expect("of one in a table that is absent", 0, bench.call("user_may_read", 0x60000000))
    bench.setup(f"setpde {VA >> 22} {bench.guest.pde(VA) & ~US:#x}")
    bench.expect(
        f"user_may_read({VA:#x}), whose PDE is the kernel's", 0, bench.call("user_may_read", VA)
    )


@checks.add("map: the page has exactly the rights that were asked for", 1)
def map_gives_rights(bench: Bench) -> None:
    bench.setup(f"map {VA + PAGE:#x} rwu")
    frame = bench.frame()
    bench.call("map", VA, frame, US)
    bench.expect("PTE", frame | P | US, entry(bench.guest.pte(VA)))


@checks.add("map: a page of the kernel's, or a read-only one, does not restrict its neighbours", 3)
def map_restricts_nobody(bench: Bench) -> None:
    bench.call("map", VA, bench.frame(), 0)
    neighbour = bench.frame()
    bench.call("map", VA + PAGE, neighbour, RW | US)
    bench.expect(
        "RW and US of both levels",
        RW | US,
        bench.guest.pde(VA) & bench.guest.pte(VA + PAGE) & (RW | US),
    )


@checks.add("kernel_only: the entry, and nothing else", 2)
def kernel_only_changes_the_page(bench: Bench) -> None:
    bench.setup(f"map {VA:#x} rwu 2")
    table, page, other = bench.guest.pde(VA), bench.guest.pte(VA), bench.guest.pte(VA + PAGE)
    bench.call("kernel_only", VA)
    bench.expect("PTE", entry(page & ~US), entry(bench.guest.pte(VA)))
    bench.expect("the next page's PTE", entry(other), entry(bench.guest.pte(VA + PAGE)))
    bench.expect("PDE", entry(table), entry(bench.guest.pde(VA)))


@checks.add("predict: 20 accesses", 3)
def predictions(bench: Bench) -> None:
    for number, access in enumerate(ACCESSES, 1):
        bench.expect(f"access {number}", int(allowed(*access)), bench.call("predict", number))
