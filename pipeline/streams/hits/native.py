"""Packets in our own schema ``hits_candidate``, for surveys that cut 21x21 stamps themselves.

Pixels travel as bytes, with their type and shape beside them.  The source is in the middle.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.arrays import number_type
from pipeline.core import Candidate, Event, EventTime, FloatArray
from pipeline.errors import DecodeError, MissingInput
from pipeline.stream import PacketFormat
from pipeline.streams.hits.sample import make_candidate
from pipeline.times import survey_us

__all__ = ["FORMAT", "decode"]


def decode(packet: Mapping[str, Any]) -> Candidate:
    """Return the candidate in a packet."""
    mjd = packet.get("midpointMjdUtc")
    time = None if mjd is None else EventTime(mjd, "mjd", "utc", "middle of exposure")
    event = Event(
        survey=packet["survey"],
        event_id=str(packet["candidateId"]),
        event_id_long=packet["candidateId"],
        time=time,
        survey_us=None if time is None else survey_us(time),
        ra_deg=packet.get("raDeg"),
        dec_deg=packet.get("decDeg"),
    )
    has_snr = packet.get("snrDifference") is not None
    return make_candidate(
        event,
        template=_stamp(packet, "template"),
        science=_stamp(packet, "science"),
        difference=_stamp(packet, "difference"),
        snr=_stamp(packet, "snrDifference") if has_snr else None,
    )


def _stamp(packet: Mapping[str, Any], name: str) -> FloatArray:
    data, shape = packet[name], packet["shape"]
    if not data:
        raise MissingInput(f"event {packet['candidateId']} has no {name}")
    dtype = number_type(packet["dtype"])
    if len(shape) != 2 or min(shape) < 1:  # noqa: PLR2004 - (y, x)
        raise DecodeError(f"{name} has the shape {shape}, and should have (y, x)")
    height, width = shape
    size = height * width * dtype.itemsize
    if size != len(data):
        raise DecodeError(
            f"{name} of {height} x {width} pixels of type {packet['dtype']} should have {size} "
            f"bytes, and has {len(data)}"
        )
    pixels = np.frombuffer(data, dtype).reshape(height, width)
    if dtype == np.float32:
        return pixels
    with np.errstate(over="ignore"):  # preprocessing counts infinite pixels
        return pixels.astype(np.float32)


FORMAT = PacketFormat(
    name="hits_candidate",
    needs=frozenset({"candidateId", "template", "science", "difference", "shape", "dtype"}),
    fields=(
        "survey",
        "candidateId",
        "midpointMjdUtc",
        "raDeg",
        "decDeg",
        "shape",
        "dtype",
        "template",
        "science",
        "difference",
        "snrDifference",
    ),
    decode=decode,
)
