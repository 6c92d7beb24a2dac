"""Guests that are about to load a CR3 or to turn paging on: `pagelab preflight` says before what happens after."""

from __future__ import annotations

import pytest

import declared
import live

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)

# What must be named in a line that begins with "error"; nothing where the guest lives on.
CASES = {
    "good": "",
    "virtual": "CR3",
    "beyond": "CR3",
    "no_pse": "PDE 0",
    "virtual_pde": "PDE 0",
    "reserved": "PDE 0",
    "far_table": "PDE 0",
    "no_code": "PTE 0:256",
    "no_stack": "PTE 0:383",
    "no_idt": "PTE 0:400",
}
NEW_CR3 = {"virtual": "0xc0200000", "beyond": "0x7f000000"}


@pytest.fixture(name="has_preflight", scope="module")
def fixture_has_preflight() -> bool:
    lines = live.run_gdb(None, f"source {live.PLUGIN}", "complete pagelab pre").splitlines()
    return "pagelab preflight" in lines


@pytest.mark.parametrize("turns_on", [False, True], ids=["cr3", "on"])
@pytest.mark.parametrize("case", CASES)
def test_it_says_before_what_happens_after(case: str, turns_on: bool, has_preflight: bool) -> None:
    options = (f"-DCASE={case}", *(["-DON"] if turns_on else []))
    command = "pagelab preflight " + ("--on" if turns_on else NEW_CR3.get(case, "0x00200000"))
    with declared.running("about", None, "-no-reboot", options=options, ready="about\n") as guest:
        lines = guest.ask(command) if has_preflight else []
        guest.ask("set var *(int *)&go = 1")
        live.wait_until(lambda: guest.process.poll() is not None or "!" in guest.said())
        lived = "!" in guest.said()
    assert lived == (CASES[case] == "")
    if not has_preflight:
        pytest.skip("this plugin has no verb preflight")
    errors = [line for line in lines if line.startswith("error")]
    if lived:
        assert not errors, lines
    else:
        assert any(CASES[case] in line for line in errors), lines
