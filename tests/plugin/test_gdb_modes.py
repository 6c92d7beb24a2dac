"""Every page of the declared guests: the plugin's map and walks equal what each guest declares of itself,
and QEMU's monitor, but where the guest's file says that the monitor is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

import declared
import live
import truth
from truth import Page, Truth

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


class Booted(NamedTuple):
    guest: declared.Declared
    truth: Truth


@pytest.fixture(name="booted", scope="module", params=truth.names())
def fixture_booted(request: pytest.FixtureRequest) -> Iterator[Booted]:
    name = request.param
    with declared.running("modes", truth.MODES / f"{name}.inc") as guest:
        yield Booted(guest, truth.load(name))


def spaces(booted: Booted) -> list[tuple[str, Truth]]:
    """The options that select each declared space, and what it holds."""
    others = [(f"--cr3 p:{cr3:#010x}", space) for cr3, space in booted.truth.others.items()]
    return [("", booted.truth), *others]


def is_off(space: Truth) -> bool:
    return not space.regions


def test_the_map_is_the_declared_one(booted: Booted) -> None:
    for options, space in spaces(booted):
        if is_off(space):
            assert booted.guest.ask("pagemap") == [
                "paging is off: virtual and physical addresses are the same"
            ]
            continue
        lines = booted.guest.ask(f"pagemap --json {options}")
        records = [json.loads(line) for line in lines if line.startswith("{")]
        declared_ones = [
            region._replace(slot="self" if region.self_map else "map") for region in space.regions
        ]
        assert truth.of_records(records) == declared_ones


def places(space: Truth) -> dict[int, Page | truth.Hole | None]:
    """Each edge of each region from both sides, and each hole; None: no page, for whatever reason."""
    pages = space.pages()
    found: dict[int, Page | truth.Hole | None] = {}
    for region in space.regions:
        last = pages[region.end - region.page_size]
        inside = {region.va: pages[region.va], region.end - 1: last}
        found.update(inside)
        for outside in (region.va - 1, region.end):
            if 0 <= outside < 1 << (32 if last.va < 1 << 32 else 64):
                found.setdefault(outside, page_at(space, outside))
    found.update({hole.va: hole for hole in space.holes})
    return found


def page_at(space: Truth, va: int) -> Page | None:
    for region in space.regions:
        if region.va <= va < region.end:
            offset = (va - region.va) // region.page_size * region.page_size
            return Page(region.va + offset, region.pa + offset, *region[3:])
    return None


def walks(booted: Booted, options: str, addresses: list[int]) -> list[dict[str, object]]:
    lines = booted.guest.ask(*(f"pagewalk {va:#x} --json {options}" for va in addresses))
    return [json.loads(line) for line in lines if line.startswith("{")]


OUTCOMES = {1 << 12: "page-4k", 1 << 21: "page-2m", 1 << 22: "page-4m", 1 << 30: "page-1g"}


def test_walks_on_every_edge(booted: Booted) -> None:
    for options, space in spaces(booted):
        wanted = places(space)
        answers = walks(booted, options, list(wanted))
        assert len(answers) == len(wanted)
        for (va, page), answer in zip(wanted.items(), answers):
            if isinstance(page, Page):
                pa = page.pa + va - page.va
                expected = (OUTCOMES[page.page_size], f"0x{pa:08x}", page.kernel, page.user)
                found = tuple(answer[key] for key in ("outcome", "pa", "kernel", "user"))
                assert found == expected, hex(va)
                assert leaf_flags(answer) == page.flags, hex(va)
                assert (answer["self_map"] is not None) == (page.slot == "self"), hex(va)
            else:
                assert answer["pa"] is None, hex(va)
                if page is not None:
                    assert (answer["outcome"], blamed(answer)) == page[1:], hex(va)


def leaf_flags(answer: dict[str, object]) -> tuple[str, ...]:
    flags = steps_of(answer)[-1]["flags"]
    assert isinstance(flags, list)
    return tuple(flag for flag in flags if flag not in ("P", "A", "D"))


def blamed(answer: dict[str, object]) -> str:
    """The last entry of the walk, by its level and all indices."""
    steps = steps_of(answer)
    if not steps:
        return ""
    return f"{str(steps[-1]['level']).upper()} " + ":".join(str(step["index"]) for step in steps)


def steps_of(answer: dict[str, object]) -> list[dict[str, object]]:
    steps = answer["steps"]
    assert isinstance(steps, list)
    return steps


def test_each_step_is_the_word_in_memory(booted: Booted) -> None:
    """Where a walk says that an entry lies, by physical address and through the self-map."""
    answers = walks(booted, "", list(places(booted.truth)))
    steps = [step for answer in answers for step in steps_of(answer) if step["raw"] is not None]
    size = "w" if answers[0]["mode"] == "32-bit" else "g"
    words = booted.guest.monitor(*(f"xp/1{size}x {step['entry_pa']}" for step in steps))
    for step, word in zip(steps, words):
        assert int(word.split()[-1], 16) == int(str(step["raw"]), 16), step
    shown = [step for step in steps if step["entry_va"] is not None]
    assert bool(shown) == any(region.self_map for region in booted.truth.regions)
    leads = booted.guest.monitor(*(f"gva2gpa {step['entry_va']}" for step in shown))
    through = {}
    for step, line in zip(shown, leads):
        if line.startswith("gpa: "):
            through[step["entry_va"]] = int(line.split()[-1], 16)
            assert through[step["entry_va"]] == int(str(step["entry_pa"]), 16), step
    assert bool(through) == bool(shown)


def test_accessed_and_dirty_are_each_entrys_own(booted: Booted) -> None:
    if is_off(booted.truth):
        return
    said = truth.touched_says(booted.guest.monitor("info tlb")[0])
    starts = [region.va for region in booted.truth.regions]
    for va, answer in zip(starts, walks(booted, "", starts)):
        flags = steps_of(answer)[-1]["flags"]
        assert isinstance(flags, list)
        assert tuple(flag for flag in flags if flag in ("A", "D")) == said[va], hex(va)


def judged(space: Truth, what: str, differing: set[int]) -> None:
    """The pages in which the monitor differs are exactly those that the guest's file names."""
    for wrong in space.wrong:
        if wrong.what == what:
            inside = {va for va in differing if wrong.va <= va < wrong.end}
            assert len(inside) == wrong.count, f"{wrong.reason}: {[hex(va) for va in inside]}"
            differing -= inside
    assert not differing, [hex(va) for va in sorted(differing)]


