"""What `check` can find: the rules by name, severity and sentence, and one thing found. Data only.

docs/formats.md says what each rule means and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass


from .records import line, va_digits
from .space import Space, shape_of
from .spelling import hex_at_least, physical
from .tables import entry_name

# In a sentence: {entry} the entry or entries, {pa} the frame, {raw} the value, {count}, {slot} the slot,
# {other} another address, {above} the entry above, {otherslot} another slot; {is}, {s} by their number.
RULES: dict[str, tuple[str, str]] = {
    "paging-off": ("note", "paging is off (CR0.PG = 0)"),
    "directory-beyond-ram": ("error", "CR3 points at {pa}, beyond RAM"),
    "table-beyond-ram": ("error", "{entry} point{s} at a table at {pa}, beyond RAM"),
    "table-virtual": (
        "error",
        "{entry} = {raw} look{s} like a virtual address, which leads to {pa}; an entry holds physical ones",
    ),
    "table-free": ("error", "{entry} use{s} {pa} as a table, a free frame that may be given away"),
    "table-shared": ("warning", "{entry} share{s} the table {pa} with {otherslot}"),
    "reserved-bits": ("error", "{entry} = {raw} with reserved bits set: each access faults"),
    "ignored-bits": (
        "note",
        "{entry} = {raw} set{s} bits that the CPU ignores in it (of D, PS, G)",
    ),
    "global-table": ("warning", "G in {entry}: its window page stays in the TLB when CR3 changes"),
    "self-map-user-writable": (
        "error",
        "{entry} let{s} user code rewrite every page table (self-map with US and RW)",
    ),
    "self-map-user": (
        "warning",
        "{entry} let{s} user code read every page table (self-map with US)",
    ),
    "self-map-copied": (
        "error",
        "{entry} {is} the self-map of another directory at {pa}: an edit through it changes that one",
    ),
    "self-map-missing": ("note", "no slot maps the directory onto itself"),
    "self-map-several": (
        "note",
        "{count} slots map the directory onto itself; the highest is {slot}",
    ),
    "page-beyond-ram": ("warning", "{entry} map{s} {pa}, beyond RAM"),
    "table-user-writable": ("error", "{entry} let{s} user code rewrite the page table at {pa}"),
    "table-user": ("warning", "{entry} let{s} user code read the page table at {pa}"),
    "table-writable": (
        "warning",
        "{entry} map{s} the page table at {pa} writably, beside the self-map",
    ),
    "table-mapped": ("note", "{entry} map{s} the page table at {pa} as data, read-only"),
    "page-free": ("warning", "{entry} map{s} {pa}, a free frame that may be given away"),
    "pde-restricts": ("note", "{entry} give{s} rights that {above} takes away"),
    "alias-caching": ("warning", "{entry} map{s} {pa} with another cache type than {other} does"),
    "alias-rights": ("note", "{entry} map{s} {pa} with other rights than {other} does"),
    "alias-unknown": ("note", "{count} pages were too scattered to look for their aliases"),
    "data-not-present": ("note", "{entry} {is} not present but hold{s} {raw}"),
}

OWN_DATA = ": a place in a swap file, or other data of the system"
STALE_ENTRY = ": a stale entry for {pa}, or a pointer"
TABLE_WORD = ": the virtual address of the page table at {pa}, as MMURTL keeps it"

_WHOLE = ("paging-off", "directory-beyond-ram", "self-map-missing", "alias-unknown")


@dataclass
class Finding:
    """One thing found. `count` neighbouring entries with one complaint are one finding, told by the first."""

    rule: str
    path: tuple[int, ...] = (0,)
    pa: int | None = None
    raw: int = 0
    count: int = 1
    other: int = 0  # table-shared, alias-…: what the other slot or page translates
    other_path: tuple[int, ...] = ()
    meaning: str = ""  # data-not-present: the end of the sentence

    @property
    def severity(self) -> str:
        return RULES[self.rule][0]

    def continues(self, following: Finding) -> bool:
        """Whether `following` is the same complaint about the entry after the last one."""
        alias = self.rule in ("alias-caching", "alias-rights")
        return (
            self.rule == following.rule
            and self.meaning == following.meaning
            and len(self.path) == len(following.path)
            and self.path[:-1] == following.path[:-1]
            and self.path[-1] + self.count == following.path[-1]
            and self.other + (self.count * 4096 if alias else 0) == following.other
        )


def text(space: Space, finding: Finding) -> str:
    """The sentence, without severity and rule."""
    space = shape_of(space)
    name = entry_name(space, finding.path)
    if finding.count > 1:
        name = f"{name} and {finding.count - 1} after it"
    pattern = RULES[finding.rule][1] + finding.meaning
    return pattern.format(
        entry=name,
        pa=physical(finding.pa or 0),
        raw=hex_at_least(finding.raw),
        count=finding.count,
        slot=finding.path[0],
        other=hex_at_least(finding.other, va_digits(space)),
        above=entry_name(space, finding.path[:-1] or finding.path),
        otherslot=entry_name(space, finding.other_path or finding.path),
        s="" if finding.count > 1 else "s",
        **{"is": "are" if finding.count > 1 else "is"},
    )


def finding_line(space: Space, finding: Finding) -> str:
    return f"{finding.severity} {finding.rule}: {text(space, finding)}"


def finding_record(space: Space, finding: Finding) -> str:
    space = shape_of(space)
    levels = space.format.levels
    va = sum(index << level.shift for index, level in zip(finding.path, levels))
    whole = finding.rule in _WHOLE
    return line(
        {
            "record": "finding",
            "v": 1,
            "severity": finding.severity,
            "rule": finding.rule,
            "va": None
            if whole
            else hex_at_least(space.format.canonical(va), space.format.va_digits),
            "pa": None if finding.pa is None else hex_at_least(finding.pa),
            "text": text(space, finding),
        }
    )
