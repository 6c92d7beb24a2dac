"""Unpacks what pagelab-pack made, as kernel/packing/format.hpp tells and independently of both programs."""

from __future__ import annotations

import struct

LITERALS = 256
MAIN_SYMBOLS, DISTANCE_SYMBOLS = 296, 40
SHORTEST_MATCH = 2
HEADER = struct.Struct("<4I")


class Bits:
    """The most significant of each byte first."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> int:
        value = 0
        for at in range(self.at, self.at + count):
            value = value << 1 | self.data[at >> 3] >> (7 - (at & 7)) & 1
        self.at += count
        return value


class Code:
    """A canonical prefix code, by the lengths that stand next."""

    def __init__(self, bits: Bits, symbols: int) -> None:
        lengths = [bits.take(4) for _ in range(symbols)]
        self.symbols: dict[tuple[int, int], int] = {}
        code = 0
        for length in range(1, 13):
            for symbol in (s for s in range(symbols) if lengths[s] == length):
                self.symbols[length, code] = symbol
                code += 1
            code *= 2
        assert code == 2**13, "a code with gaps"

    def take(self, bits: Bits) -> int:
        code = 0
        for length in range(1, 13):
            code = code * 2 + bits.take(1)
            if (length, code) in self.symbols:
                return self.symbols[length, code]
        raise AssertionError("not a code")


def value_of(slot: int, bits: Bits) -> int:
    if slot < 4:
        return slot
    extra = slot // 2 - 1
    return (2 + slot % 2 << extra) + bits.take(extra)


def unfilter(image: bytearray, code_bytes: int, mark: int) -> None:
    at = 0
    while at + 5 <= code_bytes:
        if image[at] not in (0xE8, 0xE9):
            at += 1
            continue
        at += 5
        if image[at - 4] == mark:
            target = int.from_bytes(image[at - 3 : at], "big")
            struct.pack_into("<I", image, at - 4, (target - at) % 2**32)


def checksum(image: bytes) -> int:
    total = 0
    for (word,) in struct.iter_unpack("<I", image):
        total = (total << 1 | total >> 31) + word & 0xFFFFFFFF
    return total


def unpack(packed: bytes) -> bytes:
    size, code_bytes, mark, expected = HEADER.unpack_from(packed)
    bits = Bits(packed[HEADER.size :])
    image = bytearray()
    distance = 0
    while len(image) < size:
        end = len(image) + bits.take(24)
        main, distances = Code(bits, MAIN_SYMBOLS), Code(bits, DISTANCE_SYMBOLS)
        while len(image) < end:
            symbol = main.take(bits)
            if symbol < LITERALS:
                image.append(symbol)
                continue
            length = value_of(symbol - LITERALS, bits) + SHORTEST_MATCH
            distance = value_of(distances.take(bits), bits) or distance
            assert 0 < distance <= len(image), "a match before the image"
            for _ in range(length):
                image.append(image[-distance])
        assert len(image) == end, "a match beyond its block"
    assert len(image) == size and (bits.at + 7) // 8 == len(
        bits.data
    ), "more or less than the image"
    unfilter(image, code_bytes, mark)
    assert checksum(image) == expected, "not the image that was packed"
    return bytes(image)
