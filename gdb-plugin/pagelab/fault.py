"""Why an access faults: the cause, the entry to blame, and what would allow it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from . import formats
from .access import (
    CODE_FETCH,
    CODE_PROTECTION,
    CODE_RESERVED,
    CODE_USER,
    CODE_WRITE,
    FETCH,
    READ,
    WRITE,
    allows,
)
from .entry import UNREADABLE, Entry
from .flags import RW, US, reserved_mask
from .formats import PAGE_SIZE
from .records import line, va_digits
from .render import walk_text
from .spelling import hex_at_least
from .walk import Step, Walk


@dataclass(frozen=True)
class Access:
    kind: str  # read, write or fetch
    user: bool


def access_of(code: int, cr2: int, eip: int | None = None) -> Access:
    """The access that an error code tells of. With neither SMEP nor NX a fetch looks like a read, so `eip`
    (where known) decides: a fetch faults at EIP = CR2."""
    fetch = bool(code & CODE_FETCH) or (not code & CODE_WRITE and eip is not None and eip == cr2)
    kind = FETCH if fetch else WRITE if code & CODE_WRITE else READ
    return Access(kind, bool(code & CODE_USER))


def blamed(walk: Walk, access: Access) -> Step | None:
    """The entry that denies the access, or None if it is allowed. Of several the deepest."""
    if walk.outcome == "paging-off" or not walk.steps:
        return None
    if walk.pa is None:
        return walk.steps[-1]
    entries = [step.entry for step in walk.steps]
    if _allowed(walk, entries, access):
        return None
    alone = [step for step in walk.steps if not _allowed(walk, [step.entry], access)]
    return alone[-1] if alone else walk.steps[-1]


def _allowed(walk: Walk, entries: list[Entry], access: Access) -> bool:
    return allows(
        walk.space,
        all(entry.writable for entry in entries),
        all(entry.user for entry in entries),
        all(entry.executable for entry in entries),
        access.kind,
        access.user,
    )


@dataclass(frozen=True)
class Fault:
    """What the CPU said and what the tables say now. `in_lab`: the remedy is a command of the lab's shell."""

    walk: Walk
    code: int
    access: Access
    blame: Step | None
    cause: str
    in_lab: bool = True


def explain(walk: Walk, code: int, access: Access, in_lab: bool = True) -> Fault:
    blame = blamed(walk, access)
    if blame is None and walk.outcome != "non-canonical":
        cause = "none"
    elif walk.outcome == "reserved-bit":
        cause = "reserved-bit"
    else:
        cause = "protection" if walk.pa is not None else "not-present"
    return Fault(walk, code, access, blame, cause, in_lab)


def code_text(code: int) -> str:
    words = [
        "protection" if code & CODE_PROTECTION else "not present",
        "write" if code & CODE_WRITE else "read",
        "user" if code & CODE_USER else "kernel",
    ]
    words += ["reserved bit"] if code & CODE_RESERVED else []
    return ", ".join(words + (["fetch"] if code & CODE_FETCH else []))


def reason(fault: Fault) -> str:
    """One sentence: what is to blame and what would allow the access."""
    step = fault.blame
    if fault.walk.outcome == "non-canonical":
        return "the address is not canonical: the CPU raises #GP, and no entry could allow it"
    if fault.cause == "none" or step is None:
        return "the tables allow it now: the entry changed since, or the TLB held an old one"
    if fault.cause == "protection":
        return _protection(fault, step)
    if step.entry.kind == UNREADABLE:
        return f"{step.name} can't be read: its table lies beyond RAM"
    if fault.cause == "reserved-bit":
        return f"{step.name} has reserved bits set; {_cleared(fault, step)} would clear them"
    return f"{step.name} is not present; {_mapped(fault)} would allow it"


def _va(fault: Fault, align: int) -> str:
    return hex_at_least(fault.walk.va & -align, va_digits(fault.walk.space))


def _mapped(fault: Fault) -> str:
    rights = " rwu" if fault.access.user else ""
    page = _va(fault, PAGE_SIZE)
    return f"map {page}{rights}" if fault.in_lab else f"a page at {page}"


def _cleared(fault: Fault, step: Step) -> str:
    space = fault.walk.space
    depth = len(step.path) - 1
    page = step.entry.flags and ("PS" in step.entry.flags or step.level == "pte")
    value = (step.raw or 0) & ~reserved_mask(space, depth, bool(page))
    if fault.in_lab:
        return f"setpde {step.slot} {hex_at_least(value)}"
    return f"pageset {_va(fault, 1)} {hex_at_least(value)} --level {step.level}"


def _protection(fault: Fault, step: Step) -> str:
    space = fault.walk.space
    user = fault.access.user
    needed, name = RW, "+w"
    why = "read-only (RW = 0)" if user else "read-only (RW = 0) and CR0.WP = 1"
    if user and not step.entry.user:
        needed, name, why = US, "+u", "for the kernel only (US = 0)"
    elif fault.access.kind == FETCH and not step.entry.executable:
        needed, name, why = 1, "-NX", "not to be executed (NX = 1)"
    elif not user and fault.access.kind == FETCH:
        needed, why = 0, "a user page and CR4.SMEP forbids the kernel to execute it"
    elif not user and space.smap and all(each.entry.user for each in fault.walk.steps):
        needed, why = 0, "a user page and CR4.SMAP forbids the kernel to use it"
    text = f"{step.name} is {why}"
    if not needed:
        return text
    return f"{text}; {_granted(fault, step, needed, name)} would allow it"


def _granted(fault: Fault, step: Step, bit: int, name: str) -> str:
    leaf = step is fault.walk.steps[-1]
    if not fault.in_lab or fault.walk.space.mode != formats.TWO_LEVEL:
        level = "" if leaf else f" --level {step.level}"
        return f"pageset {_va(fault, PAGE_SIZE)} {name}{level}"
    if leaf:
        return f"protect {_va(fault, fault.walk.page_size or PAGE_SIZE)} {name}"
    # The leaf can't give what the PDE withholds: the PDE itself must change.
    return f"setpde {step.slot} {hex_at_least((step.raw or 0) | bit)}"


def fault_text(fault: Fault) -> str:
    who = "user code" if fault.access.user else "the kernel"
    va = hex_at_least(fault.walk.va, va_digits(fault.walk.space))
    return "\n".join(
        [
            f"{fault.access.kind} by {who} at {va}: error code {hex_at_least(fault.code, 1)} "
            f"({code_text(fault.code)})",
            walk_text(fault.walk),
            reason(fault),
        ]
    )


def fault_record(fault: Fault) -> str:
    return line(
        {
            "record": "fault",
            "v": 1,
            "cr2": hex_at_least(fault.walk.va, va_digits(fault.walk.space)),
            "code": hex_at_least(fault.code, 1),
            "access": fault.access.kind,
            "ring": "user" if fault.access.user else "kernel",
            "cause": fault.cause,
            "blame": None if fault.blame is None else fault.blame.name,
            "text": reason(fault),
        }
    )
