"""One chunk of a frame: how low-latency strain travels.

igwn-lldd-common cuts a file into chunks of 100,000 bytes, each a message::

    PART,part_id=000000000007,part_num=000000000000,part_tot=000000000002,evt_id=001126259446,
    evt_len=000000139782,part_off=000000000000,part_len=000000100000 NUL chunk     (in one line)

``part_id`` counts the files of a producer and begins at 0 when it is started anew; ``part_num``
begins at 0; ``evt_id`` is the GPS time of the file [s], ``evt_len`` its length [byte].
`pipeline.streams.strain.parts` puts files together again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.codecs import MOST_BYTES
from pipeline.errors import DecodeError

__all__ = ["PART_BYTES", "Part", "is_part", "parse_part", "split_parts"]

PART_BYTES = 100_000
"""As igwn-lldd-common cuts by default [byte]."""

_MAGIC = b"PART,"
_LONGEST_HEADER = 1024
_VALUE = re.compile(rb"[0-9]{1,18}")
_NAMES = ("part_id", "part_num", "part_tot", "evt_id", "evt_len", "part_off", "part_len")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One chunk of a file."""

    part_id: int
    """Number of the file among those of its producer."""

    number: int
    """Of the chunk, from 0."""

    total: int
    """Chunks of the file."""

    gps_s: int
    """Time of the file [s GPS]."""

    frame_bytes: int
    """Length of the file [byte]."""

    offset: int
    """Where in the file the chunk begins [byte]."""

    payload: bytes

    def __str__(self) -> str:
        """Name it in a message."""
        return f"chunk {self.number} of {self.total} of file {self.part_id} at GPS {self.gps_s}"


def is_part(value: bytes) -> bool:
    """Whether a message begins like a chunk.

    >>> is_part(b"PART,part_id=1"), is_part(b"IGWD")
    (True, False)
    """
    return value.startswith(_MAGIC)


def parse_part(value: bytes) -> Part:
    """Return the chunk in a message.

    Raises
    ------
    DecodeError
        If it is none, or its header does not fit it.
    """
    end = value.find(b"\0", 0, _LONGEST_HEADER)
    if not is_part(value) or end < 0:
        raise DecodeError(f"no chunk of a frame: {value[:40]!r} ...")
    entries = dict(_entries(value[len(_MAGIC) : end]))
    missing = [name for name in _NAMES if name not in entries]
    if missing:
        raise DecodeError(f"the chunk's header has no {', '.join(missing)}: {value[:end]!r}")
    part = Part(
        part_id=entries["part_id"],
        number=entries["part_num"],
        total=entries["part_tot"],
        gps_s=entries["evt_id"],
        frame_bytes=entries["evt_len"],
        offset=entries["part_off"],
        payload=value[end + 1 :],
    )
    _check(part, entries["part_len"])
    return part


def _entries(header: bytes) -> Iterator[tuple[str, int]]:
    for entry in header.split(b","):
        name, _, number = entry.partition(b"=")
        if name.decode("ascii", "replace") in _NAMES:  # others may come to be
            if not _VALUE.fullmatch(number):
                raise DecodeError(f"the chunk's header has {entry!r}, which is no whole number")
            yield name.decode("ascii"), int(number)


def _check(part: Part, length: int) -> None:
    if length != len(part.payload):
        raise DecodeError(f"{part} should have {length} bytes, and has {len(part.payload)}")
    if not part.number < part.total <= part.frame_bytes <= MOST_BYTES:
        raise DecodeError(
            f"{part} cannot be: the file has {part.frame_bytes} bytes, at most {MOST_BYTES}"
        )
    if part.offset + length > part.frame_bytes:
        raise DecodeError(
            f"{part} ends at byte {part.offset + length}, and the file at {part.frame_bytes}"
        )


def split_parts(
    frame: bytes, *, part_id: int, gps_s: int, part_bytes: int = PART_BYTES
) -> list[bytes]:
    """Return the messages that a file travels in.

    Parameters
    ----------
    frame
        The file.
    part_id
        Its number among those of its producer.
    gps_s
        Its time [s GPS].
    part_bytes
        Length of each chunk but the last [byte].
    """
    offsets = range(0, len(frame), part_bytes)
    messages = []
    for number, offset in enumerate(offsets):
        chunk = frame[offset : offset + part_bytes]
        values = (part_id, number, len(offsets), gps_s, len(frame), offset, len(chunk))
        header = ",".join(f"{name}={value:012}" for name, value in zip(_NAMES, values, strict=True))
        messages.append(_MAGIC + header.encode() + b"\0" + chunk)
    return messages
