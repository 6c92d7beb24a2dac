"""`find` on the declared guests: every address that leads to a frame, by what each guest declares of itself."""

from __future__ import annotations

import json

import pytest

import declared
import live
import truth

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


def has_find() -> bool:
    if live.missing_tools():
        return False
    lines = live.run_gdb(None, f"source {live.PLUGIN}", "complete pagelab find").splitlines()
    return "pagelab find" in lines


def leading_to(space: truth.Truth, pa: int) -> list[int]:
    """Outside of self-maps, whose pages are told as what they show."""
    return sorted(
        region.va + pa - region.pa
        for region in space.regions
        if not region.self_map and region.pa <= pa < region.pa + region.end - region.va
    )


@pytest.mark.parametrize("name", [name for name in truth.names() if name != "off"])
def test_every_alias_is_found(name: str) -> None:
    if not has_find():
        pytest.skip("this plugin has no verb find")
    space = truth.load(name)
    frames = sorted({region.pa for region in space.regions})
    with declared.running("modes", truth.MODES / f"{name}.inc") as guest:
        asked = [
            word for pa in frames for word in (f"pagelab find p:{pa:#x} --json", "echo ====\\n")
        ]
        answers = "\n".join(guest.ask(*asked)).split("====")
    slots = [region for region in space.regions if region.self_map]
    for pa, answer in zip(frames, answers):
        records = [json.loads(line) for line in answer.splitlines() if line.startswith("{")]
        pages = [int(record["va"], 16) for record in records if record["use"] == "page"]
        outside = [va for va in pages if not any(slot.va <= va < slot.end for slot in slots)]
        assert sorted(outside) == leading_to(space, pa), hex(pa)
