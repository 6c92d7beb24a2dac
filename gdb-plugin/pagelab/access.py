"""Who may do what with a page: the AND of all levels, as CR0.WP, NX, SMEP and SMAP change it.

SDM vol. 3A, 4.6.1, with EFLAGS.AC = 0. No protection keys, no shadow stacks.
"""

from __future__ import annotations

from .space import Space

NOTHING = "---"


def rights(space: Space, writable: bool, user: bool, executable: bool) -> tuple[str, str]:
    """(kernel, user) as `rwx`; the arguments are the AND of RW, of US, and of not-NX."""
    kernel_reads = not (user and space.smap)
    kernel_writes = kernel_reads and (writable or not space.wp)
    kernel_fetches = executable and not (user and space.smep)
    return (
        letters(kernel_reads, kernel_writes, kernel_fetches),
        letters(user, user and writable, user and executable),
    )


def letters(read: bool, write: bool, fetch: bool) -> str:
    return ("r" if read else "-") + ("w" if write else "-") + ("x" if fetch else "-")


# Bits of a page fault's error code (SDM 3A 4.7).
CODE_PROTECTION, CODE_WRITE, CODE_USER, CODE_RESERVED, CODE_FETCH = 1, 2, 4, 8, 16
READ, WRITE, FETCH = "read", "write", "fetch"


def allows(
    space: Space, writable: bool, user: bool, executable: bool, kind: str, by_user: bool
) -> bool:
    """Whether entries that give these together let the access through."""
    kernel, users = rights(space, writable, user, executable)
    letter = {READ: "r", WRITE: "w", FETCH: "x"}[kind]
    return letter in (users if by_user else kernel)
