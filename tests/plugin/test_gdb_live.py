"""The plugin in a real GDB on a real guest: the same records, clean errors, and nothing left behind."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator

import pytest

import live
from conftest import ROOT
from pagelab.verbs import VERBS

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)

SLOT_1023 = "{unsigned int}0xfffffffc"
MODE = "maintenance packet qqemu.PhyMemMode"
# What the self-map's slot maps: each present PDE, read as a PTE.
WINDOW_PAGES = [
    ("0xffc00000", "0x00201000"),
    ("0xffc01000", "0x00400000"),
    ("0xffc02000", "0x00800000"),
    ("0xffc03000", "0x7f000000"),
    ("0xffc04000", "0x00600000"),
    ("0xffc40000", "0x00202000"),
    ("0xfff00000", "0x00201000"),
    ("0xfffff000", "0x00200000"),
]


@pytest.fixture(scope="module")
def guest() -> Iterator[live.Guest]:
    """Read by many tests, changed by none. It counts when paging is on."""
    with live.running() as started:
        live.wait_until(lambda: counter(started) > 0)
        yield started


@pytest.fixture
def own_guest() -> Iterator[live.Guest]:
    """For tests that change page tables."""
    with live.running() as started:
        live.wait_until(lambda: counter(started) > 0)
        yield started


def counter(guest: live.Guest) -> int:
    """What the guest has counted; 0 while it still boots, where paging is off."""
    output = guest.gdb(
        'printf "count %u paging %u\\n", *(unsigned int *)&counter, (unsigned)$cr0 >> 31',
        source=False,
    )
    match = re.search(r"count (\d+) paging (\d)", output)
    assert match is not None, output
    return int(match[1]) if match[2] == "1" else 0


def test_walk_in_text(guest: live.Guest) -> None:
    assert guest.ask("pagewalk 0xc0300234") == [
        "0xc0300234 = 768:768:0x234  cr3 p:0x00200000  32-bit",
        "PDE 768       0xfffffc00  p:0x00200c00  0x00201001  P  -> table p:0x00201000",
        "PTE 768:768   0xfff00c00  p:0x00201c00  0x00300003  P RW  -> page p:0x00300000",
        "p:0x00300234  4 KiB page  kernel r-x  user ---",
    ]


def test_both_names_and_both_formats_say_the_same(guest: live.Guest) -> None:
    long, short = guest.ask("pagelab walk 64:3 --json", "pagewalk --json 64:3")
    assert long == short
    record = json.loads(long)
    assert record["outcome"] == "page-4k"
    assert record["pa"] == "0x00300000"
    assert record["global"] is True
    assert record["steps"][1]["entry_va"] == "0xffc4000c"
    assert record["steps"][1]["flags"] == ("P RW US PWT PCD PAT G AVL9 AVL10 AVL11".split())


@pytest.mark.parametrize(
    "address, last",
    [
        ("0x00400123", "p:0x00400123  4 MiB page  kernel rwx  user ---  global"),
        ("0x00800123", "p:0x00800123  4 MiB page  kernel r-x  user r-x"),
        ("3:0", "no answer: PTE 3:0 at p:0x7f000000 can't be read"),
        ("4:0", "no page: PDE 4 has reserved bits set"),
        ("64:5", "no page: PTE 64:5 is not present"),
        ("64:1023", "p:0x7ffff000  4 KiB page  kernel rwx  user ---"),
        ("0", "no page: PTE 0:0 is not present"),
        ("0x30000000", "no page: PDE 192 is not present"),
        ("0xfff00400", "shows PTE 768:256 of 0xc0100000"),
        ("0xfffff000", "shows the page directory"),
    ],
)
def test_outcomes(guest: live.Guest, address: str, last: str) -> None:
    assert guest.ask(f"pagewalk {address}")[-1] == last


def test_expressions_of_gdb_are_addresses(guest: live.Guest) -> None:
    answers = guest.ask(
        "pagewalk $eip",
        "pagewalk &counter --json",
        "pagewalk counter",
        "pagewalk (char *)&counter + 4096",
    )
    text = "\n".join(answers)
    assert re.search(r"^0x001000[0-9a-f]{2} = 0:256:", text, re.MULTILINE)
    assert '"va":"0x00101000"' in text
    assert "0x00101000 = 0:257:0x000" in text
    assert "0x00102000 = 0:258:0x000" in text


def test_maps_in_text_and_json(guest: live.Guest) -> None:
    lines = [line for line in guest.ask("pagemap") if not line.startswith("not read")]
    assert lines == [
        "0x00001000-0x00400000   4092 KiB  p:0x00001000  4 KiB  kernel rwx  user ---  RW",
        "0x00400000-0x00800000      4 MiB  p:0x00400000  4 MiB  kernel rwx  user ---  RW PS G",
        "0x00800000-0x00c00000      4 MiB  p:0x00800000  4 MiB  kernel r-x  user r-x  US PS",
        "0x10000000-0x10002000      8 KiB  p:0x00300000  4 KiB  kernel rwx  user rwx  RW US",
        "0x10002000-0x10003000      4 KiB  p:0x00302000  4 KiB  kernel r-x  user r-x  US",
        "0x10003000-0x10004000      4 KiB  p:0x00300000  4 KiB  kernel rwx  user rwx  "
        "RW US PWT PCD PAT G AVL9 AVL10 AVL11",
        "0x103ff000-0x10400000      4 KiB  p:0x7ffff000  4 KiB  kernel rwx  user ---  RW",
        "0xc0001000-0xc0400000   4092 KiB  p:0x00001000  4 KiB  kernel r-x  user ---  RW",
        "0xffc00000-0x100000000     4 MiB  self-map of p:0x00200000, 4 tables  kernel rwx  user ---",
        "9 regions, 20492 KiB mapped",
    ]
    records = [json.loads(line) for line in guest.ask("pagelab maps --json") if line[0] == "{"]
    inside = [record for record in records if record["self_map"]]
    outside = [record for record in records if not record["self_map"]]
    assert [record["va"] for record in outside] == [line.split("-")[0] for line in lines[:8]]
    assert [(record["va"], record["pa"]) for record in inside] == WINDOW_PAGES


def test_maps_takes_ranges_and_filters(guest: live.Guest) -> None:
    def ranges(command: str) -> list[str]:
        return [line.split()[0] for line in guest.ask(command) if line.startswith("0x")]

    assert ranges("pagemap 0x10000000-0x10003000 --writable") == ["0x10000000-0x10002000"]
    assert ranges("pagemap --user") == [
        "0x00800000-0x00c00000",
        "0x10000000-0x10002000",
        "0x10002000-0x10003000",
        "0x10003000-0x10004000",
    ]
    assert ranges("pagemap --phys p:0x00300000+4K") == [
        "0x00300000-0x00301000",
        "0x10000000-0x10001000",
        "0x10003000-0x10004000",
        "0xc0300000-0xc0301000",
    ]
    assert guest.ask("pagemap 0x30000000+4M") == ["nothing is mapped"]


def test_unreadable_tables_are_told_besides(guest: live.Guest) -> None:
    lines = guest.ask("pagemap 3:0-4:0")
    assert "not read, so not listed: the tables of PDE 3 at p:0x7f000000" in lines


def test_v2p_is_a_number(guest: live.Guest) -> None:
    assert guest.ask(
        "p/x $v2p(0xc0300234)", "p $v2p(0x103ff000) > 0", "p/x $v2p(&counter) + 1"
    ) == [
        "$1 = 0x300234",
        "$2 = 1",
        "$3 = 0x101001",
    ]


def test_v2p_without_a_page_is_an_error(guest: live.Guest) -> None:
    assert guest.ask("p $v2p(0)") == ["$v2p: 0x00000000: no page: PTE 0:0 is not present"]


@pytest.mark.parametrize(
    "command, error",
    [
        ("pagewalk banana", "'banana' is not an address: "),
        ("pagewalk c0100000", "'c0100000' is not an address; did you mean 0xc0100000?"),
        ("pagewalk", "VA is missing; usage: pagelab walk VA"),
        ("pagewalk 1 --jsn", "no option '--jsn'; did you mean --json?"),
        ("pagewalk p:0x1000", "p:0x1000 is a physical address"),
        ("pagewalk 0x100000000", "0x100000000 is beyond the 32 bits"),
        ("pagewalk 1 --mode vax", "no mode 'vax'; there are 32-bit"),
        ("pagemap 0x1000", "'0x1000' is no range"),
        ("pagemap --cr3 p:0x7f000000", "the page directory at p:0x7f000000 can't be read"),
        ("pagelab wlak", "no verb 'wlak'"),
    ],
)
def test_errors_are_one_line(guest: live.Guest, command: str, error: str) -> None:
    lines = guest.ask(command)
    assert len(lines) == 1
    assert lines[0].startswith(error)


def test_an_error_with_json_is_a_record(guest: live.Guest) -> None:
    lines = guest.ask("pagewalk banana --json")
    record = json.loads(next(line for line in lines if line.startswith("{")))
    assert record["record"] == "error"
    assert "banana" in record["text"]


def test_without_a_guest_it_says_how_to_attach() -> None:
    commands = ("pagewalk 0", "pagemap", "p $v2p(0)")
    lines = live.run_gdb(None, f"source {live.PLUGIN}", *commands).splitlines()
    assert len(lines) == 3
    assert all("there is no guest: attach to one first" in line for line in lines)


def test_options_complete(guest: live.Guest) -> None:
    assert guest.ask("complete pagewalk --") == [
        f"pagewalk --{name}" for name in ("cr3", "explain", "help", "json", "mode", "pgd")
    ]
    assert guest.ask("complete pagelab maps 0x1000+4K --w") == ["pagelab maps 0x1000+4K --writable"]
    assert guest.ask("complete pagewalk count") == ["pagewalk counter", "pagewalk counting"]
    names = ["names", *(verb.name for verb in VERBS)]
    assert guest.ask("complete pagelab ") == sorted(f"pagelab {name}" for name in names)


def test_help_under_each_name(guest: live.Guest) -> None:
    for command in ("pagemap -h", "pagelab maps --help", "help pagemap", "help pagelab maps"):
        text = "\n".join(guest.ask(command))
        name = "pagelab maps" if "pagelab" in command else "pagemap"
        assert f"Usage: {name} [RANGE] [OPTION]..." in text
        assert "--cr3 PA" in text
    for command in ("pagewalk -h", "help pagewalk"):
        assert "Usage: pagelab walk VA [OPTION]..." in "\n".join(guest.ask(command))


def test_the_physical_mode_is_off_afterwards(own_guest: live.Guest) -> None:
    lines = own_guest.ask(
        "pagewalk 0xc0100000",
        MODE,
        "pagewalk 3:0",
        MODE,
        "pagemap",
        MODE,
        "pagewalk 0 --cr3 p:0x7f000000",
        MODE,
        "pagewalk banana",
        MODE,
        f"set {SLOT_1023} = 0",
        "pagewalk 0xc0100000",
        MODE,
        "pagemap",
        MODE,
        "p $v2p(0)",
        MODE,
    )
    assert [line for line in lines if line.startswith("received")] == ['received: "0"'] * 8


def test_without_a_self_map_it_reads_physical_memory(own_guest: live.Guest) -> None:
    lines = own_guest.ask(f"set {SLOT_1023} = 0", "pagewalk 0xc0300234", "pagemap 0x10000000+4M")
    assert lines[1:4] == [
        "PDE 768       -  p:0x00200c00  0x00201001  P  -> table p:0x00201000",
        "PTE 768:768   -  p:0x00201c00  0x00300003  P RW  -> page p:0x00300000",
        "p:0x00300234  4 KiB page  kernel r-x  user ---",
    ]
    assert len(lines) == 9 and lines[-1] == "4 regions, 20 KiB mapped"


def test_a_self_map_elsewhere_is_found_and_used(own_guest: live.Guest) -> None:
    own_guest.ask("set {unsigned int}0xfffffef4 = 0x00200001", f"set {SLOT_1023} = 0")
    lines = own_guest.ask("pagewalk 0xc0300234", "pagewalk 957:768:4")
    assert lines[1].startswith("PDE 768       0xef7bdc00  p:0x00200c00")
    assert lines[2].startswith("PTE 768:768   0xef700c00  p:0x00201c00")
    assert lines[-1] == "shows PTE 768:1 of 0xc0001000"


def test_a_chain_of_directories_is_no_self_map(own_guest: live.Guest) -> None:
    """Slot 1023 leads over two other directories back to a page that claims to be the directory."""
    lines = own_guest.ask(
        "set {unsigned int}0x00310ffc = 0x00311003",  # the second: its last slot leads to the third
        "set {unsigned int}0x00311ffc = 0x00200003",  # what the window then shows names CR3's frame
        "set {unsigned int}0x00311c00 = 0x00201007",  # and lies about slot 768
        f"set {SLOT_1023} = 0x00310003",
        "pagewalk 0xc0300234",
    )
    assert lines[1] == "PDE 768       -  p:0x00200c00  0x00201001  P  -> table p:0x00201000"


def test_a_changed_entry_is_seen_at_once(own_guest: live.Guest) -> None:
    first, second = own_guest.ask(
        "pagewalk 0x103ff000 --json",
        "set {unsigned int}0xffc40ffc = 0x00300001",
        "pagewalk 0x103ff000 --json",
    )
    assert json.loads(first)["pa"] == "0x7ffff000"
    assert json.loads(second)["pa"] == "0x00300000"


def test_loops_end(own_guest: live.Guest) -> None:
    """Every slot of the directory leads to the directory."""
    fill = "python gdb.selected_inferior().write_memory(0x00200000, b'\\x03\\x00\\x20\\x00' * 1024)"
    lines = own_guest.ask(
        "maintenance packet Qqemu.PhyMemMode:1",
        fill,
        "maintenance packet Qqemu.PhyMemMode:0",
        "pagewalk 0x12345678 --json",
        "pagemap 0-0x01000000",
    )
    record = json.loads(next(line for line in lines if line.startswith("{")))
    assert record["pa"] == "0x00200678"
    assert record["self_map"] == "entry 414"
    assert lines[-1] == "4 regions, 16 MiB mapped"


INTERRUPTING = """
import pagelab.gdbio.guest as guest

