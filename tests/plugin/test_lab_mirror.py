"""pagelab.lab and pagelab.journal say what kernel/interface says."""

from __future__ import annotations

import re

from conftest import ROOT
from pagelab import journal, lab

INTERFACE = ROOT / "kernel/interface"


def source(name: str) -> str:
    return (INTERFACE / name).read_text(encoding="utf-8")


def strings(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)


def test_the_lab_page() -> None:
    text = source("lab_page.hpp")
    assert strings(text.split("kLabStateNames = {", 1)[1].split("}", 1)[0]) == list(lab.STATES)
    assert f"kLabVersion = {lab.VERSION};" in text
    assert re.search(r"offsetof\(LabPage, last_command\) == 0x60", text)
    offsets = dict(re.findall(r"(\w+);\s*// (0x[0-9a-f]{2})", text))
    expected = {
        "space": "0x1c",
        "frame_records_va": "0x28",
        "frame_records_count": "0x2c",
        "journal_pa": "0x30",
        "journal_capacity": "0x34",
        "state": "0x38",
    }
    assert {name: offsets[name] for name in expected} == expected


def test_a_lab_page_is_read_by_these_offsets() -> None:
    data = bytearray(lab.LAB_PAGE_SIZE)
    data[:8] = lab.MAGIC
    data[0x60:0x63] = b"map"
    for offset, value in {8: 2, 0x1C: 3, 0x28: 4, 0x2C: 5, 0x30: 6, 0x34: 7, 0x38: 2}.items():
        data[offset : offset + 4] = value.to_bytes(4, "little")
    assert lab.parse_lab_page(bytes(data)) == lab.LabPage(3, 4, 5, 6, 7, "prompt", "map")
    data[0] = 0
    assert lab.parse_lab_page(bytes(data)) is None


def test_the_fixed_places() -> None:
    text = source("layout.hpp")
    assert f"kLabPage{{{lab.LAB_PAGE:#010x}}}" in text
    for name, slot in {
        "kArenaSlot": lab.ARENA_SLOT,
        "kFirstDirectSlot": lab.FIRST_DIRECT_SLOT,
        "kDirectSlots": lab.DIRECT_SLOTS,
        "kLifelineSlot": lab.LIFELINE_SLOT,
        "kForeignSlot": lab.FOREIGN_SLOT,
    }.items():
        assert f"{name} = {slot};" in text
    assert f"kScratch{{{lab.SCRATCH_SLOT << 22:#x}}}" in text
    assert f"kDirectMap{{{lab.DIRECT_MAP_SLOT << 22:#x}}}" in text
    assert f"kVgaHoleEnd{{{lab.VGA_HOLE_END:#010x}}}" in text
    assert re.search(rf"kernel_table = {lab.LIFELINE_PAGES - 1} ", text)
    roles = source("frame_record.hpp").split("enum class FrameRole", 1)[1].split("{", 1)[1]
    assert [word.strip() for word in roles.split("}")[0].split(",")][lab.FREE_ROLE] == "free"


def test_the_journal() -> None:
    text = source("journal.hpp")
    names = strings(text.split("kJournalKindNames = {", 1)[1].split("}", 1)[0])
    assert names == list(journal.KINDS)
    assert f"sizeof(JournalRecord) == {journal.RECORD_SIZE}" in text
    assert f"sizeof(JournalRing) == {journal.HEADER_SIZE} + {journal.RECORD_SIZE} *" in text
