"""What a stream is: values and pure functions, told apart by nothing else.

The table of them is `pipeline.streams.STREAMS`; ``docs/add-a-stream.md`` adds one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core import Candidate
from pipeline.mapping import PacketMapping

__all__ = ["PacketFormat", "Stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketFormat:
    """One family of packets that a stream understands."""

    name: str

    needs: frozenset[str]
    """Top-level fields of the writer's schema by which the family is recognised."""

    fields: tuple[str, ...]
    """Dotted paths of the fields to read, e.g. ``candidate.jd``; all others are skipped."""

    decode: Callable[[Mapping[str, Any]], Candidate]
    """The fields that were read to a candidate. May raise anything; see `pipeline.decode`."""

    record: str | None = None
    """Full name of the writer's record, for a family that its fields do not tell from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One alert stream, as the values and pure functions that make it different."""

    name: str

    network: str
    """Name of the network that classifies this stream, a key of `models.NETWORKS`."""

    formats: tuple[PacketFormat, ...]
    """The packet families, the first that is recognised wins."""

    has_frames: bool = False
    """Whether messages may be frames of running strain, see `pipeline.running`."""

    read_file: Callable[[Path, bytes], Iterator[bytes]] | None = None
    """Messages made of a file of the instrument, given its name and content.

    Not asked about Avro containers.  Raises `~pipeline.errors.DecodeError`, which says what the
    file is, if it is none of the stream's, and `~pipeline.errors.ConfigurationError` if the file
    alone is not enough and the command has options that say the rest.
    """

    map_packets: Callable[[str, PacketMapping], PacketFormat] | None = None
    """The family of packets that a mapping of this name declares; None if none can be declared."""
