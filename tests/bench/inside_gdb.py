"""What scripts/bench gdb measures inside of GDB: times of commands, and of the raw transfer below them.

Settings come as JSON in PAGELAB_BENCH: tables, runs, fragment; the plugin is there already.
Prints one line of JSON.
"""

import json
import os
import statistics
import time

import gdb

WINDOW = 0xFFC00000
DIRECTORY = 0xFFFFF000
CHUNK = 2048  # bytes; the most that QEMU's stub answers at once


def medians(runs, *actions):
    """Of each action, in ms, after one run that is not counted. In turn: a slow moment meets all of them."""
    taken = [[] for _ in actions]
    for run in range(runs + 1):
        for times, action in zip(taken, actions):
            start = time.perf_counter()
            action()
            times += [(time.perf_counter() - start) * 1000] if run else []
    return [statistics.median(times) for times in taken]


def transfer(va, size):
    """The bytes as they come over the wire, nothing done to them but that they are all there."""
    connection = gdb.selected_inferior().connection
    for part in range(va, va + size, CHUNK):
        reply = connection.send_packet(f"m{part:x},{min(CHUNK, va + size - part):x}")
        assert len(reply) == 2 * min(CHUNK, va + size - part), reply


def transfer_tables(count):
    transfer(DIRECTORY, 4096)
    transfer(WINDOW, 4096 * min(count, 1023))


def transfer_walk():
    """A directory's entry and a table's."""
    transfer(DIRECTORY, 4)
    transfer(WINDOW, 4)


def fragment(count):
    """Each second run of 16 pages gets other flags: a table makes 64 regions."""
    inferior = gdb.selected_inferior()
    for table in range(count):
        data = bytearray(inferior.read_memory(WINDOW + 4096 * table, 4096))
        for entry in range(1024):
            if entry // 16 % 2:
                data[4 * entry + 1] |= 0x02  # AVL9
        inferior.write_memory(WINDOW + 4096 * table, bytes(data))


def command(text):
    return lambda: gdb.execute(text, to_string=True)


def main():
    settings = json.loads(os.environ["PAGELAB_BENCH"])
    count, runs = settings["tables"], settings["runs"]
    if settings["fragment"]:
        fragment(count)
    map_lines = gdb.execute("pagemap", to_string=True).splitlines()
    walk = medians(5 * runs, command("pagewalk 0x00100000"), transfer_walk)
    whole = medians(runs, command("pagemap"), lambda: transfer_tables(count))
    found = {"lines": len(map_lines), "walk": walk, "map": whole}
    print("BENCH " + json.dumps(found))


main()
