"""What a guest of tests/guests/modes declares of itself, and what QEMU's monitor says of it.

A `.truth` file is written from the SDM, by people, never by a walker:

    map  VA-VA  p:PA  4K|2M|4M|1G  KERNEL USER  FLAGS     pages that the space maps
    self VA-VA  ...                                       the same, in a self-map slot
    data VA-VA  ...                                       the same, where the window shows a large page's data
    none VA  OUTCOME  ENTRY                               an address without a page, and the entry to blame
    space PA                                              what follows is of this directory (--cr3)
    wrong tlb|mem|gva2gpa  VA-VA  COUNT  REASON           where QEMU's monitor is wrong, and in how many places
    hangs mem  REASON                                     what QEMU's monitor must not be asked
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from conftest import ROOT

MODES = ROOT / "tests/guests/modes"
SIZES = {"4K": 1 << 12, "2M": 1 << 21, "4M": 1 << 22, "1G": 1 << 30}


class Region(NamedTuple):
    va: int
    end: int
    pa: int
    page_size: int
    kernel: str
    user: str
    flags: tuple[str, ...]
    slot: str  # what it is in the file: map, self or data

    @property
    def self_map(self) -> bool:
        return self.slot != "map"

    def pages(self) -> Iterator[Page]:
        for offset in range(0, self.end - self.va, self.page_size):
            yield Page(self.va + offset, self.pa + offset, *self[3:])


class Page(NamedTuple):
    va: int
    pa: int
    page_size: int
    kernel: str
    user: str
    flags: tuple[str, ...]
    slot: str


class Hole(NamedTuple):
    """`blame` is the entry's name, empty where no entry is to blame."""

    va: int
    outcome: str
    blame: str


class Wrong(NamedTuple):
    what: str
    va: int
    end: int
    count: int
    reason: str


@dataclass
class Truth:
    """One space. `others` are further directories of the guest, by their address."""

    regions: list[Region] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    others: dict[int, Truth] = field(default_factory=dict)

    def pages(self) -> dict[int, Page]:
        return {page.va: page for region in self.regions for page in region.pages()}


def names() -> list[str]:
    return sorted(path.stem for path in MODES.glob("*.truth"))


def load(name: str) -> Truth:
    whole = current = Truth()
    for line in (MODES / f"{name}.truth").read_text(encoding="ascii").splitlines():
        kind, *words = line.split("#")[0].split() or [""]
        if kind in ("map", "self", "data"):
            current.regions.append(_region(words, kind))
        elif kind == "none":
            blame = " ".join(words[2:])
            current.holes.append(Hole(int(words[0], 16), words[1], "" if blame == "-" else blame))
        elif kind == "wrong":
            current.wrong.append(
                Wrong(words[0], *_range(words[1]), int(words[2]), " ".join(words[3:]))
            )
        elif kind == "hangs":
            current.hangs.append(words[0])
        elif kind == "space":
            current = whole.others[int(words[0], 16)] = Truth()
        else:
            assert not kind, f"{name}.truth: {line}"
    return whole


def _range(text: str) -> tuple[int, int]:
    first, end = text.split("-")
    return int(first, 16), int(end, 16)


def _region(words: list[str], slot: str) -> Region:
    bounds, pa, page, kernel, user, *flags = words
    return Region(
        *_range(bounds),
        int(pa.removeprefix("p:"), 16),
        SIZES[page],
        kernel,
        user,
        tuple(flag for flag in flags if flag != "-"),
        slot,
    )


def of_records(records: Iterable[dict[str, object]]) -> list[Region]:
    """The regions of `pagemap --json`."""
    found = []
    for record in records:
        assert record["record"] == "region", record
        va, size = int(str(record["va"]), 16), record["size"]
        assert isinstance(size, int) and isinstance(record["flags"], list)
        found.append(
            Region(
                va,
                va + size,
                int(str(record["pa"]), 16),
                int(str(record["page_size"])),
                str(record["kernel"]),
                str(record["user"]),
                tuple(record["flags"]),
                "self" if record["self_map"] else "map",
            )
        )
    return found


# Letters of `info tlb` and the flags they stand for; P is PS. It shows no PAT.
_TLB = re.compile(
    r"([0-9a-f]{16}): ([0-9a-f]{16}) ([-X])([-G])([-P])([-D])([-A])([-C])([-T])([-U])([-W])"
)
_MEM = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16}) [0-9a-f]{16} ([-u])([-r])([-w])")


class TlbPage(NamedTuple):
    """What a line of `info tlb` says of a page: its frame and the leaf's bits, without A and D."""

    pa: int
    letters: str


def tlb_says(text: str) -> dict[int, TlbPage]:
    found = {}
    for match in _TLB.finditer(text):
        va, pa, nx, global_, ps, _d, _a, *rest = match.groups()
        found[int(va, 16)] = TlbPage(int(pa, 16), nx + global_ + ps + "".join(rest))
    return found


def touched_says(text: str) -> dict[int, tuple[str, ...]]:
    """A and D of each page's own entry, by `info tlb`."""
    return {
        int(match[1], 16): tuple(flag for flag in (match[7], match[6]) if flag != "-")
        for match in _TLB.finditer(text)
    }


def tlb_should_say(page: Page) -> TlbPage:
    """The same line made from a page."""
    letters = zip("XGPCTUW", ("NX", "G", "PS", "PCD", "PWT", "US", "RW"))
    return TlbPage(page.pa, "".join(l if flag in page.flags else "-" for l, flag in letters))


def mem_says(text: str) -> list[tuple[int, int, str]]:
    """[first, end) and `urw` of each range of `info mem`."""
    return [
        (int(match[1], 16), int(match[2], 16), match[3] + match[4] + match[5])
        for match in _MEM.finditer(text)
    ]


def mem_should_say(page: Page) -> str:
    """Whether the user can reach it, the kernel read it, the kernel write it."""
    return ("u" if page.user != "---" else "-") + page.kernel[:2]
