"""Take Avro containers apart: header, blocks, codecs.

::

    Obj 1 | map: avro.schema, avro.codec, ... | sync | count, size, records, sync | ...

A survey sends each alert as a container of one record.  Of its 70 kB a third is the schema, the
same in every packet, and the 16-byte sync marker differs in every packet; so we read the header
ourselves, and `pipeline.wire` knows schemas again by their bytes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.codecs import unpack
from pipeline.core import MOST_RECORDS
from pipeline.errors import DecodeError
from pipeline.skip import read_varint

__all__ = [
    "MAGIC",
    "Block",
    "Header",
    "blocks",
    "encode_integer",
    "may_hold_several",
    "only_block",
    "write_container",
]

MAGIC = b"Obj\x01"

_MOST_KNOWN = 8
"""Headers to know: some surveys on a topic, and versions of their schemas."""

_SYNC_BYTES = 16
_ONE = b"\x02"
"""The count of a block of one record, as Avro writes 1."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the blocks of a container."""

    schema: bytes
    codec: bytes
    sync: bytes
    end: int
    """Position of the first block [byte]."""

    @classmethod
    def read(cls, data: bytes) -> "Header":
        """Read the header of a container."""
        try:
            meta, at = _read_map(data, len(MAGIC))
        except IndexError:
            raise DecodeError("the Avro container ends in its header") from None
        if "avro.schema" not in meta:
            raise DecodeError("the Avro container has no schema")
        codec = meta.get("avro.codec", b"null")
        return cls(meta["avro.schema"], codec, data[at : at + _SYNC_BYTES], at + _SYNC_BYTES)


class HeaderReader:
    """Reads headers, and those that it knows by a single comparison.

    The headers of a survey are the same up to the marker.
    """

    def __init__(self) -> None:
        self._known: list[tuple[bytes, Header]] = []

    def read(self, data: bytes) -> Header:
        """Read the header of a container."""
        for start, known in self._known:
            if data.startswith(start):
                sync = data[known.end - _SYNC_BYTES : known.end]
                return Header(known.schema, known.codec, sync, known.end)
        header = Header.read(data)
        start = data[: header.end - _SYNC_BYTES]
        self._known = [(start, header), *self._known[: _MOST_KNOWN - 1]]
        return header


@dataclass(frozen=True, slots=True)
class Block:
    """The records of one block: ``data[start:end]``."""

    records: int
    data: bytes
    start: int
    end: int


def may_hold_several(data: bytes, header: Header) -> bool:
    """Whether it is no container of one block of one record: most are."""
    return data[header.end : header.end + 1] != _ONE or not data.endswith(header.sync)


def only_block(data: bytes, header: Header) -> Block:
    """Return the only block of a container that must hold exactly one record."""
    if data[header.end : header.end + 1] == _ONE:  # as it should be; the rest finds the fault
        size, at = read_varint(data, header.end + 1)
        if size == len(data) - at - _SYNC_BYTES and data.endswith(header.sync):
            return _unpack(Block(1, data, at, at + size), header.codec)
    found = list(_packed_blocks(data, header))
    records = sum(block.records for block in found)
    if records != 1:
        raise DecodeError(
            f"the Avro container holds {records} records: none, more than {MOST_RECORDS}, or one"
            " of them is damaged"
        )
    return _unpack(next(block for block in found if block.records), header.codec)


def blocks(data: bytes, header: Header) -> Iterator[Block]:
    """Yield the blocks of a container, unpacked."""
    for block in _packed_blocks(data, header):
        yield _unpack(block, header.codec)


def _packed_blocks(data: bytes, header: Header) -> Iterator[Block]:
    at = header.end
    while at < len(data):
        try:
            count, at = read_varint(data, at)
            size, at = read_varint(data, at)
        except IndexError:
            raise DecodeError("the Avro container ends at the start of a block") from None
        end = at + size
        if count < 0 or size < 0:
            raise DecodeError(f"an Avro block of {count} records in {size} bytes")
        if end + _SYNC_BYTES > len(data):
            raise DecodeError(
                f"the Avro container is truncated: a block of it ends after "
                f"{end + _SYNC_BYTES} bytes, and there are {len(data)}"
            )
        if data[end : end + _SYNC_BYTES] != header.sync:
            raise DecodeError("the Avro block does not end in the container's sync marker")
        yield Block(count, data, at, end)
        at = end + _SYNC_BYTES


def _unpack(block: Block, codec: bytes) -> Block:
    if codec == b"null":
        return block
    unpacked = unpack(codec, block.data[block.start : block.end])
    return Block(block.records, unpacked, 0, len(unpacked))


def write_container(header: Header, records: Sequence[bytes]) -> bytes:
    """Return a container of records in one block, uncompressed, with another's schema and marker."""
    body = b"".join(records)
    count, size = encode_integer(len(records)), encode_integer(len(body))
    return b"".join((_beginning(header.schema), header.sync, count, size, body, header.sync))


@lru_cache(_MOST_KNOWN)
def _beginning(schema: bytes) -> bytes:
    """Return what stands before the first marker; all records of a message share it."""
    meta = (b"avro.schema", schema, b"avro.codec", b"null")
    return b"".join((MAGIC, encode_integer(2), *map(_encode_bytes, meta), encode_integer(0)))


def encode_integer(value: int) -> bytes:
    """Return Avro's form of an integer.

    >>> read_varint(encode_integer(-300), 0)
    (-300, 2)
    """
    rest = (value << 1) ^ (value >> 63)
    encoded = bytearray()
    while rest > 0x7F:  # noqa: PLR2004 - seven bits to a byte
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _encode_bytes(value: bytes) -> bytes:
    return encode_integer(len(value)) + value


def _read_map(data: bytes, at: int) -> tuple[dict[str, bytes], int]:
    meta: dict[str, bytes] = {}
    while True:
        count, at = read_varint(data, at)
        if count == 0:
            return meta, at
        if count < 0:  # the size of the block follows
            count, at = -count, read_varint(data, at)[1]
        for _ in range(count):
            name, at = _read_bytes(data, at)
            meta[name.decode("utf-8", "replace")], at = _read_bytes(data, at)


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    size, at = read_varint(data, at)
    if not 0 <= size <= len(data) - at:
        raise IndexError(size)
    return data[at : at + size], at + size
