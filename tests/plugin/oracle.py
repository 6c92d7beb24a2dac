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
