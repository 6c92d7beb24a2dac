"""Lab 4: entries and the TLB. What the CPU uses is seen in RAM: a write goes where its TLB says."""

from checker.checks import Bench, Checks
from checker.guest import A, D, P, RW, US

checks = Checks()

PAGE = 4096
VA = 0x40005000
FIRST, SECOND = 0x11111111, 0x22222222


def entry(bits: int) -> int:
    """Without what the CPU sets."""
    return bits & ~(A | D)


def mapped(bench: Bench, va: int = VA, rights: str = "rw") -> int:
    """A frame of the check's, mapped and written once, so that the TLB knows it."""
    frame = bench.frame()
    bench.setup(f"map {va:#x} p:{frame:#x} {rights}; poke {va:#x} {FIRST:#x}")
    return frame


@checks.add("unmap: the PTE is not present, and the answer is the frame", 2)
def unmap_clears(bench: Bench) -> None:
    frame = mapped(bench)
    bench.expect("unmap's answer", frame, bench.call("unmap", VA))
    bench.expect("P of the PTE", 0, bench.guest.pte(VA) & P)


@checks.add("unmap: what is not mapped gives 0 and stays", 2)
def unmap_of_nothing(bench: Bench) -> None:
    mapped(bench)
    bench.expect("unmap(0x50000000), where no table is", 0, bench.call("unmap", 0x50000000))
    bench.setup(f"setpte {VA + PAGE:#x} 0x00700002")
    bench.expect("unmap of a PTE without P", 0, bench.call("unmap", VA + PAGE))
    bench.expect("that PTE", 0x00700002, bench.guest.pte(VA + PAGE))


@checks.add("unmap: its neighbours and the table stay", 2)
def unmap_keeps_the_rest(bench: Bench) -> None:
    mapped(bench)
    other = mapped(bench, VA + PAGE)
    table = bench.guest.pde(VA)
    bench.call("unmap", VA)
    bench.expect("PTE of the next page", other | P | RW, entry(bench.guest.pte(VA + PAGE)))
    bench.expect("PDE", entry(table), entry(bench.guest.pde(VA)))


@checks.add("unmap: the CPU no longer uses the page", 4)
def unmap_flushes(bench: Bench) -> None:
    frame = mapped(bench)
    bench.call("unmap", VA)
    bench.try_command(f"poke {VA:#x} {SECOND:#x}")
    bench.expect(
        "the frame's first word after a write to the address", FIRST, bench.guest.word(frame)
    )


@checks.add("move: the PTE has the new frame and the old rights", 1)
def move_writes_the_entry(bench: Bench) -> None:
    mapped(bench, rights="rwu")
    frame = bench.frame()
    bench.call("move", VA, frame)
    bench.expect("PTE", frame | P | RW | US, entry(bench.guest.pte(VA)))


@checks.add("move: the CPU uses the new frame", 3)
def move_flushes(bench: Bench) -> None:
    old = mapped(bench)
    new = bench.frame()
    bench.call("move", VA, new)
    bench.try_command(f"poke {VA:#x} {SECOND:#x}")
    bench.expect(
        "the new frame's first word after a write to the address", SECOND, bench.guest.word(new)
    )
    bench.expect("the old frame's", FIRST, bench.guest.word(old))


@checks.add("make_read_only: the PTE is read-only", 1)
def read_only_writes_the_entry(bench: Bench) -> None:
    frame = mapped(bench)
    bench.call("make_read_only", VA)
    bench.expect("PTE", frame | P, entry(bench.guest.pte(VA)))


@checks.add("make_read_only: the CPU no longer writes there", 3)
def read_only_flushes(bench: Bench) -> None:
    frame = mapped(bench)
    bench.call("make_read_only", VA)
    bench.try_command(f"poke {VA:#x} {SECOND:#x}")
    bench.expect(
        "the frame's first word after a write to the address", FIRST, bench.guest.word(frame)
    )


def switched(bench: Bench) -> tuple[int, int, int]:
    """Another table with another page, and what switch_table answered: (table, page, answer)."""
    mapped(bench)
    table, page = bench.frame(), bench.frame()
    bench.setup(f"poke p:{table + (VA >> 12 & 1023) * 4:#x} {page | P | RW:#x}")
    return table, page, bench.call("switch_table", VA, table)


@checks.add("switch_table: the CPU uses the new table's page", 2)
def switch_flushes_the_page(bench: Bench) -> None:
    table, page, _ = switched(bench)
    bench.expect("PDE", table | P | RW | US, entry(bench.guest.pde(VA)) | RW | US)
    bench.try_command(f"poke {VA:#x} {SECOND:#x}")
    bench.expect(
        "the new page's first word after a write to the address", SECOND, bench.guest.word(page)
    )


@checks.add("switch_table: the window shows the new table", 4)
def switch_flushes_the_window(bench: Bench) -> None:
    _, page, answer = switched(bench)
    bench.expect("the PTE that switch_table read through the window", page | P | RW, entry(answer))
