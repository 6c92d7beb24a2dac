"""The CPU's registers that no gdbstub shows: descriptor tables and segments, from the text of QEMU's monitor
command `info registers`; and gates, as the CPU reads them (SDM 3A 6.11, 6.14.1, 7.2.1). Pure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .formats import PAGE_SIZE

CR0_PE = 1


class Cpu(NamedTuple):
    ip: int
    sp: int
    cpl: int
    cs_base: int
    ss_base: int
    gdt: tuple[int, int]  # base, limit
    idt: tuple[int, int]
    tr: tuple[int, int, int]  # selector, base, limit
    cr0: int
    cr3: int
    cr4: int
    efer: int
    halted: bool  # it waits in hlt
    long_mode: bool  # it runs 64-bit code, or would with the segment that is loaded

    @property
    def gate_size(self) -> int:
        return 16 if self.efer & 1 << 10 else 8


_WORD = re.compile(r"\b([A-Z0-9]+)\s*=([0-9a-f]+)")
_SEGMENT = re.compile(
    r"^(CS|SS|TR)\s*=([0-9a-f]{4}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE
)
_TABLE = re.compile(r"^(GDT|IDT)=\s*([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE)


def parse(text: str) -> Cpu | None:
    """None where this is no such text."""
    text = text.replace("\r", "")
    words = {name: int(value, 16) for name, value in _WORD.findall(text)}
    segments = {
        name: (int(selector, 16), int(base, 16), int(limit, 16), int(flags, 16))
        for name, selector, base, limit, flags in _SEGMENT.findall(text)
    }
    tables = {name: (int(base, 16), int(limit, 16)) for name, base, limit in _TABLE.findall(text)}
    ip = words.get("RIP", words.get("EIP"))
    sp = words.get("RSP", words.get("ESP"))
    if ip is None or sp is None or len(segments) < 3 or len(tables) < 2 or "CR3" not in words:
        return None
    selector, base, limit, _ = segments["TR"]
    cpl = re.search(r"\bCPL=(\d)", text)
    return Cpu(
        ip=ip,
        sp=sp,
        cpl=int(cpl[1]) if cpl else 0,
        cs_base=segments["CS"][1],
        ss_base=segments["SS"][1],
        gdt=tables["GDT"],
        idt=tables["IDT"],
        tr=(selector, base, limit),
        cr0=words.get("CR0", 0),
        cr3=words["CR3"],
        cr4=words.get("CR4", 0),
        efer=words.get("EFER", 0),
        halted=words.get("HLT") == 1,
        long_mode=bool(segments["CS"][3] & 1 << 21),
    )


class Gate(NamedTuple):
    present: bool
    task: bool
    selector: int
    offset: int


def gate(data: bytes) -> Gate:
    """One gate of the IDT, of 8 or of 16 bytes."""
    offset = int.from_bytes(data[0:2], "little") | int.from_bytes(data[6:8], "little") << 16
    if len(data) == 16:
        offset |= int.from_bytes(data[8:12], "little") << 32
    kind = data[5] & 0x1F
    return Gate(bool(data[5] & 0x80), kind == 5, int.from_bytes(data[2:4], "little"), offset)


def descriptor_base(data: bytes) -> int:
    """The base in a segment descriptor of 8 bytes."""
    return int.from_bytes(data[2:5], "little") | data[7] << 24


class Load(NamedTuple):
    """`mov cr3, reg` or `mov cr0, reg`, as the next instruction."""

    target: int  # 0 or 3
    register: str
    length: int


_REGISTERS = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")


def next_load(code: bytes) -> Load | None:
    """What the bytes at the instruction pointer are, if they load CR0 or CR3."""
    start = 1 if code[:1] and code[0] & 0xF0 == 0x40 and code[1:3] == b"\x0f\x22" else 0
    if code[start : start + 2] != b"\x0f\x22" or len(code) < start + 3:
        return None
    modrm = code[start + 2]
    target = modrm >> 3 & 7
    if target not in (0, 3) or modrm >> 6 != 3:
        return None
    number = modrm & 7
    if start and code[0] & 1:
        return Load(target, f"r{number + 8}", start + 3)
    return Load(target, _REGISTERS[number], start + 3)


def pages_of(first: int, size: int) -> range:
    """The first byte of each page that [first, first + size) touches."""
    return range(first & -PAGE_SIZE, first + max(size, 1), PAGE_SIZE)
