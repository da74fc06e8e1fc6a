"""Packets of surveys that a mapping in the configuration describes, instead of a module here.

What a mapping says of a packet has to hold: a field that is not there, a stamp of another size,
a time that is text are errors that name the field.  Only a null time or position is taken for
what it says, that the survey does not know.
"""

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pipeline.core import Candidate, Event, EventTime, FloatArray
from pipeline.errors import DecodeError, MissingInput
from pipeline.first_bytes import describe
from pipeline.fits import read_image
from pipeline.mapping import SUBTRACTED, ImageMapping, PacketMapping
from pipeline.stream import PacketFormat
from pipeline.streams.hits.sample import make_candidate
from pipeline.times import survey_us

__all__ = ["packet_format"]

_LONGEST_HEADER = 4096
"""Of a .npy file [byte]: one of two axes takes about 100."""


def packet_format(name: str, mapping: PacketMapping) -> PacketFormat:
    """Return the family of packets that a mapping describes."""
    return PacketFormat(
        name=name,
        record=mapping.record,
        needs=frozenset(),
        fields=mapping.fields,
        decode=partial(_decode, mapping.survey or name, mapping),
    )


def _decode(survey: str, mapping: PacketMapping, packet: Mapping[str, Any]) -> Candidate:
    event = _event(survey, mapping, packet)
    images = mapping.images
    science, difference = (
        _stamp(packet, path, images, event.event_id) for path in (images.science, images.difference)
    )
    if images.template != SUBTRACTED:
        template = _stamp(packet, images.template, images, event.event_id)
        return make_candidate(event, template=template, science=science, difference=difference)
    if science.shape != difference.shape:
        raise DecodeError(
            f"the stamps of event {event.event_id} do not fit: science {science.shape}, "
            f"difference {difference.shape}"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # preprocessing counts such pixels
        template = science - difference
    made = make_candidate(event, template=template, science=science, difference=difference)
    return replace(made, quality={**made.quality, "derivedTemplate": 1.0})


def _event(survey: str, mapping: PacketMapping, packet: Mapping[str, Any]) -> Event:
    event_id = _value(packet, mapping.event_id)
    if event_id is None or event_id == "":
        raise MissingInput(f"the packet has no {mapping.event_id}: {event_id!r}")
    if not isinstance(event_id, int | str) or isinstance(event_id, bool):
        kind = type(event_id).__name__
        raise DecodeError(f"{mapping.event_id} is {kind}, neither an integer nor a text")
    time = None
    if mapping.time is not None:
        clock = mapping.time
        value = _number(packet, clock.field, event_id)
        time = None if value is None else EventTime(value, clock.format, clock.scale, clock.meaning)
    ra_deg = dec_deg = None
    if mapping.position is not None:
        ra_deg = _number(packet, mapping.position.ra_deg, event_id)
        dec_deg = _number(packet, mapping.position.dec_deg, event_id)
    return Event(
        survey=survey,
        event_id=str(event_id),
        event_id_long=event_id if isinstance(event_id, int) else None,
        time=time,
        survey_us=None if time is None else survey_us(time),
        ra_deg=ra_deg,
        dec_deg=dec_deg,
    )


def _value(packet: Mapping[str, Any], path: str) -> Any:
    """Return the field at a dotted path; None if it or a record on the way is null."""
    value: Any = packet
    for name in path.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping) or name not in value:
            raise DecodeError(f"the packet has no field {path}, which its mapping names")
        value = value[name]
    return value


def _number(packet: Mapping[str, Any], path: str, event_id: object) -> float | None:
    value = _value(packet, path)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise DecodeError(f"{path} of event {event_id} is {type(value).__name__}, not a number")
    return float(value)


def _stamp(
    packet: Mapping[str, Any], path: str, images: ImageMapping, event_id: object
) -> FloatArray:
    data = _value(packet, path)
    if isinstance(data, Mapping):
        inside = ", ".join(f"{path}.{name}" for name in data)
        raise DecodeError(f"{path} of event {event_id} is a record; the mapping may name {inside}")
    if not data:
        raise MissingInput(f"event {event_id} has no {path}")
    if not isinstance(data, bytes):
        raise DecodeError(f"{path} of event {event_id} is {type(data).__name__}, not bytes")
    pixels = read_image(data) if images.packing == "fits" else _read_npy(data, path)
    height, width = pixels.shape
    side = images.side or height
    if (height, width) != (side, side):
        raise MissingInput(
            f"{path} of event {event_id} is {height} x {width} pixels, not {side} x {side}: "
            "where the source is in it, the packet does not say"
        )
    if images.masked is not None:
        pixels[pixels == np.float32(images.masked)] = np.nan
    return pixels


def _read_npy(data: bytes, path: str) -> FloatArray:
    """Return the array in a .npy file, which is never asked to make an object or to fill memory."""
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, by_columns, dtype = read(file, max_header_size=_LONGEST_HEADER)
    except (KeyError, ValueError) as error:
        raise DecodeError(f"{path} is {describe(data)}, no .npy file that can be read") from error
    here = len(data) - file.tell()
    size = math.prod(shape) * dtype.itemsize
    if len(shape) != 2 or dtype.kind not in "fiu" or size != here:  # noqa: PLR2004 - (y, x)
        raise DecodeError(
            f"{path} should hold numbers along (y, x), and holds {dtype} of shape {shape} "
            f"in {here} bytes"
        )
    pixels = np.frombuffer(data, dtype, offset=file.tell())
    with np.errstate(over="ignore"):  # preprocessing counts infinite pixels
        return pixels.reshape(shape, order="F" if by_columns else "C").astype(np.float32)
