"""Ways in which packets arrive broken, for each stream several of the reasons that the daemon gives."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import fastavro

import schemas

__all__ = ["BREAKAGES", "Breakage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """One way to break a message."""

    name: str
    family: str
    """The packets that it can be done to."""

    broken: Callable[[bytes], bytes]
    is_whole: bool
    """Whether it breaks all of the message; else its first record alone."""


def _whole(name: str, family: str, broken: Callable[[bytes], bytes]) -> Breakage:
    return Breakage(name=name, family=family, broken=broken, is_whole=True)


def _record(
    name: str, family: str, schema: str, change: Callable[[dict[str, Any]], None]
) -> Breakage:
    broken = partial(_with_fields, schema=schema, change=change)
    return Breakage(name=name, family=family, broken=broken, is_whole=False)


def _with_fields(data: bytes, schema: str, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a container whose first record was changed."""
    records: list[Any] = list(fastavro.reader(io.BytesIO(data)))
    change(records[0])
    changed = io.BytesIO()
    fastavro.writer(changed, schemas.load(schema), records)
    return changed.getvalue()


def _to(fields: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update(fields)


def _blank(field: str) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.update({field: bytes(len(record[field]))})


def _damaged(record: dict[str, Any]) -> None:
    file = record["cutoutScience"]["stampData"]
    middle = len(file) // 2
    record["cutoutScience"]["stampData"] = file[:middle] + bytes(64) + file[middle + 64 :]


def _unknown_schema(data: bytes) -> bytes:
    return data[:1] + (4_000_000_000).to_bytes(4, "big") + data[5:]


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _text(_: bytes) -> bytes:
    return b"this is no packet at all"


_HALVED = "cut in half"
_TEXT = "text instead of a packet"
_BLACK = {
    "image": bytes(32 * 32),
    "format": "raw",
    "dtype": "|u1",
    "shape": [32, 32],
    "quantity": "grey",
}

BREAKAGES: Mapping[str, Sequence[Breakage]] = {
    "hits": (
        _whole(_HALVED, "native", _cut),
        _record("a cutout left out", "ztf", "simulated_ztf", _to({"cutoutDifference": None})),
        _whole("an unknown schema id", "lsst", _unknown_schema),
        _record("another shape stated", "native", "hits_candidate", _to({"shape": [21, 20]})),
        _record("bytes lost in a cutout", "ztf", "simulated_ztf", _damaged),
        _whole(_HALVED, "lsst", _cut),
        _record("a blank image", "native", "hits_candidate", _blank("science")),
        _whole(_TEXT, "ztf", _text),
    ),
    "maxi": (
        _record("a black image", "maxi", "maxi_image", _to(_BLACK)),
        _record("an exposure of hours", "maxi", "maxi_image", _to({"exposureCm2S": 1e6})),
        _whole(_HALVED, "maxi", _cut),
        _record(
            "a PNG file that is none",
            "maxi",
            "maxi_image",
            _to({"format": "png", "quantity": "grey", "image": b"no image at all"}),
        ),
    ),
    "strain": (
        _record("another sample rate stated", "strain", "strain_segment", _to({"sampleRateHz": 4096})),
        _record("zeros from all detectors", "strain", "strain_segment", _blank("strain")),
        _whole(_HALVED, "strain", _cut),
        _whole(_TEXT, "strain", _text),
    ),
    "xgamma": (
        _record("one pulse without samples", "xgamma", "xgamma_event", _to({"waveform": b""})),
        _whole(_HALVED, "xgamma", _cut),
        _record("one pulse that is flat", "xgamma", "xgamma_event", _blank("waveform")),
        _record("one digitiser too slow", "xgamma", "xgamma_event", _to({"samplingPeriodNs": 1e4})),
    ),
}  # fmt: skip
"""By stream, in the order in which they are used, so that the families take turns."""