class Interrupting:
    def __init__(self, inner):
        self.inner, self.sent = inner, 0
    def __getattr__(self, name):
        return getattr(self.inner, name)
    def send_packet(self, packet):
        self.sent += 1
        if self.sent == MOMENT:
            self.inner.send_packet(packet)
            raise KeyboardInterrupt
        return self.inner.send_packet(packet)

real = guest.remote
guest.remote = lambda: Interrupting(real())
"""


@pytest.mark.parametrize("moment", [2, 3, 4, 5])
def test_an_interrupt_leaves_the_physical_mode(
    own_guest: live.Guest, tmp_path, moment: int
) -> None:
    """A Ctrl-C behind each packet of a walk: mode asked, switched on, read twice, switched back."""
    script = tmp_path / "interrupting.py"
    script.write_text(INTERRUPTING.replace("MOMENT", str(moment)))
    lines = own_guest.ask(
        f"set {SLOT_1023} = 0",
        "pagewalk 0x30000000",
        f"source {script}",
        "pagewalk 0x30000000",
        MODE,
    )
    assert lines[2] == "no page: PDE 192 is not present"
    assert "no page" not in lines[3]
    assert lines[-1] == 'received: "0"'


def test_a_physical_mode_that_the_user_switched_on_stays_on(guest: live.Guest) -> None:
    lines = guest.ask(
        "maintenance packet Qqemu.PhyMemMode:1",
        "pagewalk 0xc0300234",
        MODE,
        "maintenance packet Qqemu.PhyMemMode:0",
    )
    assert "p:0x00300234  4 KiB page  kernel r-x  user ---" in lines
    assert 'received: "1"' in lines


def test_another_directory_and_another_mode(guest: live.Guest) -> None:
    same, other = guest.ask(
        "pagewalk 768:1 --cr3 p:0x00200000 --json", "pagewalk 0 --pgd 0x202000 --json"
    )
    assert json.loads(same)["pa"] == "0x00001000"
    assert json.loads(other)["cr3"] == "0x00202000"
    assert json.loads(other)["steps"][0]["raw"] == "0x00300007"
    record = json.loads(guest.ask("pagewalk 0 --mode pae --json")[0])
    assert record["mode"] == "pae"
    assert record["outcome"] == "reserved-bit"


def test_it_agrees_with_qemus_own_translation(guest: live.Guest) -> None:
    places = [
        0,
        0x1234,
        0x3FFFFF,
        0x400000,
        0x8ABCDE,
        0x10000010,
        0x10002FFF,
        0x10005000,
        0x103FF001,
        0xC0100234,
        0xC0000000,
        0xC0400000,
        0xFFC40004,
        0xFFF00000,
        0xFFFFFFFC,
    ]
    commands = [
        word for va in places for word in (f"pagewalk {va} --json", f"monitor gva2gpa {va}")
    ]
    lines = guest.ask(*commands)
    assert len(lines) == 2 * len(places)
    for va, mine, theirs in zip(places, lines[::2], lines[1::2]):
        pa = json.loads(mine)["pa"]
        said = re.fullmatch(r"gpa: ((?:0x)?[0-9a-f]+)", theirs.strip())
        assert (int(pa, 16) if pa else None) == (int(said[1], 16) if said else None), hex(va)


def test_a_program_that_is_in_real_mode_has_no_paging() -> None:
    with live.running("-S") as stopped:
        lines = stopped.ask(
            "pagewalk 0x1000", "pagewalk 0x1000 --json", "pagemap", "p/x $v2p(0x1000)"
        )
    assert lines[1] == "paging is off: virtual and physical addresses are the same"
    assert json.loads(lines[2])["outcome"] == "paging-off"
    assert lines[3] == "paging is off: virtual and physical addresses are the same"
    assert lines[4] == "$1 = 0x1000"


def test_the_guest_runs_on_after_detach(own_guest: live.Guest) -> None:
    own_guest.ask("pagewalk $eip", "pagemap")
    before = counter(own_guest)
    live.wait_until(lambda: counter(own_guest) > before)
    assert own_guest.process.poll() is None


def test_a_name_that_is_taken_is_left_alone(guest: live.Guest, tmp_path) -> None:
    script = tmp_path / "other.gdb"
    script.write_text("define pagewalk\necho theirs\\n\nend\n")
    output = guest.gdb("pagewalk", "pagelab walk 0x1000", before=(f"source {script}",))
    told = [line for line in output.splitlines() if "belongs to another plugin" in line]
    assert told == [
        "pagewalk belongs to another plugin and stays so: "
        "use `pagelab walk`, or `pagelab names take`"
    ]
    body = output.split("--begin--\n", 1)[1].splitlines()
    assert body[0] == "theirs"
    assert body[1].startswith("0x00001000 = 0:1:0x000")


def test_names_take_takes_them(guest: live.Guest, tmp_path) -> None:
    script = tmp_path / "other.gdb"
    script.write_text("define pagewalk\necho theirs\\n\nend\n")
    output = guest.gdb(
        "pagelab names", "pagelab names take", "pagewalk 0x1000", before=(f"source {script}",)
    )
    body = output.split("--begin--\n", 1)[1]
    assert "another plugin's" in body
    assert "0x00001000 = 0:1:0x000" in body
    assert "theirs" not in body


def test_sourcing_twice_changes_nothing(guest: live.Guest) -> None:
    lines = guest.ask(f"source {live.PLUGIN}", "pagewalk 0x1000", "pagelab names")
    assert lines[0].startswith("0x00001000 = ")
    own = [f"{verb.short:<10}  pagelab {verb.name}" for verb in VERBS if verb.short]
    assert lines[-len(own) :] == own


def test_it_works_from_a_copy_anywhere(guest: live.Guest, tmp_path) -> None:
    copy = tmp_path / "a copy"
    shutil.copytree(ROOT / "gdb-plugin", copy, ignore=shutil.ignore_patterns("__pycache__"))
    output = guest.gdb(f"source {copy}/pagelab.py", "pagewalk 0x1000", source=False)
    assert "p:0x00001000  4 KiB page  kernel rwx  user ---" in output
