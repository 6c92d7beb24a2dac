"""The tests' names for the words of the lab page stand where the kernel's header has them."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

from outside import Word  # noqa: E402


def test_each_word_has_the_offset_of_the_header() -> None:
    header = (ROOT / "kernel" / "interface" / "lab_page.hpp").read_text(encoding="utf-8")
    offsets = {
        name: int(offset, 16)
        for name, offset in re.findall(r"std::uint32_t (\w+); +// (0x[0-9a-f]+)", header)
    }
    assert offsets, "the header's comments tell the offsets"
    assert {word.name.lower(): word.value for word in Word}.items() <= offsets.items()
    assert "kLabVersion = 2;" in header
