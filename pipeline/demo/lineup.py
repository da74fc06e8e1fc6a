"""Who takes part: the streams, how much each sends, and which of them cannot be shown yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import models
from models.artifact import MANIFEST
from models.strain_resnet.background import FILE as BACKGROUND
from pipeline.streams import STREAMS

__all__ = ["PARTS", "Part", "left_out", "messages_hz", "taking_part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one stream has of the traffic."""

    stream: str
    """Its topic has the same name."""

    share: float
    """Of all records."""

    records: int = 1
    """In a message."""

    every: int
    """One message in so many is broken on purpose."""


PARTS: Sequence[Part] = (
    Part(stream="hits", share=0.65, every=50),
    Part(stream="maxi", share=0.06, every=20),
    Part(stream="strain", share=0.04, every=10),
    Part(stream="xgamma", share=0.25, records=8, every=10),
)
"""Candidates most of all, as in a survey; pulses several to a message, as a spectrometer sends them.
Where there are few, more are broken, so that some are."""


def left_out(weights: Path = Path(models.__file__).parent) -> Mapping[str, str]:
    """Return the streams that cannot be shown, each with the reason.

    A stream without trained weights has nothing to answer with. Weights that are there and damaged
    are another matter: the daemon says what is wrong with them, and does not start.

    Parameters
    ----------
    weights
        The folder that has ``<network>/weights``.
    """
    found: dict[str, str] = {}
    for part in PARTS:
        stream = STREAMS[part.stream]
        folder = weights / stream.network / "weights"
        if not (folder / MANIFEST).exists():
            found[part.stream] = f"the network {stream.network} has no weights yet"
        elif stream.has_frames and not (folder / BACKGROUND).exists():
            found[part.stream] = f"the network {stream.network} has no measured background yet"
    return found


def taking_part(without: Mapping[str, str]) -> Sequence[Part]:
    """Return the others."""
    return [part for part in PARTS if part.stream not in without]


def messages_hz(part: Part, parts: Sequence[Part], records_hz: float) -> float:
    """Return how many messages a second a stream sends, where all of them send `records_hz` records."""
    share = part.share / sum(one.share for one in parts)
    return records_hz * share / part.records
