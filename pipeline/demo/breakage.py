"""Ways in which packets arrive broken, one for each reason that the daemon gives."""

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
    """One way to break a packet."""

    name: str
    family: str
    """The packets that it can be done to."""

    broken: Callable[[bytes], bytes]


def _with_fields(data: bytes, schema: str, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a container whose record was changed."""
    record: Any = next(fastavro.reader(io.BytesIO(data)))
    change(record)
    changed = io.BytesIO()
    fastavro.writer(changed, schemas.load(schema), [record])
    return changed.getvalue()


def _replaced(fields: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    return partial(
        _with_fields, schema="hits_candidate", change=lambda record: record.update(fields)
    )


def _blank(record: dict[str, Any]) -> None:
    record["science"] = bytes(len(record["science"]))


def _damaged(record: dict[str, Any]) -> None:
    file = record["cutoutScience"]["stampData"]
    middle = len(file) // 2
    record["cutoutScience"]["stampData"] = file[:middle] + bytes(64) + file[middle + 64 :]


def _without_difference(record: dict[str, Any]) -> None:
    record["cutoutDifference"] = None


def _unknown_schema(data: bytes) -> bytes:
    return data[:1] + (4_000_000_000).to_bytes(4, "big") + data[5:]


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _text(_: bytes) -> bytes:
    return b"this is no packet at all"


BREAKAGES: Sequence[Breakage] = (
    Breakage(name="cut in half", family="native", broken=_cut),
    Breakage(
        name="a cutout left out",
        family="ztf",
        broken=partial(_with_fields, schema="simulated_ztf", change=_without_difference),
    ),
    Breakage(name="an unknown schema id", family="lsst", broken=_unknown_schema),
    Breakage(name="another shape stated", family="native", broken=_replaced({"shape": [21, 20]})),
    Breakage(
        name="bytes lost in a cutout",
        family="ztf",
        broken=partial(_with_fields, schema="simulated_ztf", change=_damaged),
    ),
    Breakage(name="cut in half", family="lsst", broken=_cut),
    Breakage(
        name="a blank image",
        family="native",
        broken=partial(_with_fields, schema="hits_candidate", change=_blank),
    ),
    Breakage(name="text instead of a packet", family="ztf", broken=_text),
)
"""In the order in which they are used, so that the families take turns."""
