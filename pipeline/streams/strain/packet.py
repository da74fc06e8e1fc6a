"""The container that a frame may travel in: a file, and what the sender says of it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

from pipeline.container import Header, only_block
from pipeline.errors import DecodeError
from pipeline.first_bytes import describe
from pipeline.plan import PacketPlan, parse_writer, plan
from pipeline.stream import PacketFormat
from pipeline.streams.strain.recorded import GWF_MAGIC, HDF5_MAGIC

__all__ = ["FORMAT", "is_packet", "read_packet"]

_BEGINNINGS = {"gwf": GWF_MAGIC, "gwosc_hdf5": HDF5_MAGIC}

_MOST_PLANS = 64
"""Schemas to remember: ours has a version or two, but a producer may send ever new ones."""


def _no_candidate(_packet: Mapping[str, Any]) -> NoReturn:
    raise DecodeError("a frame of strain is judged together with its neighbours, not by itself")


FORMAT = PacketFormat(
    name="strain_frame",
    needs=frozenset({"detectors", "gpsStartNs", "durationNs", "format", "data"}),
    fields=("survey", "detectors", "gpsStartNs", "durationNs", "format", "data"),
    decode=_no_candidate,
)


def is_packet(container: bytes) -> bool:
    """Whether the schema of a container is one of frames.

    Raises
    ------
    DecodeError
        If it has no header.
    """
    return _plan(Header.read(container).schema) is not None


def read_packet(container: bytes) -> Mapping[str, Any]:
    """Return the fields of the frame in a container.

    Raises
    ------
    DecodeError
        If there is no frame in it, or the file is not of the format that is named.
    Exception
        Of many kinds, if the record is damaged.
    """
    header = Header.read(container)
    found = _plan(header.schema)
    if found is None:
        raise DecodeError("the Avro container is no strain_frame")
    block = only_block(container, header)
    packet = found.read(block.data, block.start, block.end)
    data, named = packet["data"], packet["format"]
    if named not in _BEGINNINGS:
        raise DecodeError(f"the format is {named!r}, and should be {' or '.join(_BEGINNINGS)}")
    if not data.startswith(_BEGINNINGS[named]):
        raise DecodeError(f"the format is {named}, and the file is {describe(data)}")
    return packet


@lru_cache(_MOST_PLANS)
def _plan(schema: bytes) -> PacketPlan | None:
    """Return how to read frames with this schema, or None if it is no schema of frames."""
    try:
        return plan(parse_writer(schema), (FORMAT,))
    except DecodeError:
        return None
