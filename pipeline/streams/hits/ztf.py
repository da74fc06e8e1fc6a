"""Alert packets of the Zwicky Transient Facility, schemas 1.x to 4.x.

Cutouts are gzipped FITS of 63x63 pixels, smaller at the edge of the quadrant of the detector.
``candidate.jd`` is the start of the exposure, UTC.  Packets that brokers wrote with Spark have
no ``candid`` of their own, but ``candidate.candid`` is the same.

Where ``isdiffpos`` is false the difference is template minus science: in ZTF's cutouts the
source is always positive.

References
----------
https://zwickytransientfacility.github.io/ztf-avro-alert/
"""

import math
from collections.abc import Mapping
from typing import Any

from pipeline.core import Candidate, Event, EventTime
from pipeline.errors import DecodeError, MissingInput
from pipeline.fits import read_image
from pipeline.stream import PacketFormat
from pipeline.streams.hits.sample import cutout, make_candidate
from pipeline.times import survey_us

__all__ = ["FORMAT", "decode", "source_pixel"]

SIDE = 63
"""Height and width of a cutout [pixel]."""

QUADRANT = (3080, 3072)
"""Shape ``(y, x)`` of a readout quadrant [pixel]; cutouts end there. Dekany et al. 2020."""


def decode(packet: Mapping[str, Any]) -> Candidate:
    """Return the candidate in a packet."""
    candidate, publisher = packet["candidate"], packet.get("publisher")
    if "rcid" not in candidate:  # ZTF's number of the quadrant
        raise DecodeError(
            f"the packet is like ZTF's, and not ZTF's (publisher: {publisher}): "
            "it can be read if a mapping declares it"
        )
    candid = packet.get("candid")
    if candid is None:
        candid = candidate.get("candid")
    if not isinstance(candid, int):
        raise MissingInput(f"the packet has no candid: {candid!r}")
    jd = candidate.get("jd")
    time = None if jd is None else EventTime(jd, "jd", "utc", "start of exposure")
    event = Event(
        survey="ztf-simulated" if "simulated" in (publisher or "") else "ztf",
        event_id=str(candid),
        event_id_long=candid,
        time=time,
        survey_us=None if time is None else survey_us(time),
        ra_deg=candidate.get("ra"),
        dec_deg=candidate.get("dec"),
    )
    template, science, difference = (
        read_image(cutout(packet, name, candid))
        for name in ("cutoutTemplate", "cutoutScience", "cutoutDifference")
    )
    position = candidate.get("ypos"), candidate.get("xpos")
    return make_candidate(
        event,
        template=template,
        science=science,
        difference=difference,
        centre=source_pixel(difference.shape, position),
        side=SIDE,
    )


def source_pixel(
    shape: tuple[int, ...], position: tuple[float | None, float | None]
) -> tuple[int, int] | None:
    """Return the pixel ``(y, x)`` of the source in a cutout.

    Parameters
    ----------
    shape
        Shape ``(y, x)`` of the cutout.
    position
        ``ypos`` and ``xpos``: of the source on its quadrant, where the first pixel is 1.

    Returns
    -------
    :
        None for a cutout of full size: then it is the middle.

    Raises
    ------
    MissingInput
        If the packet does not say where the source is, or what it says does not fit.
    """
    if shape == (SIDE, SIDE):
        return None
    pixels = [
        _pixel(length, where, detector)
        for length, where, detector in zip(shape, position, QUADRANT, strict=True)
    ]
    match pixels:
        case [int(y), int(x)]:
            return y, x
    height, width = shape
    raise MissingInput(
        f"the cutouts are {height} x {width} pixels, and ypos {position[0]}, xpos {position[1]} "
        f"do not say where in them the source is"
    )


def _pixel(length: int, where: float | None, detector: int) -> int | None:
    """Return the index of the source along one axis, or None."""
    if where is None or not math.isfinite(where):
        return None
    for centre in sorted({math.floor(where), math.ceil(where)}, key=lambda c: abs(c - where)):
        first = max(centre - SIDE // 2, 1)
        last = min(centre + SIDE // 2, detector)
        if first <= centre <= last and last - first + 1 == length:
            return centre - first
    return None


FORMAT = PacketFormat(
    name="ztf",
    needs=frozenset(
        {"objectId", "candidate", "cutoutScience", "cutoutTemplate", "cutoutDifference"}
    ),
    fields=(
        "publisher",
        "candid",
        "candidate.candid",
        "candidate.jd",
        "candidate.ra",
        "candidate.dec",
        "candidate.rcid",
        "candidate.xpos",
        "candidate.ypos",
        "cutoutScience.stampData",
        "cutoutTemplate.stampData",
        "cutoutDifference.stampData",
    ),
    decode=decode,
)
