"""Segments of strain: two seconds at 2048 Hz, as the G2Net competition has them.

They are judged one by one, whitened with the noise curves that the network was trained with
(`models.strain_resnet.preprocess`).  That is right for segments of such noise, and wrong for those
cut from a running detector: real strain has to be whitened over a long buffer.

A detector that is absent, or whose data-quality bits say bad, is zeros in the sample;
preprocessing then declares it missing.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import SAMPLE_SHAPE
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.core import Candidate, Event, EventTime
from pipeline.errors import DecodeError, MissingInput
from pipeline.stream import PacketFormat
from pipeline.streams.strain.quality import is_usable
from pipeline.times import survey_us

__all__ = ["FORMAT", "decode"]

_DTYPE = re.compile(r"[<>=]?f[48]")

_SECOND_NS = 1_000_000_000


def decode(packet: Mapping[str, Any]) -> Candidate:
    """Return the candidate in a segment: strain of H1, L1 and V1, shape ``(3, 4096)``."""
    rows = _rows(packet)
    sample = np.zeros(SAMPLE_SHAPE, np.float32)
    quality: dict[str, float] = {}
    bits = packet.get("dataQuality") or {}
    for detector, row in rows.items():
        if detector in bits and not is_usable(bits[detector]):
            quality[f"flagged{detector}"] = 1.0
        else:
            with np.errstate(over="ignore"):  # preprocessing counts what is infinite
                sample[DETECTORS.index(detector)] = row
    event = _event(packet)
    if event.time is not None and event.survey_us is None:
        quality["implausibleTime"] = 1.0
    return Candidate(event, sample, quality)


def _event(packet: Mapping[str, Any]) -> Event:
    start_ns = packet.get("gpsStartNs")
    time = None
    if start_ns is not None:
        time = EventTime(start_ns / _SECOND_NS, "gps", "tai", "first sample")
    return Event(
        survey=packet["survey"],
        event_id=packet["segmentId"],
        time=time,
        survey_us=None if time is None else survey_us(time),
    )


def _rows(packet: Mapping[str, Any]) -> dict[str, npt.NDArray[np.floating[Any]]]:
    """Return the strain of each detector that is present."""
    detectors, shape, data = packet["detectors"], packet["shape"], packet["strain"]
    if not detectors or not data:
        raise MissingInput(f"segment {packet['segmentId']} has no strain of any detector")
    if not set(detectors) <= set(DETECTORS) or len(set(detectors)) != len(detectors):
        raise DecodeError(
            f"the detectors are {', '.join(detectors)}, and should be of {', '.join(DETECTORS)}, "
            "each once"
        )
    rate_hz, wanted = packet["sampleRateHz"], (len(detectors), SAMPLE_SHAPE[1])
    if rate_hz != SAMPLE_RATE_HZ:
        raise DecodeError(f"strain at {rate_hz} Hz, and segments are at {SAMPLE_RATE_HZ} Hz")
    if tuple(shape) != wanted:
        raise DecodeError(f"strain has the shape {tuple(shape)}, and should have {wanted}")
    dtype = _strain_type(packet["dtype"])
    size = wanted[0] * wanted[1] * dtype.itemsize
    if size != len(data):
        raise DecodeError(
            f"strain of {wanted[0]} x {wanted[1]} samples of type {packet['dtype']} should have "
            f"{size} bytes, and has {len(data)}"
        )
    return dict(zip(detectors, np.frombuffer(data, dtype).reshape(wanted), strict=True))


@lru_cache
def _strain_type(name: str) -> np.dtype[Any]:
    if not _DTYPE.fullmatch(name):
        raise DecodeError(f"strain of type {name!r}, and it should be float32 or float64")
    return np.dtype(name)


FORMAT = PacketFormat(
    name="strain_segment",
    needs=frozenset({"segmentId", "sampleRateHz", "detectors", "strain", "shape", "dtype"}),
    fields=(
        "survey",
        "segmentId",
        "gpsStartNs",
        "sampleRateHz",
        "detectors",
        "shape",
        "dtype",
        "strain",
        "dataQuality",
    ),
    decode=decode,
)