def test_every_page_is_that_of_info_tlb(booted: Booted) -> None:
    if is_off(booted.truth):
        return
    said = truth.tlb_says(booted.guest.monitor("info tlb")[0])
    pages = {va: truth.tlb_should_say(page) for va, page in booted.truth.pages().items()}
    assert pages
    judged(booted.truth, "tlb", {va for va in pages | said if pages.get(va) != said.get(va)})


def test_every_page_is_that_of_info_mem(booted: Booted) -> None:
    if is_off(booted.truth) or "mem" in booted.truth.hangs:
        return
    said = truth.mem_says(booted.guest.monitor("info mem")[0])
    differing = set()
    for page in booted.truth.pages().values():
        theirs = [prot for first, end, prot in said if first <= page.va < end]
        if theirs != [truth.mem_should_say(page)]:
            differing.add(page.va)
    sizes = {page.va: page.page_size for page in booted.truth.pages().values()}
    differing |= too_much(said, sizes)
    judged(booted.truth, "mem", differing)


def too_much(said: list[tuple[int, int, str]], sizes: dict[int, int]) -> set[int]:
    """The first address of each stretch that `info mem` lists and no page covers."""
    found = set()
    for first, end, _ in said:
        va = first
        for page in sorted(start for start in sizes if first <= start < end):
            if page > va:
                found.add(va)
            va = page + sizes[page]
        if va < end:
            found.add(va)
    return found


def test_gva2gpa_agrees_on_every_edge(booted: Booted) -> None:
    if is_off(booted.truth):
        return
    wanted = places(booted.truth)
    lines = booted.guest.monitor(*(f"gva2gpa {va:#x}" for va in wanted))
    assert len(lines) == len(wanted)
    differing = set()
    for (va, page), line in zip(wanted.items(), lines):
        said = re.fullmatch(r"gpa: (?:0x)?([0-9a-f]+)", line.strip())
        expected = page.pa + va - page.va if isinstance(page, Page) else None
        if (int(said[1], 16) if said else None) != expected:
            differing.add(va)
    judged(booted.truth, "gva2gpa", differing)
