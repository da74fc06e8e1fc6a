"""Avro's binary encoding of plain values, fast: as the specification says, by hand.

References
----------
Apache Avro 1.12 specification, "Binary Encoding".
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from struct import Struct

__all__ = ["array", "double", "doubles_by_name", "string", "text", "varint"]

double = Struct("<d").pack

MORE = 0x80
"""Set in each digit of a varint but the last; the other seven bits are the digit."""

PAIRS = [bytes((low & 0x7F | MORE, low >> 7 | MORE)) for low in range(1 << 14)]
"""Two digits of a varint, both to be continued, by their 14 bits."""


def varint(value: int) -> bytes:
    r"""Return Avro's encoding of an int or long.

    Of a time in microseconds the bits from the 28th on change every two
    minutes; so they are remembered, and the others looked up in pairs.

    >>> varint(-2), varint(64)
    (b'\x03', b'\x80\x01')
    """
    zigzag = value << 1 if value >= 0 else ~(value << 1)
    if zigzag < MORE:
        return zigzag.to_bytes()
    if zigzag < 1 << 28:
        return _digits(zigzag)
    return PAIRS[zigzag & 0x3FFF] + PAIRS[zigzag >> 14 & 0x3FFF] + _high(zigzag >> 28)


def _digits(value: int) -> bytes:
    digits = bytearray()
    while value >= MORE:
        digits.append(value & 0x7F | MORE)
        value >>= 7
    digits.append(value)
    return bytes(digits)


_high = lru_cache(maxsize=1024)(_digits)


def string(value: str) -> bytes:
    """Return Avro's encoding of a text."""
    data = value.encode()
    return varint(len(data)) + data


text = lru_cache(maxsize=1024)(string)
"""For texts of which there are few: topics, surveys, names."""


def array(items: Collection[bytes]) -> bytes:
    """Return Avro's encoding of an array of encoded items."""
    if not items:
        return b"\x00"
    return b"".join((varint(len(items)), *items, b"\x00"))


def doubles_by_name(names: Iterable[bytes], values: Collection[float]) -> bytes:
    """Return Avro's encoding of a map from encoded texts to doubles."""
    if not len(values):  # it may be an array
        return b"\x00"
    parts = [varint(len(values))]
    for name, value in zip(names, values, strict=True):
        parts += name, double(value)
    parts.append(b"\x00")
    return b"".join(parts)
