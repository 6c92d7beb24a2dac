"""The verbs beside walk and maps in a real GDB: what they say, and that their raw commands repeat it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import jsonschema
import pytest

import live
from conftest import ROOT
from pagelab.verbs import VERBS

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)

SCHEMA = json.loads((ROOT / "docs/records.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def guest() -> Iterator[live.Guest]:
    with live.running() as started:
        live.wait_until(lambda: "32-bit" in "\n".join(started.ask("pagewalk 0")))
        yield started


@pytest.fixture
def own_guest() -> Iterator[live.Guest]:
    with live.running() as started:
        live.wait_until(lambda: "32-bit" in "\n".join(started.ask("pagewalk 0")))
        yield started


@pytest.fixture(scope="module")
def long_guest() -> Iterator[live.Guest]:
    with live.running(source="longmode", emulator="qemu-system-x86_64") as started:
        live.wait_until(lambda: "4-level" in "\n".join(started.ask("pagewalk 0")))
        yield started


def raw_commands(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines if re.match(r"  (x/|monitor xp)", line)]


def value(answer: str) -> int:
    return int(answer.rsplit(":", 1)[1].strip(), 0)


@pytest.mark.parametrize("place", ["0xc0300234", "64:3:0x10", "0x00400123", "0xfff00400"])
def test_the_raw_commands_of_explain_repeat_the_walk(guest: live.Guest, place: str) -> None:
    explained = guest.ask(f"pagewalk {place} --explain")
    record = json.loads(guest.ask(f"pagewalk {place} --json")[0])
    commands = raw_commands(explained)
    answers = [value(line) for line in guest.ask(*commands)]
    entries, page = answers[:-2], answers[-2:]
    raws = [int(step["raw"], 16) for step in record["steps"]]
    assert entries == [raw for raw in raws for _ in range(2)]
    assert page[0] == page[1]


def test_explain_shows_the_arithmetic(guest: live.Guest) -> None:
    text = "\n".join(guest.ask("pagewalk 0xc0300234 --explain"))
    assert (
        "PTE 768:768: 0xc0300234 >> 12 & 0x3ff = 768; p:0x00201000 + 768 * 4 = p:0x00201c00" in text
    )
    assert "self-map of slot 1023: 0xffc00000 + 0xc0300 * 4 = 0xfff00c00" in text
    assert "page: p:0x00300000 + (0xc0300234 & 0xfff) = p:0x00300000 + 0x234 = p:0x00300234" in text
    assert "RW is 0 in PDE 768: the page is read-only, for the kernel too (CR0.WP = 1)" in text


def test_symbols_are_told_besides_the_answer_where_gdb_has_them(guest: live.Guest) -> None:
    assert "0x00101000 is counter in section .data" in guest.ask("pagewalk &counter")
    assert "0x00101000 is counter in section .data" in guest.ask("pagefind $v2p(&counter)")
    assert "0x00101000 is counter in section .data" in guest.ask("pagefault &counter 7")
    for command in ("pagewalk &counter --json", "pagewalk 0xc0300234", "pagefind p:0x00300000"):
        assert not any(" is counter" in line for line in guest.ask(command))


def test_explain_names_the_symbol_where_gdb_knows_one(guest: live.Guest) -> None:
    assert guest.ask("pagewalk &counter --explain")[-1] == "  symbol: counter in section .data"
    assert not any("symbol" in line for line in guest.ask("pagewalk 0xc0300234 --explain"))


def test_explain_without_a_page_and_in_long_mode(guest: live.Guest, long_guest: live.Guest) -> None:
    assert "PDE 192: 0x30000000 >> 22 & 0x3ff = 192" in "\n".join(
        guest.ask("pagewalk 0x30000000 --explain")
    )
    explained = long_guest.ask("pagewalk 0xffff800000600123 --explain")
    answers = [value(line) for line in long_guest.ask(*raw_commands(explained))]
    assert answers[0] == answers[1] == 0x00201007
    assert answers[6] == answers[7] == 0x00300005


def test_split_and_window(guest: live.Guest) -> None:
    assert guest.ask("pagelab split 0xc0100234", "pagelab window 768:256:0x234") == [
        "0xc0100234 = 768:256:0x234",
        "  directory index  1100000000    768",
        "  table index      0100000000    256",
        "  offset           001000110100  0x234",
        "0xc0100234",
        "  PDE 768       0xfffffc00",
        "  PTE 768:256   0xfff00400",
    ]


def test_dumps(guest: live.Guest) -> None:
    lines = guest.ask("pagelab dumppd 768 1023", "pagelab dumppt 64", "pagelab dumppt 3:0")
    assert lines[:3] == [
        "PDE 768       0xc0000000  0x00201001  P  -> table p:0x00201000",
        "PDE 1023      0xffc00000  0x00200003  P RW  -> self-map p:0x00200000",
        "2 of 256 slots in use",
    ]
    assert lines[7] == "PTE 64:5      0x10005000  0xdeadbeee  -  -> not present"
    assert lines[9] == "6 of 1024 entries in use"
    assert lines[10] == "the table of PDE 3 at p:0x7f000000 can't be read"


def test_find(guest: live.Guest) -> None:
    assert guest.ask("pagefind p:0x00300010") == [
        "0x00300010  4 KiB  PDE 0 PTE 0:768  kernel rwx  user ---",
        "0x10000010  4 KiB  PDE 64 PTE 64:0  kernel rwx  user rwx",
        "0x10003010  4 KiB  PDE 64 PTE 64:3  kernel rwx  user rwx",
        "0xc0300010  4 KiB  PDE 768 PTE 768:768  kernel r-x  user ---",
        "4 uses of p:0x00300010",
    ]
    assert guest.ask("pagefind $cr3")[-2:] == ["directory in CR3", "5 uses of p:0x00200000"]


def test_decode(guest: live.Guest, long_guest: live.Guest) -> None:
    assert guest.ask(
        "pagedecode 0x00106023",
        "pagedecode pde 0x00400183",
        "pagedecode 'p:0x00101000|P|RW|US'",
        "pagedecode pml4e 1",
    ) == [
        "0x00106023  pte  P RW A  -> page p:0x00106000",
        "0x00400183  pde  P RW PS G  -> page p:0x00400000",
        "0x00101007  pte  P RW US  -> page p:0x00101000",
        "'pml4e' is no level of this mode; there are pde, pte",
    ]
    assert long_guest.ask("pagedecode pdpte 0x8000000000000083") == [
        "0x8000000000000083  pdpte  P RW PS NX  -> page p:0x00000000"
    ]


def test_tree_and_ad(guest: live.Guest) -> None:
    lines = guest.ask("pagemap 0x10000000-0x10400000 --tree")
    assert lines[0] == "directory p:0x00200000"
    assert lines[1].startswith("PDE 64        0x10000000  0x00202007  P RW US")
    assert [line[:3] for line in lines[2:-1]] == ["|- ", "|- ", "|- ", "`- "]
    assert guest.ask("pagemap --tree --json")[-1].startswith("--tree draws and --json lists")
    assert any(" A" in line for line in guest.ask("pagemap --ad"))


def test_the_picture(guest: live.Guest) -> None:
    lines = guest.ask("pagedir")
    assert lines[1] == "   0  0x00000000  tPPt!" + "." * 59
    assert lines[2] == "  64  0x10000000  t" + "." * 63
    assert lines[16] == " 960  0xf0000000  " + "." * 63 + "s"


def test_a_snapshot_tells_what_changed(own_guest: live.Guest) -> None:
    lines = own_guest.ask(
        "pagediff",
        "pagesnap",
        "pagediff",
        "set {unsigned}0xffc40004 = 0x00555067",
        "set {unsigned}0xffc40008 = 0",
        "set {unsigned}0xfffff800 = 0x00400083",
        "set {unsigned}0xfffff804 = 0x00800083",
        "pagediff",
        "pagediff --json",
    )
    assert lines[:3] == [
        "there is no snapshot to compare with; did you mean pagesnap?",
        "took 3 tables of p:0x00200000: pagediff tells what changed since",
        "0 entries differ",
    ]
    assert lines[3:7] == [
        "PDE 512 and 1 after it  0x80000000-0x80800000  not present -> page p:0x00400000 RW PS",
        "PTE 64:1  0x10001000-0x10002000  page p:0x00301000 RW US -> page p:0x00555000 RW US",
        "PTE 64:2  0x10002000-0x10003000  page p:0x00302000 US -> not present",
        "4 entries differ",
    ]
    assert [json.loads(line)["count"] for line in lines[7:]] == [2, 1, 1]
    for line in lines[7:]:
        VALIDATOR.validate(json.loads(line))


def test_fault(guest: live.Guest, long_guest: live.Guest) -> None:
    lines = guest.ask("pagefault 0xc0300000 3")
    assert lines[0] == (
        "write by the kernel at 0xc0300000: error code 0x3 (protection, write, kernel)"
    )
    assert lines[-1] == (
        "PDE 768 is read-only (RW = 0) and CR0.WP = 1; "
        "pageset 0xc0300000 +w --level pde would allow it"
    )
    assert guest.ask("pagefault 1")[0].startswith("fault needs CR2 and CODE")
    assert guest.ask("pagefault 1 0x40")[0].startswith("'0x40' is no error code; its bits: 1")
    assert guest.ask("pagefault")[0].startswith("CR2 is 0x00000000, but its error code")
    record = json.loads(long_guest.ask("pagefault 0x40000000 16 --json")[0])
    assert record["blame"] == "PDPTE 0:1"
    assert "NX = 1" in record["text"]


def test_set_writes_entries(own_guest: live.Guest) -> None:
    flushed = "flushed: the whole TLB of 1 CPU"
    commands = {
        "pageset 0x10000000 -u": f"PTE 64:0  0x00300007 -> 0x00300003; {flushed}",
        "pageset 0x10000000 rwu,nc": f"PTE 64:0  0x00300003 -> 0x00300017; {flushed}",
        "pageset 0x10000000 p:0x00305000": f"PTE 64:0  0x00300017 -> 0x00305017; {flushed}",
        "pageset 768:5 +w --level pde": f"PDE 768  0x00201001 -> 0x00201003; {flushed}",
        "pageset 768:5 p:0x6000|P|US": f"PTE 768:5  0x00005003 -> 0x00006005; {flushed}",
        "pageset 1:0 p:0x00800000": f"PDE 1  0x00400183 -> 0x00800183; {flushed}",
        "pageset 1:0 p:0x00801000": "p:0x00801000 is not aligned to 4 MiB; did you mean p:0x00800000?",
        "pageset 0x30000000 0x00202003": "PDE 192  0x00000000 -> 0x00202003; nothing to flush",
        "pageset 64:5 p:0x1000": (
            "PTE 64:5 is not present: write the whole of it, as in p:0x00001000|P|RW"
        ),
        "pageset 3:0 +w": "PTE 3:0 can't be read: there is nothing to change",
        "pageset 1:0 +banana": "'banana' in '+banana' is no flag; write +w, -u, +NX or +PCD",
        "pageset 1:0 +w --level pte": "the walk has no 'pte'; it has pde",
        "pageset 64:3 0 --no-flush": (
            "PTE 64:3  0x00300f9f -> 0x00000000; not flushed: the CPU may use the old entry"
        ),
    }
    lines = own_guest.ask("p/x $cr0", *commands, "p/x $cr0", "pagewalk 64:0 --json")
    assert lines[1:-2] == list(commands.values())
    assert lines[0].split("=")[1] == lines[-2].split("=")[1]
    assert json.loads(lines[-1])["steps"][1]["raw"] == "0x00305017"


def test_watch_tells_at_the_next_stop_what_no_store_did(own_guest: live.Guest) -> None:
    lines = own_guest.ask(
        "pagewatch",
        "pagewatch 0x10000000",
        "pageset 0x10000000 -w",
        "stepi",
        "stepi",
        "pagewatch --delete 0x10000000",
        "pagewatch",
    )
    assert lines[0] == "no address is watched"
    assert lines[1].startswith("watching PDE 64 PTE 64:0 of 0x10000000, written through 0x00202000")
    told = [line for line in lines if "changed: " in line]
    assert told == [
        "the translation of 0x10000000 changed: PTE 64:0  0x00300007 -> 0x00300005; "
        "seen at this stop: no watched address was written"
    ]
    assert lines[-2:] == ["1 of 1 watched addresses forgotten", "no address is watched"]


def test_stale_without_a_handler_to_come_back(own_guest: live.Guest) -> None:
    lines = own_guest.ask(
        "pagestale 0x10000000",
        "pageset 0x10000000 p:0x00305000 --no-flush",
        "pagestale 0x10000000",
        "pageset 0x10000000 p:0x00306000",
        "pagestale 0x10000000",
        "pagestale 0x30000000",
        "info registers eip eax esp eflags",
        "pagestale 0x10000000 --json",
        "info registers eip eax esp eflags",
    )
    assert lines[0] == "0x10000000  fresh: the CPU uses what the tables say"
    assert lines[2].startswith("0x10000000  stale: the CPU still reads another page")
    assert lines[4] == "0x10000000  fresh: the CPU uses what the tables say"
    assert "a fault would reset it" in lines[5]
    assert lines[6:10] == lines[11:15]


def test_set_and_stale_in_long_mode() -> None:
    va = "0xffff800000600000"
    with live.running(source="longmode", emulator="qemu-system-x86_64") as own:
        live.wait_until(lambda: "4-level" in "\n".join(own.ask("pagewalk 0")))
        lines = own.ask(
            f"pagestale {va}",
            f"pageset {va} p:0x00305000 --no-flush",
            f"pagestale {va}",
            f"pageset {va} +NX",
            f"pagestale {va}",
            f"pagewalk {va}",
        )
    lines = [line for line in lines if not line.startswith("writes were not tried")]
    assert lines[0] == f"{va}  fresh: the CPU uses what the tables say"
    assert lines[2].startswith(f"{va}  stale: the CPU still reads another page")
    assert lines[3] == (
        "PTE 256:0:3:0  0x00305025 -> 0x8000000000305025; flushed: the whole TLB of 1 CPU"
    )
    assert lines[4] == lines[0]
    assert lines[-1] == "p:0x00305000  4 KiB page  kernel r--  user r--"


def test_functions(guest: live.Guest, long_guest: live.Guest) -> None:
    lines = guest.ask(
        "p/x $pde(0x10000010)",
        "p/x $pte(0x10000010)",
        "p $pte(0x00400000)",
        "p/x $p2v(0x00302010)",
        "p $p2v(0x7f000000)",
        "p $pte($v2p(0x30000000))",
    )
    assert [line.split("= ")[-1] for line in lines] == [
        "0x202007",
        "0x300007",
        "0",
        "0x302010",
        "$p2v: no address leads to p:0x7f000000",
        "$v2p: 0x30000000: no page: PDE 192 is not present",
    ]
    assert long_guest.ask("p/x $pde(0x200000)", "p $pte(0x200000)")[0].endswith("= 0x200083")


def test_functions_in_a_condition(own_guest: live.Guest) -> None:
    lines = own_guest.ask(
        "break *counting if $pte(0x10000000) == 0x00300007 && $v2p(0x00100000) == 0x00100000",
        "continue",
        "maintenance packet qqemu.PhyMemMode",
    )
    assert any(line.startswith("Breakpoint 1, ") for line in lines), lines
    assert not any("Error" in line for line in lines)
    assert lines[-1] == 'received: "0"'


def test_a_guest_without_a_journal_says_so(guest: live.Guest) -> None:
    assert guest.ask("pagelog") == ["this guest is no pagelab kernel: it keeps no journal"]


@pytest.mark.parametrize(
    "cr3, errors",
    [
        ("$cr3", []),
        ("p:0x00201000", ["EIP 0x001000", "ESP 0x00102"]),
        ("0xc0100000", ["looks like a virtual address, which leads to p:0x00100000"]),
        ("p:0x7f000000", ["CR3 points at p:0x7f000000, beyond RAM"]),
    ],
)
def test_preflight(guest: live.Guest, cr3: str, errors: list[str]) -> None:
    lines = guest.ask(f"pagelab preflight {cr3}")
    told = [line for line in lines if line.startswith("error ")]
    assert len(told) == len(errors) and all(map(str.__contains__, told, errors)), lines
    verdict = f"the CPU would {'not survive' if errors else 'go on'}"
    assert any(verdict in line for line in lines)


def test_preflight_needs_to_know_the_directory(guest: live.Guest) -> None:
    assert guest.ask("pagelab preflight")[0].startswith("the next instruction does not load CR3")


def test_preflight_while_paging_is_off_and_with_the_instruction_itself() -> None:
    """Stopped at each of the two instructions that turn paging on; a PDE is broken between them."""
    with live.running("-S") as stopped:
        lines = stopped.ask(
            "hbreak *counting - 14",
            "continue",
            "x/i $pc",
            "pagelab preflight",
            "set {unsigned}0x00200000 = 0xc0201003",
            "pagelab preflight",
            "set {unsigned}0x00200000 = 0x00000083",
            "set $cr4 = 0",
            "pagelab preflight",
        )
    text = "\n".join(lines)
    assert "mov    %eax,%cr3" in text
    assert "with CR3 p:0x00200000 and 32-bit paging the CPU would go on" in text
    assert (
        "error table-virtual: PDE 0 = 0xc0201003 looks like a virtual address, which leads" in text
    )
    assert "PDE 0 = 0x00000083 has PS, but CR4.PSE is 0: the CPU takes p:0x00000000" in text


EXAMPLES = [
    (verb.short if short else f"pagelab {verb.name}", example)
    for verb in VERBS
    for short in (True, False)
    if verb.short or not short
    for example in verb.examples
]


def answers(guest: live.Guest, commands: list[str]) -> list[list[str]]:
    """The lines of each command, all asked in one GDB."""
    asked = [word for command in commands for word in (command, "echo --next--\\n")]
    return [part.splitlines() for part in "\n".join(guest.ask(*asked)).split("--next--")[:-1]]


def test_every_example_of_the_help_works(guest: live.Guest) -> None:
    """Under both names, with --json too, whose records meet the schema."""
    commands = [f"{command} {example.replace('&x', '&counter')}" for command, example in EXAMPLES]
    # Before these something must have happened.
    commands = [word for word in commands if not re.match("pagediff|pagelab diff|.*log", word)]
    quiet = "--tree|--explain|^pagesnap|^pagelab snap|watch"  # without a record
    plain = [word for word in commands if not re.search(quiet, word)]
    for command, lines in zip(commands, answers(guest, commands), strict=True):
        text = "\n".join(lines)
        assert lines and not re.search(
            "Traceback|Python|bug of pagelab|is not an address|usage:", text
        ), command
    for command, lines in zip(plain, answers(guest, [f"{word} --json" for word in plain])):
        records = [line for line in lines if line.startswith("{")]
        assert records, (command, lines)
        for record in records:
            VALIDATOR.validate(json.loads(record))


def test_records_of_long_modes_meet_the_schema(long_guest: live.Guest) -> None:
    commands = ["pagelab split $rip --json", "pagelab window $rip --json", "pagelab dumppd --json"]
    commands += ["pagelab dumppt $rip --json", "pagefind $cr3 --json", "pagedecode pdpte 1 --json"]
    commands += ["pagedir --json", "pagelab dumppt 0x600000 --json", "pagemap --json --ad"]
    lines = long_guest.ask(*commands)
    assert len(lines) > 20
    for line in lines:
        if line.startswith("{"):
            VALIDATOR.validate(json.loads(line))


def one_of_each() -> list[str]:
    return [f"pagelab {verb.name} {verb.examples[0].replace('&x', '0')}" for verb in VERBS]


def test_with_paging_off_and_without_a_guest_each_verb_is_one_line() -> None:
    commands = [word for word in one_of_each() if "preflight" not in word]
    with live.running("-S") as stopped:
        off = answers(stopped, commands)
    for command, lines in zip(commands, off, strict=True):
        text = "\n".join(line for line in lines if not line.startswith("0x"))
        assert not re.search("Traceback|Python|bug of pagelab", text), (command, lines)
        quiet = ("split", "decode", "stale", "watch", "when", "check", "log", "diff")
        if not any(f" {word} " in f"{command} " for word in quiet):
            assert "paging is off" in text, (command, lines)
    nobody = live.run_gdb(None, f"source {live.PLUGIN}", *one_of_each()).splitlines()
    assert len(nobody) == len(VERBS)
    assert all("there is no guest: attach to one first" in line for line in nobody)


def test_the_physical_mode_is_off_after_each_verb(own_guest: live.Guest) -> None:
    mode = "maintenance packet qqemu.PhyMemMode"
    commands = [word for verb in one_of_each() for word in (verb, mode)]
    commands += ["pagelab watch --delete", mode]
    received = [line for line in own_guest.ask(*commands) if line.startswith("received")]
    assert received == ['received: "0"'] * (len(VERBS) + 1)


def test_each_verb_has_help_and_completes(guest: live.Guest) -> None:
    for verb in VERBS:
        command = f"pagelab {verb.name}"
        text, _ = answers(guest, [f"{command} -h", f"complete {command} --"])
        assert any(line.startswith(f"Usage: {command}") for line in text), verb.name
    completed = guest.ask(*(f"complete pagelab {verb.name} --" for verb in VERBS))
    wanted = {f"pagelab {verb.name} {option.name}" for verb in VERBS for option in verb.options}
    assert set(completed) == wanted
