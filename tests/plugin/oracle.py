"""A second walker, written from the SDM's figure 4-2 and 4-3 with strings of bits and no table of
formats, so that it shares no line and no idea with the package. 32-bit paging only."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Word = Callable[[int], "int | None"]


class Answer(NamedTuple):
    outcome: str
    pa: int | None
    size: int | None
    kernel: str
    user: str


def bit(word: int, position: int) -> bool:
    return format(word, "032b")[31 - position] == "1"


def field(word: int, high: int, low: int) -> int:
    return int(format(word, "032b")[31 - high : 32 - low], 2)


def translate(word: Word, cr0: int, cr3: int, cr4: int, va: int) -> Answer:
    def nothing(outcome: str) -> Answer:
        return Answer(outcome, None, None, "---", "---")

    if not bit(cr0, 31):
        return nothing("paging-off")
    pde = word(field(cr3, 31, 12) * 4096 + field(va, 31, 22) * 4)
    if pde is None:
        return nothing("unreadable")
    if not bit(pde, 0):
        return nothing("not-present")
    if bit(cr4, 4) and bit(pde, 7):
        if bit(pde, 21):
            return nothing("reserved-bit")
        base = field(pde, 20, 13) * 2**32 + field(pde, 31, 22) * 2**22
        return Answer("page-4m", base + field(va, 21, 0), 2**22, *_rights([pde], cr0, cr4))
    pte = word(field(pde, 31, 12) * 4096 + field(va, 21, 12) * 4)
    if pte is None:
        return nothing("unreadable")
    if not bit(pte, 0):
        return nothing("not-present")
    pa = field(pte, 31, 12) * 4096 + field(va, 11, 0)
    return Answer("page-4k", pa, 4096, *_rights([pde, pte], cr0, cr4))


def _rights(entries: list[int], cr0: int, cr4: int) -> tuple[str, str]:
    user_page = min(bit(entry, 2) for entry in entries)
    read_only = not min(bit(entry, 1) for entry in entries)
    kernel = list("rwx")
    if read_only and bit(cr0, 16):
        kernel[1] = "-"
    if user_page and bit(cr4, 21):
        kernel[0] = kernel[1] = "-"
    if user_page and bit(cr4, 20):
        kernel[2] = "-"
    user = "---" if not user_page else "r-x" if read_only else "rwx"
    return "".join(kernel), user


# The same for the modes with 64-bit entries. Each mode is written out by itself: the bits of a virtual address
# that select the entry of each level, from the top (SDM 4.4.2, 4.5.3, 4.5.4).
SELECT = {
    "pae": ((31, 30), (29, 21), (20, 12)),
    "4-level": ((47, 39), (38, 30), (29, 21), (20, 12)),
    "5-level": ((56, 48), (47, 39), (38, 30), (29, 21), (20, 12)),
}
LARGE = {"page-1g": (29, 2**30), "page-2m": (20, 2**21), "page-4k": (11, 2**12)}


def bit64(word: int, position: int) -> bool:
    return format(word, "064b")[63 - position] == "1"


def field64(word: int, high: int, low: int) -> int:
    return int(format(word, "064b")[63 - high : 64 - low], 2)


def canonical(mode: str, va: int) -> bool:
    if mode == "pae":
        return va < 2**32
    top = 47 if mode == "4-level" else 56
    return format(va, "064b")[: 64 - top] in ("0" * (64 - top), "1" * (64 - top))


def translate64(word: Word, cr0: int, cr3: int, cr4: int, efer: int, lines: int, va: int) -> Answer:
    """PAE, 4-level and 5-level paging; `lines` is MAXPHYADDR. With CR0.PG = 1."""
    mode = ("5-level" if bit64(cr4, 12) else "4-level") if bit64(efer, 10) else "pae"

    def nothing(outcome: str) -> Answer:
        return Answer(outcome, None, None, "---", "---")

    if not canonical(mode, va):
        return nothing("non-canonical")
    table = field64(cr3, 31, 5) * 32 if mode == "pae" else field64(cr3, 51, 12) * 4096
    entries: list[int] = []
    for left, (high, low) in zip(range(len(SELECT[mode]), 0, -1), SELECT[mode]):
        entry = word(table + field64(va, high, low) * 8)
        if entry is None:
            return nothing("unreadable")
        if not bit64(entry, 0):
            return nothing("not-present")
        leaf = {3: "page-1g", 2: "page-2m", 1: "page-4k"}.get(left, "")
        if left == 3 and mode == "pae":
            leaf = ""
        is_page = left == 1 or (leaf != "" and bit64(entry, 7))
        if _must_be_zero(mode, left, entry, efer, lines, leaf if is_page else ""):
            return nothing("reserved-bit")
        if not (left == 3 and mode == "pae"):
            entries.append(entry)
        if is_page:
            top, size = LARGE[leaf]
            base = field64(entry, 51, top + 1) * 2 ** (top + 1)
            return Answer(leaf, base + field64(va, top, 0), size, *_rights64(entries, cr0, cr4))
        table = field64(entry, 51, 12) * 4096
    raise AssertionError("the last level maps a page or stops")


def _must_be_zero(mode: str, left: int, entry: int, efer: int, lines: int, leaf: str) -> bool:
    """Whether a bit is set that tables 4-8 to 4-20 of the SDM call reserved. `left`: levels from here on."""
    positions = list(range(lines, 52))
    if mode == "pae":
        positions += range(max(lines, 52), 63)
    if not bit64(efer, 11):
        positions.append(63)
    if mode == "pae" and left == 3:
        # Bit 5 is reserved too; QEMU's TCG sets it there as if it were A, so it is let through.
        positions += [1, 2, 6, 7, 8, 63]
    elif left >= 4:
        positions.append(7)
    elif leaf == "page-1g":
        positions += range(13, 30)
    elif leaf == "page-2m":
        positions += range(13, 21)
    return any(bit64(entry, position) for position in positions)


def _rights64(entries: list[int], cr0: int, cr4: int) -> tuple[str, str]:
    kernel, user = _rights([entry % 2**32 for entry in entries], cr0, cr4)
    if any(bit64(entry, 63) for entry in entries):
        kernel, user = kernel[:2] + "-", user[:2] + "-"
    return kernel, user
