"""Look at a frame file (GWF) before its library does, which can hang on a damaged one.

A file is a header of 40 bytes and a chain of structures, each of which begins with its length.  The
library follows the chain, and for ever if a length is 0; and it believes the counts in a table of
contents.  So here the chain is followed first, and the checksums are compared: of each structure
(from version 8 on) and of the file, where it has them.  They are those of the program ``cksum``.

What is left: a file that somebody made wrong on purpose, with all checksums right, may still hang it.

References
----------
LIGO-T970130, version 8: 4.3.1 (header of the file), 4.3.2 (FrEndOfFile); POSIX.1, ``cksum``.
"""

import struct
import zlib

from pipeline.errors import DecodeError

__all__ = ["check_gwf", "cksum"]

_HEADER_BYTES = 40
_ORDER_AT = 12
"""Where the number 0x1234 is in the byte order of the file."""

_CHECKSUM_FLAG_AT = 39
_VERSION_AT = 5
_CHECKED_VERSION = 8
"""From this version on a structure says whether it has a checksum."""

_CHECKED_AT = 8
"""Where in a structure it says so."""

_CHECKSUM_BYTES = 4
_SHORTEST = 14
"""Length of a structure that holds nothing but its own head [byte]."""

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_gwf(data: bytes) -> None:
    """Follow the chain of a file's structures, and compare checksums.

    Raises
    ------
    DecodeError
        If the chain does not end with the file, or a checksum is another.
    """
    if len(data) < _HEADER_BYTES + _SHORTEST:
        raise DecodeError(f"the GWF file is truncated: it has {len(data)} bytes")
    order = "<" if data[_ORDER_AT] == 0x34 else ">"  # noqa: PLR2004 - the low byte of 0x1234
    length = struct.Struct(f"{order}Q")
    is_checked = data[_VERSION_AT] >= _CHECKED_VERSION
    at = _HEADER_BYTES
    while at < len(data):
        left = len(data) - at
        size = length.unpack_from(data, at)[0] if left >= _SHORTEST else 0
        if not _SHORTEST <= size <= left:
            raise DecodeError(
                f"the GWF file is damaged: a structure of {size} bytes at byte {at} of {len(data)}"
            )
        if is_checked and data[at + _CHECKED_AT] and size < left:  # the last is checked as the file
            _compare(data[at : at + size], order, f"structure at byte {at}")
        at += size
    if data[_CHECKSUM_FLAG_AT]:
        _compare(data, order, "file")


def _compare(data: bytes, order: str, name: str) -> None:
    """Compare the checksum at the end with that of what is before it."""
    body, named = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if cksum(body) != struct.unpack(f"{order}I", named)[0]:
        raise DecodeError(f"the GWF {name} does not have the checksum that it names")


def cksum(data: bytes) -> int:
    """Return the checksum of POSIX.

    It is zlib's polynomial with the bits of each byte the other way round, a start of 0, and the
    length behind the data.

    >>> cksum(b"abc")
    1219131554
    """
    size = len(data)
    length = size.to_bytes((size.bit_length() + 7) // 8, "little")
    mirrored = zlib.crc32((data + length).translate(_MIRRORED), 0xFFFFFFFF)
    return int(f"{mirrored:032b}"[::-1], 2)
